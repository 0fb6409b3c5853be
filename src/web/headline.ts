import type { ClusterStatus, FindingRecord } from '../daemon/types.ts';
import { SEVERITIES } from '../model/report.ts';
import { chosen, memberOf, statusOf } from './findings-list.ts';
import type { PageModel } from './model.ts';
import type { Trouble } from './troubles.ts';
import { byName, channelName, count, plural } from './words.ts';

export interface Headline {
  readonly headline: string;
  readonly more: string;
  readonly tone: 'bad' | 'unsure' | 'good' | 'plain';
  /** The trouble that it tells itself. */
  readonly told?: Trouble;
}

/** Findings that fail, `info` left out: these alarm nobody. */
export function failing({ open }: ClusterStatus): number {
  return SEVERITIES.reduce((sum, severity) => sum + (severity === 'info' ? 0 : open[severity]), 0);
}

/** Worse ones first, else as they were: runs that fail tell nothing, so they are as bad as a finding. */
export function worstFirst(clusters: readonly ClusterStatus[]): readonly ClusterStatus[] {
  const badness = (cluster: ClusterStatus): readonly number[] => [
    cluster.open.critical,
    cluster.open.high,
    blindness(cluster) === undefined ? 0 : 1,
    cluster.open.medium,
    cluster.open.low,
  ];
  return [...clusters].sort((a, b) => {
    const [those, others] = [badness(a), badness(b)];
    const at = those.findIndex((one, index) => one !== others[index]);
    return at < 0 ? 0 : (others[at] ?? 0) - (those[at] ?? 0);
  });
}

/** Why findings of this cluster may be missing; undefined: it is looked at. */
export function blindness({ problem, wire }: ClusterStatus): string | undefined {
  if (problem !== undefined) return 'run failed';
  return wire === undefined || wire.state === 'running' ? undefined : 'wire not watched';
}

/** What somebody who was just woken has to know. `troubles`: what keeps the page from being the truth. */
export function headlineOf(model: PageModel, troubles: readonly Trouble[]): Headline {
  const { cluster, findings } = model;
  const awaited = troubles.find(({ kind }) => kind === 'loading');
  if (awaited !== undefined) return { headline: awaited.title, more: awaited.text, tone: 'plain', told: awaited };
  if (cluster === undefined) {
    const more = model.status.clusters.length === 0 ? 'The settings name none.' : 'Choose another one above.';
    return { headline: 'No such cluster', more, tone: 'plain' };
  }
  const open = alarming(findings);
  if (open.length > 0) return worstOf(open);
  return unreadable(model, troubles) ?? unseen(model) ?? undecided(model) ?? calm(model, troubles);
}

function alarming(findings: readonly FindingRecord[]): readonly FindingRecord[] {
  return chosen(findings, { status: 'open' }).filter(
    ({ finding: { verdict, severity } }) => verdict === 'fail' && severity !== 'info',
  );
}

function worstOf(open: readonly FindingRecord[]): Headline {
  const worst = open[0]!;
  const { severity, title } = worst.finding;
  const where = placesOf(worst, open);
  const same = open.filter(({ finding }) => finding.severity === severity).length;
  const rest = open.length - same;
  return {
    headline: `${plural(same, `${severity} problem`)}${rest === 0 ? '' : `, ${count(rest)} more`}`,
    more: `${title}${where === '' ? '' : ` — ${where}`}`,
    tone: severity === 'low' ? 'unsure' : 'bad',
  };
}

function unreadable({ problem }: PageModel, troubles: readonly Trouble[]): Headline | undefined {
  const run = troubles.find(({ kind }) => kind === 'run');
  if (run !== undefined) return { headline: run.title, more: run.text, tone: 'bad', told: run };
  const store = troubles.find(({ kind }) => kind === 'store');
  if (problem === undefined || store === undefined) return undefined;
  const more = `The store fails: ${problem}. What is below is incomplete.`;
  return { headline: 'The history cannot be read', more, tone: 'bad', told: store };
}

function unseen({ cluster }: PageModel): Headline | undefined {
  if (cluster?.lastRun !== undefined) return undefined;
  return { headline: 'No run yet', more: 'The first one shows here as soon as it is done.', tone: 'plain' };
}

function undecided({ cluster, cells }: PageModel): Headline | undefined {
  const unsure = cells.filter(({ verdict }) => verdict === 'inconclusive' || verdict === 'not-seen').length;
  if (unsure === 0 && cluster?.lastRun?.verdict !== 'inconclusive') return undefined;
  const more =
    unsure === 0 ? 'The last run could not decide everything.' : `${plural(unsure, 'channel')} could not be decided.`;
  return { headline: 'Nothing found, not everything checked', more, tone: 'unsure' };
}

function calm({ findings }: PageModel, troubles: readonly Trouble[]): Headline {
  const waived = findings.filter((one) => statusOf(one) === 'waived').length;
  const more =
    waived === 0
      ? 'Every channel that was checked is as it should be.'
      : `${plural(waived, 'finding is', 'findings are')} waived.`;
  if (troubles.every(({ kind }) => kind === 'refused')) return { headline: 'All is well', more, tone: 'good' };
  return { headline: 'Nothing found, but not all is well', more, tone: 'unsure' };
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
