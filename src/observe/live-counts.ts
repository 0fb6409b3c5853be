import type { Decoder } from '../capture/decoder.ts';
import type { PassiveTotals, PassiveWitness } from './passive.ts';

/** What was counted since a view was opened. */
export type Counts = PassiveTotals & {
  badChecksums: number;
  undecodedPackets: number;
  duplicates: number;
  datagrams: number;
};

/** Connections that go on included. */
export function countsOf(witness: PassiveWitness, { statistics }: Decoder): Counts {
  const counts: Counts = {
    ...witness.totals,
    badChecksums: statistics.badChecksums,
    undecodedPackets: statistics.undecodedPackets,
    duplicates: witness.statistics.duplicates,
    datagrams: statistics.datagrams,
  };
  for (const [connection, dialogue] of witness.open) {
    const [a, b] = connection.directions;
    const { kind } = dialogue.speech();
    counts.connections++;
    counts.gaps += a.gaps + b.gaps;
    counts.gapBytes += a.gapBytes + b.gapBytes;
    if (kind === 'tls') counts.tlsBytes += a.offset + b.offset;
    else counts.clearBytes += a.offset + b.offset;
  }
  return counts;
}

/** A count of connections that went on may shrink where one turned out to be something else. */
export function difference(now: Counts, before: Counts): Counts {
  return Object.fromEntries(
    Object.entries(now).map(([name, count]) => [name, Math.max(0, count - before[name as keyof Counts])]),
  ) as unknown as Counts;
}
