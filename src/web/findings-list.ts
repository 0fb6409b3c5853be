import type { FindingRecord } from '../daemon/types.ts';
import { CHANNELS } from '../model/channel.ts';
import { SEVERITIES } from '../model/report.ts';
import type { PageFinding } from './model.ts';
import type { PageQuery, Status } from './query.ts';
import { byName, channelName } from './words.ts';

export function statusOf({ finding, resolvedAt }: FindingRecord): Exclude<Status, 'all'> {
  if (resolvedAt !== undefined) return 'resolved';
  return finding.waived === null ? 'open' : 'waived';
}

/** Those that the address asks for: worst first, then newest first, then by place. */
export function chosen(records: readonly PageFinding[], query: PageQuery): readonly PageFinding[] {
  const { status, severity, channel, since } = query;
  return records
    .filter((one) => status === 'all' || statusOf(one) === status)
    .filter(({ finding }) => severity === undefined || finding.severity === severity)
    .filter(({ finding }) => channel === undefined || finding.channel === channel)
    .filter((one) => since === undefined || begunAt(one) >= since)
    .sort(byUrgency);
}

function byUrgency(a: FindingRecord, b: FindingRecord): number {
  return (
    urgency(a) - urgency(b) ||
    b.firstSeenAt.localeCompare(a.firstSeenAt) ||
    CHANNELS.indexOf(a.finding.channel) - CHANNELS.indexOf(b.finding.channel) ||
    byName(memberOf(a), memberOf(b))
  );
}

/** What fails comes before what could not be decided, whatever its severity. */
function urgency(record: FindingRecord): number {
  const { verdict, severity } = record.finding;
  return (
    ['open', 'waived', 'resolved'].indexOf(statusOf(record)) * 100 +
    (verdict === 'fail' ? 0 : 10) +
    SEVERITIES.indexOf(severity)
  );
}

/** The finding whose detail stands beside the list: the one that was chosen, else the worst. */
export function shownOf(records: readonly PageFinding[], query: PageQuery): PageFinding | undefined {
  if (query.cell !== undefined) return undefined;
  if (query.finding !== undefined) return records.find(({ finding }) => finding.fingerprint === query.finding);
  return chosen(records, query)[0];
}

/** Findings of one rule at one channel, at more or fewer members. */
export interface FindingGroup {
  readonly key: string;
  /** Never empty; by name of the member. */
  readonly records: readonly [PageFinding, ...PageFinding[]];
}

/** The same thing at many members is one thing to mend. In the order in which their first ones come. */
export function grouped(records: readonly PageFinding[]): readonly FindingGroup[] {
  const groups = new Map<string, [PageFinding, ...PageFinding[]]>();
  for (const record of records) {
    const { ruleId, channel, severity, verdict, title } = record.finding;
    const key = [ruleId, channel, severity, verdict, title, statusOf(record)].join('\n');
    const there = groups.get(key);
    if (there === undefined) groups.set(key, [record]);
    else there.push(record);
  }
  const byMember = (a: PageFinding, b: PageFinding): number => byName(memberOf(a), memberOf(b));
  return [...groups].map(([key, those]) => ({ key, records: those.sort(byMember) }));
}

/** What the list shows of a finding, and the rest left out. */
export function withoutTexts(record: FindingRecord): PageFinding {
  const nothing = { message: '', expected: '', observed: '', evidence: [], references: [] };
  const remediation = { text: '', settings: {}, command: null };
  return { ...record, finding: { ...record.finding, ...nothing, remediation }, texts: 'elsewhere' };
}

/** When it came, or went where it is over. */
export function begunAt({ resolvedAt, firstSeenAt }: FindingRecord): string {
  return resolvedAt ?? firstSeenAt;
}

/** `TM data · tm-1 · 10.0.0.2:6121`: channel, member, address and file, each once. */
export function placeOf(record: FindingRecord): string {
  const { channel, endpoint, file } = record.finding;
  const address = endpoint === undefined ? '' : `${endpoint.host}:${endpoint.port}`;
  const path = file === undefined ? '' : `${file.path}${file.line === undefined ? '' : `:${file.line}`}`;
  const member = memberOf(record);
  return [channel === 'unknown' ? '' : channelName(channel), member, member === address ? '' : address, path]
    .filter((part, index, all) => part !== '' && all.indexOf(part) === index)
    .join(' · ');
}

/** `TM data · tm-2`, the member or the address or the file. */
export function memberOf({ finding: { endpoint, file } }: FindingRecord): string {
  return endpoint?.member ?? endpoint?.host ?? file?.member ?? file?.path ?? '';
}

/** Configuration as it has to be written; quoted where YAML would read something else. */
export function yamlOf(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}: ${scalar(value)}`)
    .join('\n');
}

/** Text without quotes only where nothing in it could mean anything to YAML. */
function scalar(value: string): string {
  if (/^(?:true|false|[1-9]\d{0,14}|0)$/.test(value)) return value;
  const isPlain = /^[A-Za-z_/][\w./,+-]*$/.test(value) && !/^(?:y|n|yes|no|on|off|null|true|false)$/i.test(value);
  return isPlain ? value : JSON.stringify(value);
}
