import t from 'tap';
import type { Transcript } from '../../src/net/wire.ts';
import { nodeServer } from './node-server.ts';
import { survey } from './support.ts';

const HANDSHAKE = 22;

/** How we ended the connections on which the server sent its flight and got nothing but our hello. */
function leftMidway(transcripts: readonly Transcript[]): readonly string[] {
  return transcripts
    .filter(({ events }) => events.filter((one) => one.kind === 'bytes' && one.side === 0).length === 1)
    .filter(({ events }) => events.some((one) => one.kind === 'bytes' && one.side === 1 && one.bytes[0] === HANDSHAKE))
    .map(({ events }) => events.find((one) => one.kind === 'end'))
    .flatMap((end) => (end?.kind === 'end' && end.side === 0 ? [end.how] : []));
}

// Flink 1.16 to 2.3: an ERROR line `Remote host terminated the handshake` for FIN, a DEBUG line for RST.
t.test('a BLOB server is left in the middle of a handshake by RST, any other by FIN', async (t) => {
  const server = await nodeServer({ maxVersion: 'TLSv1.2', requestCert: true, rejectUnauthorized: true });
  t.teardown(() => server.close());
  for (const [channel, how] of [
    ['blob-server', 'rst'],
    ['taskmanager-data', 'fin'],
  ] as const) {
    const transcripts: Transcript[] = [];
    await survey(server, {
      channel,
      keep: (transcript) => {
        transcripts.push(transcript);
        return undefined;
      },
    });
    const ends = leftMidway(transcripts);
    t.ok(ends.length > 0, `${channel}: handshakes were left midway`);
    t.same([...new Set(ends)], [how], channel);
  }
});
