import t from 'tap';
import { EVERYTHING, OLD, TLS12_ONLY, TLS13_ONLY } from '../../../src/net/tls-client/offers.ts';
import type { HandshakeResult, Offer, RequestedCertificate } from '../../../src/net/tls-client/types.ts';
import { missing } from '../../support/capture-tools.ts';
import { JavaEngines, type JavaKind } from '../../support/java-engine.ts';
import { encodeName, mintRsa } from '../../support/pki.ts';
import { credentialOf, shake, why, writeIdentity } from './servers.ts';

const skip = missing('java');
const folder = t.testdir();
const ca = mintRsa({ name: [['CN', 'Authority']], ca: true });
const client = mintRsa({ name: [['CN', 'client']], issuer: ca });
const stranger = mintRsa({ name: [['CN', 'stranger']] });
writeIdentity(folder, 'ca', ca);
writeIdentity(folder, 'server', mintRsa({ name: [['CN', 'server']], issuer: ca }));

const BOTH = 'TLSv1.2,TLSv1.3';
const KINDS: readonly JavaKind[] = ['engine', 'socket'];
/** The first handshake of a JDK loads classes. */
const PATIENCE = { answerMs: 8000, verdictMs: 1500 };
const REQUEST = Buffer.from('GET');

t.test('JSSE', { skip }, async (t) => {
  const java = await JavaEngines.start(folder);
  t.teardown(() => java.end());
  const shakeWith = async (port: number, offer: Offer, more: object = {}): Promise<HandshakeResult> =>
    (await shake(port, { offer, goal: 'finish', patience: PATIENCE, ...more })).result;

  for (const kind of KINDS) {
    for (const [offer, version] of [
      [TLS12_ONLY, 'TLSv1.2'],
      [TLS13_ONLY, 'TLSv1.3'],
    ] as const) {
      t.test(`${kind}, ${version}: no certificate is asked for`, async (t) => {
        const port = await java.server(kind, BOTH, 'none');
        const left = await shakeWith(port, offer, { goal: 'server-flight' });
        t.match(left, { end: 'flight', version, certificateRequest: 'none' }, why(left));
        const done = await shakeWith(port, offer, { applicationRequest: REQUEST });
        t.match(done, { end: 'finished', version, presented: 'nothing' }, why(done));
        t.equal(Buffer.from(done.applicationData ?? []).toString(), 'answer');
      });

      t.test(`${kind}, ${version}: a certificate is wanted`, async (t) => {
        const port = await java.server(kind, BOTH, 'want');
        const empty = await shakeWith(port, offer);
        t.match(empty, { end: 'finished', version, presented: 'empty' }, why(empty));
        t.equal(empty.proof, version === 'TLSv1.3' ? 'ticket' : 'server-finished');
        const asked = await shakeWith(port, offer, { applicationRequest: REQUEST });
        t.equal(Buffer.from(asked.applicationData ?? []).toString(), 'answer');
      });

      t.test(`${kind}, ${version}: a certificate is needed`, async (t) => {
        const port = await java.server(kind, BOTH, 'need');
        const left = await shakeWith(port, offer, { goal: 'server-flight' });
        const request = left.certificateRequest as RequestedCertificate;
        t.strictSame(
          request.authorities.map((name) => Buffer.from(name)),
          [Buffer.from(encodeName(ca.name))],
        );
        for (let n = 0; n < 5; n++) {
          const empty = await shakeWith(port, offer);
          t.match(
            empty,
            { end: 'refused', version, presented: 'empty', refusal: { after: 'certificate' } },
            why(empty),
          );
          t.equal(empty.refusal?.how, 'alert');
        }
        const strange = await shakeWith(port, offer, { credential: credentialOf(stranger) });
        t.match(strange, { end: 'refused', presented: 'certificate', refusal: { how: 'alert', after: 'certificate' } });
        const known = await shakeWith(port, offer, { credential: credentialOf(client), applicationRequest: REQUEST });
        t.match(known, { end: 'finished', version, presented: 'certificate' }, why(known));
        t.equal(Buffer.from(known.applicationData ?? []).toString(), 'answer');
      });
    }
  }

  t.test('versions that the JDK has switched off are refused', async (t) => {
    const port = await java.server('engine', BOTH, 'none');
    const old = await shakeWith(port, OLD);
    t.match(old, { end: 'refused', refusal: { how: 'alert', alert: { description: 'protocol_version' } } });
    const both = await shakeWith(port, EVERYTHING);
    t.match(both, { end: 'finished', version: 'TLSv1.3' }, why(both));
  });
});
