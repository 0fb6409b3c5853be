import fc from 'fast-check';
import t from 'tap';
import type { Observation } from '../../src/model/report.ts';
import type { Transcript } from '../../src/net/wire.ts';
import { bothWays } from '../support/both-ways.ts';
import { mintEc } from '../support/pki.ts';
import {
  clientHelloOf,
  flight12,
  play13,
  record,
  type ScriptedConnection,
  scriptedServer,
} from '../support/scripted-tls.ts';
import { flinkStandIn } from '../support/targets/flink-stand-in.ts';
import { front } from '../support/targets/front.ts';
import { type NoTlsId, noTlsTarget } from '../support/targets/no-tls.ts';
import type { CutRun } from './any-byte.ts';
import { foldConnections, foldSurvey, surveyAndRead } from './both-ways.ts';
import { nodeServer } from './node-server.ts';
import { survey } from './support.ts';

const HURRY = { connectMs: 1000, answerMs: 600, verdictMs: 300 };

t.test('what stand-ins for Flink say in clear and in TLS is read again, told and not told', async (t) => {
  const folder = t.testdir({});
  const flink = await flinkStandIn({ taskManagers: 1, hosts: 'together', odd: { tm1: 'clear' } });
  t.teardown(() => flink.stop());
  const cases = flink.endpoints.flatMap((endpoint) => [
    { endpoint, told: false },
    { endpoint, told: true },
  ]);
  await Promise.all(
    cases.map(async ({ endpoint: { host, port, channel, protection, member }, told }) => {
      const options = { ...(told ? { channel } : {}), profile: 'standard', patience: HURRY } as const;
      const { surveyed, read } = await surveyAndRead({ address: host, port }, options, folder);
      const name = `${member} ${channel}, ${told ? 'told' : 'not told'}`;
      if (protection !== 'clear') t.strictSame(foldConnections(read), foldSurvey(surveyed), name);
      else
        t.ok(
          read.some((one) => isSameAnswer(one, surveyed)),
          name,
        );
    }),
  );
});

/** The connection that was answered in clear is one of those in the file; only the survey doubts what it calls it. */
function isSameAnswer({ kind, plaintext }: Observation, surveyed: Observation): boolean {
  const { channelDoubt: _, ...details } = surveyed.plaintext!.details;
  return kind === 'plaintext' && JSON.stringify(plaintext) === JSON.stringify({ ...surveyed.plaintext!, details });
}

t.test('every kind of no is read again as it was', async (t) => {
  const folder = t.testdir({});
  const kinds: readonly NoTlsId[] = ['E0', 'E1', 'E2', 'E3', 'E4', 'E5', 'E6'];
  await Promise.all(
    kinds.map(async (id) => {
      const port = await noTlsTarget(id);
      const { surveyed, read } = await surveyAndRead(port, { patience: HURRY, channel: 'blob-server' }, folder);
      await port.close();
      t.ok(read.every(({ tls }) => tls?.version === undefined) && surveyed.tls === undefined, id);
    }),
  );
});

const identity = mintEc('P-256', { name: [['CN', 'scripted']] });

type Then = 'fin' | 'reset' | 'silence';

function finish(connection: ScriptedConnection, then: Then): void {
  if (then !== 'silence') connection[then]();
}

const SCRIPTS: Readonly<Record<string, (connection: ScriptedConnection, asks: boolean, then: Then) => Promise<void>>> =
  {
    'TLSv1.2': async (connection, asks, then) => {
      const hello = await connection.record();
      if (hello === undefined) return;
      connection.write(record(22, Buffer.concat(flight12(clientHelloOf(hello), { identity, asks }))));
      await connection.record();
      finish(connection, then);
    },
    'TLSv1.3': async (connection, asks, then) => {
      await play13(connection, { identity, asks });
      finish(connection, then);
    },
  };

t.test('scripted servers of both versions that ask, judge or say nothing are read again', async (t) => {
  const folder = t.testdir({});
  const cases = Object.entries(SCRIPTS).flatMap(([version, script]) =>
    [false, true].flatMap((asks) =>
      (['fin', 'reset', 'silence'] as const).map((then) => ({ version, script, asks, then })),
    ),
  );
  await Promise.all(
    cases.map(async ({ version, script, asks, then }) => {
      const { port, stop } = await scriptedServer((connection) => script(connection, asks, then));
      const options = { profile: 'quick', channel: 'jobmanager-rpc', patience: HURRY } as const;
      const { surveyed, read } = await surveyAndRead({ port }, options, folder);
      stop();
      const folded = foldConnections(read);
      // A capture of TLS 1.3 is established with the client's Finished: that nothing followed is told by the probe alone.
      const unproven = version === 'TLSv1.3' && asks && then === 'silence';
      const expected = unproven ? { ...folded, clientAuthentication: { [version]: 'unknown' } } : folded;
      t.strictSame(foldSurvey(surveyed), expected, `${version}, asks: ${asks}, then ${then}`);
    }),
  );
});

t.test('connections that are cut at any octet are read again as they were', async (t) => {
  const folder = t.testdir({});
  const cuts = fc.sample(fc.record<CutRun>({ after: fc.nat(2500), how: fc.constantFrom('fin', 'rst') }), 8);
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const server = await nodeServer({ maxVersion, requestCert: true, rejectUnauthorized: true });
    const transcripts: Transcript[] = [];
    const keep = (transcript: Transcript): undefined => void transcripts.push(transcript);
    for (const cut of cuts) {
      const port = await front(server, { cut: () => cut });
      await survey(port, { profile: 'quick', channel: 'jobmanager-rpc', patience: HURRY, keep });
      await port.close();
    }
    await server.close();
    const { live, read } = await bothWays(transcripts, folder);
    t.strictSame(read, live, `${maxVersion}, cut ${JSON.stringify(cuts)}`);
    t.ok(read.length >= cuts.length);
  }
});
