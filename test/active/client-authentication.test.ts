import type { Socket } from 'node:net';
import t from 'tap';
import { alertRecord } from '../support/scripted-tls.ts';
import { type Front, front } from '../support/targets/front.ts';
import { reset } from '../support/targets/no-tls.ts';
import { available, missingFor, Targets } from '../support/targets/start.ts';
import { nodeServer } from './node-server.ts';
import { delayedRounds, JUDGED } from './rounds.ts';
import { survey } from './support.ts';

/** A hundred rounds each are in the benchmark. */
const ROUNDS = 2;

t.test('with up to 300 ms of delay the verdict stays right', { skip: missingFor('B1') }, async (t) => {
  const ids = available(JUDGED);
  const targets = await Targets.start(...ids);
  t.teardown(() => targets.stop());
  const wrong = await Promise.all(ids.map((id) => delayedRounds(targets.get(id), ROUNDS, ROUNDS)));
  t.strictSame(wrong.flat(), []);
});

for (const id of ['C2', 'C3', 'D1', 'D2'] as const) {
  t.test(
    `${id} is judged right without a JDK on this machine too`,
    {
      skip: missingFor(id) || (missingFor('B1') === false ? 'judged with the others' : false),
    },
    async (t) => {
      const targets = await Targets.start(id);
      t.teardown(() => targets.stop());
      t.strictSame(await delayedRounds(targets.get(id), ROUNDS, 1), []);
    },
  );
}

const CHANGE_CIPHER_SPEC = 20;
const HANDSHAKE = 22;
const CERTIFICATE = 11;

/** Whether a client's octets hold a Certificate in clear: TLS 1.2, first message of its second flight. */
function startsWithCertificate(bytes: Buffer): boolean {
  return bytes[0] === HANDSHAKE && bytes[5] === CERTIFICATE;
}

/** A server that asks for a certificate, whose judgement is replaced by this one. */
async function judging(version: 'TLSv1.2' | 'TLSv1.3', judge: (near: Socket) => void): ReturnType<typeof front> {
  const mutual = { requestCert: true, rejectUnauthorized: true };
  const server = await nodeServer({ minVersion: version, maxVersion: version, ...mutual });
  const fromClient: Front['fromClient'] = (bytes, near, state) => {
    if (state.has('judged')) return 'handled';
    const second = version === 'TLSv1.2' ? startsWithCertificate(bytes) : bytes[0] === CHANGE_CIPHER_SPEC;
    if (!second) return 'pass';
    state.set('judged', true);
    judge(near);
    return 'handled';
  };
  const port = await front(server, { fromClient });
  return {
    ...port,
    close: async () => {
      await port.close();
      await server.close();
    },
  };
}

const alert = (code: number) => (near: Socket) => void near.end(alertRecord(code));

/** All that servers were seen to do after an empty Certificate, and what none was seen to. */
const REFUSALS: Readonly<Record<string, (near: Socket) => void>> = {
  'handshake_failure (40), OpenSSL and JDK 25': alert(40),
  'no_certificate (41), mbedTLS': alert(41),
  'bad_certificate (42), JDK 17': alert(42),
  'certificate_unknown (46)': alert(46),
  'decode_error (50), GnuTLS': alert(50),
  'certificate_required (116)': alert(116),
  'internal_error (80)': alert(80),
  'a code that is not assigned (199)': alert(199),
  'FIN, Netty 3': (near) => near.end(),
  RST: (near) => reset(near),
};

for (const [name, judge] of Object.entries(REFUSALS)) {
  t.test(`an empty Certificate refused by ${name} means required`, async (t) => {
    const port = await judging('TLSv1.2', judge);
    t.teardown(() => port.close());
    const { tls } = await survey(port, { profile: 'quick', channel: 'jobmanager-rpc' });
    t.match(tls?.clientAuthentication, { verdict: 'required', byVersion: { 'TLSv1.2': 'required' }, basis: 'probe' });
    t.equal(tls?.clientAuthentication.presented, 'empty');
  });
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  t.test(`silence after an empty Certificate is unknown in ${version}, never requested`, async (t) => {
    const port = await judging(version, () => undefined);
    t.teardown(() => port.close());
    const patience = { verdictMs: 400, answerMs: 800 };
    const { tls } = await survey(port, { profile: 'quick', channel: 'jobmanager-rpc', patience });
    t.equal(tls?.clientAuthentication.verdict, 'unknown');
  });

  t.test(`FIN and RST after our Finished mean required in ${version}`, async (t) => {
    for (const judge of [(near: Socket) => void near.end(), (near: Socket) => void reset(near)]) {
      const port = await judging(version, judge);
      const { tls } = await survey(port, { profile: 'quick', channel: 'jobmanager-rpc' });
      t.equal(tls?.clientAuthentication.verdict, 'required');
      await port.close();
    }
  });
}
