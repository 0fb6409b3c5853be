import { CHANNELS, type Channel } from '../model/channel.ts';
import { SEVERITIES } from '../model/report.ts';
import { begunAt, chosen, type FindingGroup, grouped, memberOf, shownOf, statusOf } from './findings-list.ts';
import type { PageFinding } from './model.ts';
import { shortNames } from './names.ts';
import { pageAddress, STATUSES, withDetail } from './query.ts';
import { findingMark, MARK_WORDS, shape } from './shapes.ts';
import type { Fragment } from './template.ts';
import { nothingView } from './view-nothing.ts';
import type { View } from './view-page.ts';
import { ago, channelName, count, moment, plural } from './words.ts';

/** Rows that are written at first; more are a click away. */
const MAX_ROWS = 50;
/** Members of one row that are written at first. */
const MAX_CHIPS = 12;

export function findingsView(view: View): Fragment {
  const { html, model, query } = view;
  const list = chosen(model.findings, query);
  const groups = grouped(list);
  const rows = query.rows === 'all' ? groups : groups.slice(0, MAX_ROWS);
  const left = groups.length - rows.length;
  const current = shownOf(model.findings, query);
  return html`<section aria-labelledby="findings" class="findings">
    <h2 id="findings" tabindex="-1">Findings ${model.problem === undefined ? html`<span class="dim">${count(list.length)}</span>` : ''}</h2>
    ${filters(view)}
    ${
      list.length === 0
        ? nothingView(view, query.status === 'open' ? 'No open finding here.' : 'No such finding.')
        : html`<table class="list">
            <thead class="quiet"><tr><th scope="col">Verdict</th><th scope="col">Finding</th><th scope="col">Since</th></tr></thead>
            <tbody>${rows.map((group) => row(view, group, current))}</tbody>
          </table>`
    }
    ${left === 0 ? '' : html`<p><a href="${pageAddress({ ...query, rows: 'all' })}" data-go>Show all, ${count(left)} more</a></p>`}
    ${model.leftOut.findings === 0 ? '' : html`<p class="dim">${count(model.leftOut.findings)} more by the API.</p>`}
  </section>`;
}

/** `current`: the finding whose detail is shown. */
function row(view: View, { records }: FindingGroup, current: PageFinding | undefined): Fragment {
  const { html, model, query, now } = view;
  const [first] = records;
  const { finding } = first;
  const newest = records.reduce((a, b) => (begunAt(b) > begunAt(a) ? b : a));
  const mark = findingMark(first, model.cluster?.failOn);
  const isChosen = records.some((one) => one === current);
  const isOne = records.length === 1;
  const where = [finding.channel === 'unknown' ? '' : channelName(finding.channel), isOne ? memberOf(first) : ''];
  const link = pageAddress(withDetail(query, { finding: finding.fingerprint }));
  return html`<tr class="${isChosen ? 'chosen' : ''}" data-group>
    <td class="mark ${mark}">${shape(view, mark)}<span class="quiet">${first.resolvedAt === undefined ? MARK_WORDS[mark] : 'RESOLVED'}</span></td>
    <td>${
      isOne
        ? html`<a href="${link}#detail" data-go data-finding aria-current="${isChosen ? 'true' : 'false'}">${finding.title}</a>`
        : html`<a href="${link}#detail" data-go>${finding.title}</a>`
    }
      <span class="under"><b class="severity ${finding.severity}">${finding.severity}</b>${where.filter(Boolean).map((one) => html`<span>${one}</span>`)}${isOne ? '' : html`<span>${plural(records.length, 'member')}</span>`}</span>
      ${isOne ? '' : chips(view, records, current)}</td>
    <td class="since"><time datetime="${begunAt(newest)}" title="${begunAt(newest)}">${ago(begunAt(newest), now)}</time>${stateWord(view, newest)}</td>
  </tr>`;
}

/** One for each member, by its name without what all names begin with. */
function chips({ html, query }: View, records: readonly PageFinding[], current: PageFinding | undefined): Fragment {
  const some = query.rows === 'all' ? records : records.filter((one, at) => at < MAX_CHIPS || one === current);
  const short = shortNames(records.map(memberOf));
  const left = records.length - some.length;
  return html`<span class="chips">${some.map((one) => {
    const { fingerprint, endpoint } = one.finding;
    const whole = memberOf(one) || 'the cluster';
    const port = endpoint === undefined || isAlone(one, records) ? '' : `:${endpoint.port}`;
    return html`<a class="chip" href="${pageAddress(withDetail(query, { finding: fingerprint }))}#detail" data-go data-finding title="${whole}${port}" aria-label="${whole}${port}" aria-current="${one === current ? 'true' : 'false'}">${short.get(whole) ?? whole}${port}</a>`;
  })}${left === 0 ? '' : html`<a class="chip" href="${pageAddress({ ...query, rows: 'all' })}" data-go>${left} more</a>`}</span>`;
}

function isAlone(record: PageFinding, records: readonly PageFinding[]): boolean {
  return records.every((one) => one === record || memberOf(one) !== memberOf(record));
}

function stateWord({ html }: View, record: PageFinding): Fragment | '' {
  const status = statusOf(record);
  if (status !== 'open') return html`<span class="under">${status}</span>`;
  return record.finding.change === 'new' ? html`<span class="under new">new</span>` : '';
}

function filters({ html, model, query, now }: View): Fragment {
  const there = new Set<Channel>(model.findings.map(({ finding }) => finding.channel));
  const channels = CHANNELS.filter((one) => there.has(one) || one === query.channel);
  const choice = (
    name: string,
    label: string,
    options: readonly (readonly [string, string])[],
    value: string,
  ): Fragment => html`<label class="quiet" for="filter-${name}">${label}</label><select id="filter-${name}" name="${name}" data-filter>
      ${options.map(([key, text]) => html`<option value="${key}" ?selected=${key === value}>${text}</option>`)}
    </select>`;
  return html`<form class="filters" method="get" action="/" aria-label="Filter findings">
    <input type="hidden" name="cluster" value="${model.cluster?.cluster ?? ''}">
    ${query.since === undefined ? '' : html`<a class="button" href="${pageAddress({ ...query, since: undefined })}" data-go>since ${moment(query.since, now)} UTC ✕</a><input type="hidden" name="since" value="${query.since}">`}
    ${choice(
      'status',
      'Status',
      STATUSES.map((one) => [one, one === 'all' ? 'any status' : one] as const),
      query.status,
    )}
    ${choice('severity', 'Severity', [['', 'any severity'], ...SEVERITIES.map((one) => [one, one] as const)], query.severity ?? '')}
    ${choice('channel', 'Channel', [['', 'any channel'], ...channels.map((one) => [one, channelName(one)] as const)], query.channel ?? '')}
    <button class="plain-only">Filter</button>
  </form>`;
}
