import { CHANNEL_IDS, type Channel } from '../model/channel.ts';
import { SEVERITIES, type Severity } from '../model/report.ts';

export const STATUSES = ['open', 'waived', 'resolved', 'all'] as const;
export type Status = (typeof STATUSES)[number];

/** What the address says: it can be pasted into an incident. */
export interface PageQuery {
  readonly cluster?: string;
  readonly status: Status;
  readonly severity?: Severity;
  readonly channel?: Channel;
  /** Fingerprint of the finding whose detail is shown. */
  readonly finding?: string;
  /** Cell whose detail is shown. */
  readonly cell?: CellPlace;
  /** Every row of the findings, however many; absent: the first ones. */
  readonly rows?: 'all';
  /** Those only that came, or went, from then on; RFC 3339 in UTC. */
  readonly since?: string | undefined;
}

export interface CellPlace {
  readonly channel: Channel;
  readonly member: string;
}

export function parseQuery(parameters: URLSearchParams): PageQuery {
  const text = (name: string): string | undefined => parameters.get(name) || undefined;
  const cluster = text('cluster');
  const severity = SEVERITIES.find((one) => one === text('severity'));
  const channel = channelOf(text('channel'));
  const finding = text('finding');
  const cell = cellOf(text('cell'));
  const since = timeOf(text('since'));
  return {
    status: STATUSES.find((one) => one === text('status')) ?? 'open',
    ...(cluster === undefined ? {} : { cluster }),
    ...(severity === undefined ? {} : { severity }),
    ...(channel === undefined ? {} : { channel }),
    ...(finding === undefined ? {} : { finding }),
    ...(cell === undefined ? {} : { cell }),
    ...(text('rows') === 'all' ? { rows: 'all' } : {}),
    ...(since === undefined ? {} : { since }),
  };
}

/** `?…` of the page; the same page where nothing differs from what holds without a word. */
export function pageAddress({ cluster, status, severity, channel, finding, cell, rows, since }: PageQuery): string {
  const parameters = new URLSearchParams();
  if (cluster !== undefined) parameters.set('cluster', cluster);
  if (status !== 'open') parameters.set('status', status);
  if (severity !== undefined) parameters.set('severity', severity);
  if (channel !== undefined) parameters.set('channel', channel);
  if (finding !== undefined) parameters.set('finding', finding);
  if (cell !== undefined) parameters.set('cell', `${cell.channel}/${cell.member}`);
  if (rows !== undefined) parameters.set('rows', rows);
  if (since !== undefined) parameters.set('since', since);
  const text = parameters.toString();
  return text === '' ? '/' : `/?${text}`;
}

/** With the name of the cluster that is shown, so that an address that is pasted elsewhere leads to it for good. */
export function placed(query: PageQuery, shown: string | undefined, clusters: number): PageQuery {
  return query.cluster !== undefined || shown === undefined || clusters < 2 ? query : { ...query, cluster: shown };
}

/** Another detail, everything else as it is. */
export function withDetail(query: PageQuery, detail: Pick<PageQuery, 'finding' | 'cell'>): PageQuery {
  const { finding: _finding, cell: _cell, ...rest } = query;
  return { ...rest, ...detail };
}

function channelOf(text: string | undefined): Channel | undefined {
  return text === 'unknown' ? text : CHANNEL_IDS.find((one) => one === text);
}

function timeOf(text: string | undefined): string | undefined {
  const isTime = text !== undefined && /^\d{4}-\d\d-\d\dT[\d:.]{8,12}Z$/.test(text);
  return isTime && !Number.isNaN(Date.parse(text)) ? text : undefined;
}

function cellOf(text: string | undefined): CellPlace | undefined {
  const slash = text?.indexOf('/') ?? -1;
  if (text === undefined || slash < 0) return undefined;
  const channel = channelOf(text.slice(0, slash));
  return channel === undefined ? undefined : { channel, member: text.slice(slash + 1) };
}
