import type { ChannelCell } from '../daemon/types.ts';
import { CHANNELS, type Channel } from '../model/channel.ts';
import { MARKS, type Mark } from './shapes.ts';
import { byName } from './words.ts';

/** Rows are channels, columns members; a cell holds what there is of both, worst first. */
export interface Grid {
  readonly members: readonly string[];
  readonly rows: readonly { readonly channel: Channel; readonly cells: readonly (readonly ChannelCell[])[] }[];
}

export function gridOf(cells: readonly ChannelCell[], known: readonly string[] = []): Grid {
  const columns = new Map<string, ChannelCell[]>();
  for (const cell of cells) columns.set(cell.member, [...(columns.get(cell.member) ?? []), cell]);
  for (const member of known) if (!columns.has(member)) columns.set(member, []);
  const turns = new Map([...columns].map(([member, own]) => [member, turn(member, own)]));
  const members = [...columns.keys()].sort((a, b) => turns.get(a)! - turns.get(b)! || byName(a, b));
  const rows = CHANNELS.filter((channel) => cells.some((cell) => cell.channel === channel)).map((channel) => ({
    channel,
    cells: members.map((member) =>
      columns
        .get(member)!
        .filter((cell) => cell.channel === channel)
        .sort(byVerdict),
    ),
  }));
  return { members, rows };
}

/** The JobManager stands first, then TaskManagers, then what they talk to. `own`: cells of this member. */
function turn(member: string, own: readonly ChannelCell[]): number {
  const components = own.map(({ endpoint }) => endpoint?.component);
  if (components.includes('jobmanager')) return 0;
  if (components.includes('taskmanager')) return 1;
  return member === '' ? 3 : 2;
}

function byVerdict(a: ChannelCell, b: ChannelCell): number {
  return MARKS.indexOf(a.verdict) - MARKS.indexOf(b.verdict);
}

export function counts(cells: readonly ChannelCell[]): readonly (readonly [Mark, number])[] {
  return MARKS.map((mark) => [mark, cells.filter(({ verdict }) => verdict === mark).length] as const);
}

/** `mutual TLS 1.2`, `clear text`; nothing where nobody saw it. Who only connects serves nothing. */
export function servedWords({ served, version, endpoint, verdict }: ChannelCell): string {
  const tls = version?.replace(/^TLSv?/i, 'TLS ') ?? 'TLS';
  if (served === undefined) return endpoint === undefined && verdict !== 'not-seen' ? 'as a client' : '';
  return { 'mutual-tls': `mutual ${tls}`, tls, clear: 'clear text', mixed: 'clear and TLS' }[served];
}
