import type { FindingRecord } from '../daemon/types.ts';
import { CHANNELS, type Channel } from '../model/channel.ts';
import { SEVERITIES } from '../model/report.ts';
import { chosen, memberOf, statusOf } from './findings-list.ts';
import { pageAddress, STATUSES, withDetail } from './query.ts';
import { findingMark, MARK_WORDS, shape } from './shapes.ts';
import type { Fragment } from './template.ts';
import { nothingView } from './view-nothing.ts';
import type { View } from './view-page.ts';
import { ago, channelName, count } from './words.ts';

export function findingsView(view: View): Fragment {
  const { html, model, query } = view;
  const list = chosen(model.findings, query);
  return html`<section aria-labelledby="findings" class="findings">
    <h2 id="findings">Findings ${model.problem === undefined ? html`<span class="dim">${count(list.length)}</span>` : ''}</h2>
    ${filters(view)}
    ${
      list.length === 0
        ? nothingView(view, query.status === 'open' ? 'No open finding here.' : 'No such finding.')
        : html`<table class="list">
            <thead class="quiet"><tr><th scope="col">Verdict</th><th scope="col">Finding</th><th scope="col">Since</th></tr></thead>
            <tbody>${list.map((record) => row(view, record))}</tbody>
          </table>`
    }
    ${model.leftOut.findings === 0 ? '' : html`<p class="dim">${count(model.leftOut.findings)} more by the API.</p>`}
  </section>`;
}

function row(view: View, record: FindingRecord): Fragment {
  const { html, query, now } = view;
  const { finding, firstSeenAt, resolvedAt } = record;
  const mark = findingMark(record, view.model.cluster?.failOn);
  const isChosen = shown(view)?.finding.fingerprint === finding.fingerprint;
  const where = [finding.channel === 'unknown' ? '' : channelName(finding.channel), memberOf(record)].filter(Boolean);
  return html`<tr class="${isChosen ? 'chosen' : ''}">
    <td class="mark ${mark}">${shape(view, mark)}<span class="quiet">${resolvedAt === undefined ? MARK_WORDS[mark] : 'RESOLVED'}</span></td>
    <td><a href="${pageAddress(withDetail(query, { finding: finding.fingerprint }))}#detail" data-go data-finding aria-current="${isChosen ? 'true' : 'false'}">${finding.title}</a>
      <span class="under"><b class="severity ${finding.severity}">${finding.severity}</b>${where.map((one) => html`<span>${one}</span>`)}</span></td>
    <td class="since"><time datetime="${resolvedAt ?? firstSeenAt}" title="${resolvedAt ?? firstSeenAt}">${ago(resolvedAt ?? firstSeenAt, now)}</time>${stateWord(view, record)}</td>
  </tr>`;
}

function stateWord({ html }: View, record: FindingRecord): Fragment | '' {
  const status = statusOf(record);
  if (status !== 'open') return html`<span class="under">${status}</span>`;
  return record.finding.change === 'new' ? html`<span class="under new">new</span>` : '';
}

/** The finding whose detail stands beside the list: the one that was chosen, else the worst. */
export function shown({ model, query }: View): FindingRecord | undefined {
  if (query.cell !== undefined) return undefined;
  if (query.finding !== undefined) {
    return model.findings.find(({ finding }) => finding.fingerprint === query.finding);
  }
  return chosen(model.findings, query)[0];
}

function filters({ html, model, query }: View): Fragment {
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
