import { shellWord } from '../bytes/shell-word.ts';

/** Ports in a BPF expression at most: more are widened to ranges that hold them. Keeps the program below 4,096 steps. */
const MAX_TERMS = 200;

/** Every TCP packet, whatever its port. */
export const ALL_TCP = 'tcp';

/**
 * BPF expression (pcap-filter(7)) for these TCP ports, ranges of neighbours joined: `tcp and (port 6121 or portrange
 * 6123-6124)`. Without a port: all of TCP.
 */
export function filterOfPorts(ports: Iterable<number>): string {
  const ranges = joined([...new Set(ports)].sort((a, b) => a - b));
  if (ranges.length === 0) return ALL_TCP;
  const terms = ranges.map(([first, last]) => (first === last ? `port ${first}` : `portrange ${first}-${last}`));
  return `tcp and (${terms.join(' or ')})`;
}

type PortRange = readonly [first: number, last: number];

function joined(ports: readonly number[]): readonly PortRange[] {
  let ranges: PortRange[] = [];
  for (const port of ports) {
    const last = ranges.at(-1);
    if (last !== undefined && port === last[1] + 1) ranges[ranges.length - 1] = [last[0], port];
    else ranges.push([port, port]);
  }
  while (ranges.length > MAX_TERMS) ranges = widened(ranges);
  return ranges;
}

/** Joins each range with its neighbour: what lies between is captured, too. */
function widened(ranges: readonly PortRange[]): PortRange[] {
  const wider: PortRange[] = [];
  for (let at = 0; at < ranges.length; at += 2) wider.push([ranges[at]![0], (ranges[at + 1] ?? ranges[at]!)[1]]);
  return wider;
}

/** Characters that no BPF expression needs: a filter is text of a file or a command line, and is shown on terminals. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const FOREIGN = /[\u0000-\u001f\u007f]/;
const MAX_FILTER_CHARACTERS = 65_536;

/** Why the text can be no filter, without asking libpcap; undefined where it may be one. */
export function filterFault(filter: string): string | undefined {
  if (filter.trim() === '') return 'is empty';
  if (filter.length > MAX_FILTER_CHARACTERS) return `has more than ${MAX_FILTER_CHARACTERS} characters`;
  if (FOREIGN.test(filter)) return 'holds control characters';
  return undefined;
}

/** Packets are kept whole: certificates and frames are longer than headers. */
const TCPDUMP_FLAGS = '-n -s 0 -B 65536 -U';

/** A line for a shell of another host that captures what we would, into `file`. */
export function tcpdumpLine(interfaces: readonly string[], filter: string, file: string): string {
  return interfaces
    .map((one, at) => {
      const to = interfaces.length === 1 ? file : file.replace(/(\.[^./]*)?$/, `-${at + 1}$1`);
      return `tcpdump -i ${shellWord(one)} ${TCPDUMP_FLAGS} -w ${shellWord(to)} -- ${shellWord(filter)}`;
    })
    .join(' & ');
}
