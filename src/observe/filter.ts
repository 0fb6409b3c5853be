import type { Segment } from '../capture/segment.ts';

/** What `--since --until --host --port` let through. Times in seconds since the epoch. */
export interface SegmentFilter {
  readonly since?: number;
  readonly until?: number;
  readonly hosts: readonly (readonly number[])[];
  readonly ports: ReadonlySet<number>;
}

export const PASS_ALL: SegmentFilter = { hosts: [], ports: new Set() };

/** Undefined where everything passes, so that the hot path asks nothing. */
export function segmentTest(filter: SegmentFilter): ((segment: Segment) => boolean) | undefined {
  const { since, until, hosts, ports } = filter;
  if (since === undefined && until === undefined && hosts.length === 0 && ports.size === 0) return undefined;
  return (segment) => {
    const time = segment.seconds + segment.nanoseconds / 1e9;
    if (since !== undefined && time < since) return false;
    if (until !== undefined && time > until) return false;
    if (ports.size > 0 && !ports.has(segment.sourcePort) && !ports.has(segment.destinationPort)) return false;
    return hosts.length === 0 || hosts.some((host) => isSource(segment, host) || isDestination(segment, host));
  };
}

export function isSource(segment: Segment, host: readonly number[]): boolean {
  return host.length === 1
    ? segment.ipVersion === 4 && (segment.source0 | 0) === host[0]
    : segment.ipVersion === 6 &&
        (segment.source0 | 0) === host[0] &&
        (segment.source1 | 0) === host[1] &&
        (segment.source2 | 0) === host[2] &&
        (segment.source3 | 0) === host[3];
}

export function isDestination(segment: Segment, host: readonly number[]): boolean {
  return host.length === 1
    ? segment.ipVersion === 4 && (segment.destination0 | 0) === host[0]
    : segment.ipVersion === 6 &&
        (segment.destination0 | 0) === host[0] &&
        (segment.destination1 | 0) === host[1] &&
        (segment.destination2 | 0) === host[2] &&
        (segment.destination3 | 0) === host[3];
}

/** Words of an IPv4 (one) or IPv6 (four) address in text; undefined where it is neither. */
export function addressWords(text: string): readonly number[] | undefined {
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (four !== null) {
    const bytes = four.slice(1).map(Number);
    if (bytes.some((byte) => byte > 255)) return undefined;
    return [(bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]! | 0];
  }
  return ipv6Words(text);
}

function ipv6Words(text: string): readonly number[] | undefined {
  const [head, tail, ...more] = text.split('::');
  if (!text.includes(':') || head === undefined || more.length > 0) return undefined;
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...left, ...Array<string>(missing).fill('0'), ...right];
  if (groups.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  const values = groups.map((group) => Number.parseInt(group, 16));
  return [0, 2, 4, 6].map((at) => (values[at]! << 16) | values[at + 1]! | 0);
}
