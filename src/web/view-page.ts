import type { ClusterStatus, FindingRecord } from '../daemon/types.ts';
import { SEVERITIES } from '../model/report.ts';
import { chosen, memberOf, statusOf } from './findings-list.ts';
import { counts } from './grid.ts';
import type { PageModel } from './model.ts';
import { type PageQuery, pageAddress } from './query.ts';
import { sign } from './shapes.ts';
import type { Fragment, Tags } from './template.ts';
import { certificatesView, soonest } from './view-certificates.ts';
import { detailView } from './view-detail.ts';
import { findingsView } from './view-findings.ts';
import { gridView } from './view-grid.ts';
import { headerView } from './view-header.ts';
import { historyView } from './view-history.ts';
import { coverageView, selfView, waiversView, wireView } from './view-rest.ts';
import { byName, channelName, count, plural } from './words.ts';

/** What the page is drawn from: the model, the address, and how it stands with the browser. */
export interface View extends Tags {
  readonly model: PageModel;
  readonly query: PageQuery;
  /** Milliseconds since the epoch are the browser's; the server's time is that of the model. */
  readonly now: string;
  /** `none`: without JavaScript, or before it. */
  readonly live: 'none' | 'connecting' | 'live' | 'lost';
}

export function pageView(view: View): Fragment {
  const { html, model } = view;
  return html`${headerView(view)}
    <main id="main">
      ${summaryView(view)}
      ${model.cluster === undefined ? '' : clusterView(view)}
    </main>
    ${selfView(view)}`;
}

function clusterView(view: View): Fragment {
  return view.html`<div class="top">${gridView(view)}${wireView(view)}</div>
    <div class="pair findings-pair">${findingsView(view)}${detailView(view)}</div>
    ${historyView(view)}
    ${certificatesView(view)}
    <div class="pair">${coverageView(view)}${waiversView(view)}</div>`;
}

function summaryView(view: View): Fragment {
  const { html, model } = view;
  const { headline, more, tone } = headlineOf(model);
  const elsewhere = model.status.clusters.filter((one) => one.cluster !== model.cluster?.cluster && failing(one) > 0);
  return html`<section class="summary" aria-labelledby="headline">
    <h1 id="headline" class="${tone}">${headline}</h1>
    ${more === '' ? '' : html`<p class="lead">${more}</p>`}
    ${model.cluster === undefined ? '' : countsView(view)}
    ${elsewhere.length === 0 ? '' : elsewhereView(view, elsewhere)}
  </section>`;
}

function countsView(view: View): Fragment {
  const { html, model } = view;
  const first = soonest(view);
  return html`<ul class="counts" aria-label="Channels by verdict">
      ${counts(model.cells).map(
        ([mark, number]) =>
          html`<li class="${number === 0 ? 'none' : ''}"><b>${count(number)}</b>${sign(view, mark)}</li>`,
      )}
      ${first === undefined ? '' : html`<li class="expiry"><b>${first.days}</b><span>soonest expiry, ${first.name}</span></li>`}
    </ul>`;
}

/** Other clusters that fail: nobody should miss them for the one that is shown. */
function elsewhereView({ html }: View, clusters: readonly ClusterStatus[]): Fragment {
  const shown = [...clusters].sort((a, b) => failing(b) - failing(a)).slice(0, MAX_ELSEWHERE);
  const left = clusters.length - shown.length;
  return html`<p class="elsewhere">Also failing:
    ${shown.map(
      (one) =>
        html` <a href="${pageAddress({ cluster: one.cluster, status: 'open' })}" data-go>${one.cluster}</a> (${failing(one)})`,
    )}${left === 0 ? '' : ` and ${left} more`}</p>`;
}

const MAX_ELSEWHERE = 6;

export function failing({ open }: ClusterStatus): number {
  return SEVERITIES.reduce((sum, severity) => sum + (severity === 'info' ? 0 : open[severity]), 0);
}

export interface Headline {
  readonly headline: string;
  readonly more: string;
  readonly tone: 'bad' | 'unsure' | 'good' | 'plain';
}

/** What somebody who was just woken has to know. */
export function headlineOf(model: PageModel): Headline {
  const { cluster, cells, findings } = model;
  if (cluster === undefined) return { headline: 'No such cluster', more: 'Choose another one above.', tone: 'plain' };
  if (model.problem !== undefined) {
    return {
      headline: 'The history cannot be read',
      more: `The store fails: ${model.problem}. What is below is incomplete.`,
      tone: 'bad',
    };
  }
  if (cluster.lastRun === undefined) {
    return { headline: 'No run yet', more: 'The first one shows here as soon as it is done.', tone: 'plain' };
  }
  const open = chosen(findings, { status: 'open' }).filter(({ finding }) => finding.verdict === 'fail');
  const [worst] = open;
  if (worst !== undefined) {
    const { severity, title } = worst.finding;
    const where = placesOf(worst, open);
    const same = open.filter(({ finding }) => finding.severity === severity).length;
    const rest = open.length - same;
    return {
      headline: `${plural(same, `${severity} problem`)}${rest === 0 ? '' : `, ${count(rest)} more`}`,
      more: `${title}${where === '' ? '' : ` — ${where}`}`,
      tone: severity === 'low' || severity === 'info' ? 'unsure' : 'bad',
    };
  }
  const unsure = cells.filter(({ verdict }) => verdict === 'inconclusive' || verdict === 'not-seen').length;
  if (unsure > 0 || cluster.lastRun.verdict === 'inconclusive') {
    const text =
      unsure === 0 ? 'The last run could not decide everything.' : `${plural(unsure, 'channel')} could not be decided.`;
    return { headline: 'Nothing found, not everything checked', more: text, tone: 'unsure' };
  }
  const waived = findings.filter((one) => statusOf(one) === 'waived').length;
  const more =
    waived === 0
      ? 'Every channel that was checked is as it should be.'
      : `${plural(waived, 'finding is', 'findings are')} waived.`;
  return { headline: 'All is well', more, tone: 'good' };
}

const MAX_MEMBERS = 3;

/** `TM data, tm-1 and tm-2`: all members at which the same is wrong with the same channel. */
function placesOf({ finding }: FindingRecord, open: readonly FindingRecord[]): string {
  const { channel, ruleId } = finding;
  const same = open.filter((one) => one.finding.ruleId === ruleId && one.finding.channel === channel);
  const members = [...new Set(same.map(memberOf).filter(Boolean))].sort(byName);
  const left = members.length - MAX_MEMBERS;
  const told = left > 0 ? [...members.slice(0, MAX_MEMBERS), `${left} more`] : members;
  const last = told.at(-1) ?? '';
  const names = told.length < 2 ? last : `${told.slice(0, -1).join(', ')} and ${last}`;
  return [channel === 'unknown' ? '' : channelName(channel), names].filter(Boolean).join(', ');
}
