import type { Observation } from '../model/report.ts';
import type { LiveConnection, LiveTotals, LiveTransfer } from '../observe/live.ts';
import { printable } from '../report/printable.ts';
import { byteCount } from '../report/time.ts';

/** Servers that the table remembers; the longest silent ones are forgotten first. */
const MAX_ROWS = 1000;
const ESCAPE = '\u001b';

interface Row {
  readonly channel: string;
  readonly server: string;
  readonly speaks: Set<string>;
  connections: number;
  readonly transfers: Set<string>;
}

/**
 * What was seen of each listening port, painted over itself on a terminal. Elsewhere nothing is painted; clear
 * transfers are lines in both cases.
 */
export class SniffTable {
  readonly #stream: NodeJS.WriteStream;
  /** The one heard last at the end. */
  readonly #rows = new Map<string, Row>();
  #painted = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  connection({ observation }: LiveConnection): void {
    const row = this.#rowOf(observation);
    row.connections++;
    if (row.speaks.size < 4) row.speaks.add(speech(observation));
  }

  /** A line where this server had not been told to carry this kind. */
  transfer({ observation, transfer }: LiveTransfer): string | undefined {
    const row = this.#rowOf(observation);
    if (row.transfers.has(transfer.kind)) return undefined;
    row.transfers.add(transfer.kind);
    const { server, client, channel } = observation;
    const from = client === undefined ? '' : `${place(client)} and `;
    return `in clear: ${transfer.kind} on ${channel}, between ${from}${place(server)} (${byteCount(transfer.bytes)} so far, frame ${transfer.frame})`;
  }

  paint(header: string): void {
    if (!this.#stream.isTTY) return;
    const width = Math.max(20, (this.#stream.columns ?? 80) - 1);
    const height = Math.max(3, (this.#stream.rows ?? 24) - 2);
    const rows = [...this.#rows.values()]
      .reverse()
      .sort((a, b) => Number(b.transfers.size > 0) - Number(a.transfers.size > 0));
    const shown = rows.slice(0, height - 3);
    const lines = [
      header,
      ...(shown.length === 0 ? [] : columns(shown)),
      ...(rows.length > shown.length ? [`and ${rows.length - shown.length} more`] : []),
    ].map((line) => printable(line).slice(0, width));
    this.#stream.write(`${this.#back()}${lines.join('\n')}\n`);
    this.#painted = lines.length;
  }

  /** Takes the table off the terminal. */
  end(): void {
    if (this.#painted > 0) this.#stream.write(this.#back());
    this.#painted = 0;
  }

  #back(): string {
    return this.#painted === 0 ? '' : `${ESCAPE}[${this.#painted}F${ESCAPE}[J`;
  }

  #rowOf({ channel, server }: Observation): Row {
    const key = `${channel} ${server.host} ${server.port}`;
    const row = this.#rows.get(key) ?? {
      channel,
      server: place(server),
      speaks: new Set<string>(),
      connections: 0,
      transfers: new Set<string>(),
    };
    this.#rows.delete(key);
    this.#rows.set(key, row);
    if (this.#rows.size > MAX_ROWS) this.#rows.delete(this.#rows.keys().next().value!);
    return row;
  }
}

/** `lo   0:12   1,204 packets   0 dropped   5 connections   in clear 1.2 MB   in TLS 3.4 MB`. */
export function headerLine(interfaces: readonly string[], elapsedMs: number, totals: LiveTotals): string {
  const seconds = Math.floor(elapsedMs / 1000);
  return [
    interfaces.join(', '),
    `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`,
    `${totals.packets} packets`,
    `${totals.drops} dropped`,
    `${totals.connections} connections`,
    `in clear ${byteCount(totals.clearBytes)}`,
    `in TLS ${byteCount(totals.tlsBytes)}`,
  ].join('   ');
}

function columns(rows: readonly Row[]): readonly string[] {
  const cells = [
    ['CHANNEL', 'SERVER', 'CONNECTIONS', 'SPEAKS', 'STATE IN CLEAR'],
    ...rows.map((row) => [
      row.channel,
      row.server,
      String(row.connections),
      [...row.speaks].join(', '),
      [...row.transfers].join(', '),
    ]),
  ];
  const widths = [0, 1, 2, 3].map((at) => Math.max(...cells.map((line) => line[at]!.length)));
  return cells.map((line) =>
    line
      .map((cell, at) => (at < 4 ? cell.padEnd(widths[at]!) : cell))
      .join('  ')
      .trimEnd(),
  );
}

function speech({ kind, tls, plaintext }: Observation): string {
  if (tls !== undefined) {
    if (tls.outcome !== 'established') return `TLS ${tls.outcome}`;
    return tls.version ?? 'TLS';
  }
  return kind === 'plaintext' ? `clear (${plaintext?.protocol ?? 'unknown'})` : kind;
}

function place({ host, port, member }: Observation['server']): string {
  const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return member === undefined || member === host ? where : `${member} ${where}`;
}
