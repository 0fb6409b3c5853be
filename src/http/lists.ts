import { setImmediate as turn } from 'node:timers/promises';
import type { Control } from '../daemon/control.ts';
import type { CertificateRecord, ChannelCell, FindingRecord, Happening, Run, RunSummary } from '../daemon/types.ts';
import { type Observation, type Report, SEVERITIES } from '../model/report.ts';
import { HttpFault } from './fault.ts';
import { type ListPage, Query, slicePage, startOf } from './query.ts';

/** The lists of `/api/v1`: each takes a request to a page. All throw {@link HttpFault} 400 for what cannot be meant, 404 for a cluster that nobody knows. */
const RUN_ID = /^[0-9A-Z]{26}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/** The cluster that is meant. One that left the settings is there for as long as the history tells of it. */
function clusterOf(control: Control, query: Query): string | undefined {
  const name = query.text('cluster');
  if (name === undefined || control.clusters().includes(name)) return name;
  const { store } = control;
  const isKept = store.runs(name, { limit: 1 }).length > 0 || store.happenings(name, { limit: 1 }).length > 0;
  if (!isKept) throw new HttpFault(404, 'there is no such cluster');
  return name;
}

export const RUN_PARAMETERS = ['cluster', 'limit', 'before'] as const;

export function runs(control: Control, request: Request): ListPage<RunSummary> {
  const { store } = control;
  const query = new Query(request, RUN_PARAMETERS);
  const limit = query.limit();
  const before = query.text('before');
  if (before !== undefined && !RUN_ID.test(before) && !isTime(before)) {
    throw new HttpFault(400, 'before must be an id of a run, or a time');
  }
  const found = store.runs(clusterOf(control, query), {
    limit: limit + 1,
    ...(before === undefined ? {} : { before }),
  });
  const items = found.slice(0, limit);
  return { items, next: found.length > limit ? items.at(-1)!.id : null };
}

export const HAPPENING_PARAMETERS = ['cluster', 'limit', 'before'] as const;

/** May hold a few more than asked for: a page ends with all of its last time. */
export function happenings(control: Control, request: Request): ListPage<Happening> {
  const query = new Query(request, HAPPENING_PARAMETERS);
  const limit = query.limit();
  const before = query.text('before');
  if (before !== undefined && !isTime(before))
    throw new HttpFault(400, 'before must be a time, as 2026-11-22T12:00:00Z');
  const items = control.store.happenings(clusterOf(control, query), {
    limit,
    ...(before === undefined ? {} : { before }),
  });
  return { items, next: items.length < limit ? null : (items.at(-1)?.at ?? null) };
}

export const FINDING_STATES = ['open', 'resolved', 'all'] as const;
export const FINDING_PARAMETERS = ['cluster', 'state', 'severity', 'channel', 'limit', 'before'] as const;

/** Open ones unless asked otherwise. */
export function findings(control: Control, request: Request): ListPage<FindingRecord> {
  const { store } = control;
  const query = new Query(request, FINDING_PARAMETERS);
  const cluster = clusterOf(control, query);
  const severity = query.severities();
  const channel = query.channel();
  const start = startOf(query);
  const limit = query.limit();
  const found = store.findings({
    state: query.oneOf('state', FINDING_STATES) ?? 'open',
    limit: limit + 1,
    skip: start,
    ...(cluster === undefined ? {} : { cluster }),
    ...(severity === undefined ? {} : { severity: SEVERITIES.filter((one) => severity.includes(one)) }),
    ...(channel === undefined ? {} : { channel }),
  });
  return { items: found.slice(0, limit), next: found.length > limit ? String(start + limit) : null };
}

export const CERTIFICATE_ROLES = ['leaf', 'ca', 'client', 'keystore', 'truststore'] as const;
export const CERTIFICATE_STATES = ['there', 'gone', 'all'] as const;
export const CERTIFICATE_PARAMETERS = ['cluster', 'role', 'source', 'channel', 'state', 'limit', 'before'] as const;

/** Those that are still there unless asked otherwise. */
export function certificates(control: Control, request: Request): ListPage<CertificateRecord> {
  const query = new Query(request, CERTIFICATE_PARAMETERS);
  const role = query.oneOf('role', CERTIFICATE_ROLES);
  const source = query.oneOf('source', ['served', 'disk']);
  const channel = query.channel();
  const state = query.oneOf('state', CERTIFICATE_STATES) ?? 'there';
  const found = control.store
    .certificates(clusterOf(control, query))
    .filter((one) => state === 'all' || (one.goneAt === undefined) === (state === 'there'))
    .filter((one) => role === undefined || one.role === role)
    .filter((one) => source === undefined || one.source === source)
    .filter((one) => channel === undefined || one.channel === channel);
  return slicePage(found, query);
}

export const CELL_VERDICTS = ['pass', 'warn', 'fail', 'inconclusive', 'waived', 'not-seen'] as const;
export const CHANNEL_PARAMETERS = ['cluster', 'channel', 'member', 'verdict', 'limit', 'before'] as const;

export function channels(control: Control, request: Request): ListPage<ChannelCell> {
  const query = new Query(request, CHANNEL_PARAMETERS);
  const cluster = clusterOf(control, query);
  const channel = query.channel();
  const member = query.text('member');
  const verdict = query.oneOf('verdict', CELL_VERDICTS);
  const found = control
    .clusters()
    .filter((name) => cluster === undefined || name === cluster)
    .flatMap((name) => control.cells(name))
    .filter((one) => channel === undefined || one.channel === channel)
    .filter((one) => member === undefined || one.member === member)
    .filter((one) => verdict === undefined || one.verdict === verdict);
  return slicePage(found, query);
}

export interface ObservationRecord {
  readonly cluster: string;
  readonly run: string;
  readonly observation: Observation;
}

export const OBSERVATION_KINDS = ['tls', 'plaintext', 'no-answer', 'undecided', 'file', 'log-line'] as const;
export const VANTAGES = ['passive', 'active', 'disk', 'log'] as const;
export const OBSERVATION_PARAMETERS = [
  'cluster',
  'run',
  'channel',
  'member',
  'kind',
  'vantage',
  'limit',
  'before',
] as const;

/**
 * Of one run; else of the last run of each cluster, one cluster behind the other. The cursor holds the run that it
 * counts in, so that a run that ends meanwhile shifts nothing.
 */
export async function observations(control: Control, request: Request): Promise<ListPage<ObservationRecord>> {
  const query = new Query(request, OBSERVATION_PARAMETERS);
  const wanted = filterOf(query);
  const limit = query.limit();
  const begin = cursorOf(query.text('before'));
  const items: ObservationRecord[] = [];
  for (const { cluster, run, report, from } of sourcesOf(control, query, begin)) {
    // Reports are large, and there may be hundreds of clusters: others have their turn.
    await turn();
    for (const [index, observation] of report.observations.entries()) {
      if (index < from || !wanted(observation)) continue;
      if (items.length === limit) return { items, next: `${run}:${index}` };
      items.push({ cluster, run, observation });
    }
  }
  return { items, next: null };
}

interface Cursor {
  readonly run: string;
  readonly index: number;
}

function cursorOf(text: string | undefined): Cursor | undefined {
  if (text === undefined) return undefined;
  const match = /^([0-9A-Z]{26}):(\d{1,9})$/.exec(text);
  if (match === null) throw new HttpFault(400, 'before must be the next of the page before');
  return { run: match[1]!, index: Number(match[2]) };
}

interface Source {
  readonly cluster: string;
  readonly run: string;
  readonly report: Report;
  readonly from: number;
}

function* sourcesOf(control: Control, query: Query, begin: Cursor | undefined): Generator<Source> {
  const run = query.text('run');
  const wanted = clusterOf(control, query);
  if (run !== undefined) {
    const source = sourceOf(control, run, begin?.index ?? 0);
    if (wanted === undefined || wanted === source.cluster) yield source;
    return;
  }
  const names = control.clusters().filter((name) => wanted === undefined || name === wanted);
  let rest = names;
  if (begin !== undefined) {
    const first = sourceOf(control, begin.run, begin.index);
    yield first;
    rest = names.slice(names.indexOf(first.cluster) + 1);
  }
  for (const cluster of rest) {
    const last = control.store.last(cluster);
    if (last !== undefined) yield { cluster, run: last.id, report: last.report, from: 0 };
  }
}

function sourceOf(control: Control, id: string, from: number): Source {
  const { cluster, report } = keptRun(control, id);
  return { cluster, run: id, report, from };
}

/** @throws HttpFault 404 */
export function keptRun({ store }: Control, id: string): Run {
  const run = RUN_ID.test(id) ? store.run(id) : undefined;
  if (run === undefined) throw new HttpFault(404, 'there is no such run, or it is no longer kept');
  return run;
}

function filterOf(query: Query): (observation: Observation) => boolean {
  const channel = query.channel();
  const member = query.text('member');
  const kind = query.oneOf('kind', OBSERVATION_KINDS);
  const vantage = query.oneOf('vantage', VANTAGES);
  return (one) =>
    (channel === undefined || one.channel === channel) &&
    (member === undefined || one.server.member === member || one.client?.member === member) &&
    (kind === undefined || one.kind === kind) &&
    (vantage === undefined || one.vantage === vantage);
}

function isTime(text: string): boolean {
  return TIME.test(text) && !Number.isNaN(Date.parse(text));
}
