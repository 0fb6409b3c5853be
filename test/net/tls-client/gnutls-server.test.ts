import t from 'tap';
import { OLD, TLS12_ONLY, TLS13_ONLY } from '../../../src/net/tls-client/offers.ts';
import { NAMED_GROUPS } from '../../../src/tls/code-points.ts';
import { missing } from '../../support/capture-tools.ts';
import { mintRsa } from '../../support/pki.ts';
import { credentialOf, gnutlsServer, serving, shake, why, writeIdentity } from './servers.ts';

const skip = missing('gnutls-serv');
const folder = t.testdir();
const ca = mintRsa({ name: [['CN', 'Authority']], ca: true });
const leaf = mintRsa({ name: [['CN', 'server']], issuer: ca });
const client = mintRsa({ name: [['CN', 'client']], issuer: ca });
const stranger = mintRsa({ name: [['CN', 'stranger']] });
writeIdentity(folder, 'ca', ca);
writeIdentity(folder, 'server', leaf);

const OWN = ['--x509certfile', 'server.pem', '--x509keyfile', 'server.key', '--x509cafile', 'ca.pem', '--echo'];
const LEGACY = 'NORMAL:+VERS-TLS-ALL:+3DES-CBC:+ARCFOUR-128:+ANON-ECDH:+ANON-DH:+DHE-RSA';
const VERSIONS = [
  [TLS12_ONLY, 'TLSv1.2'],
  [TLS13_ONLY, 'TLSv1.3'],
] as const;

t.test('GnuTLS that requires a certificate', { skip }, async (t) => {
  await serving(gnutlsServer(folder, ...OWN, '--require-client-cert', '--verify-client-cert'), async ({ port }) => {
    for (const [offer, version] of VERSIONS) {
      const empty = await shake(port, { offer, goal: 'finish' });
      const refusal = { how: 'alert', after: 'certificate' };
      t.match(empty.result, { end: 'refused', version, presented: 'empty', refusal }, why(empty.result));
      const strange = await shake(port, { offer, goal: 'finish', credential: credentialOf(stranger) });
      t.match(strange.result, { end: 'refused', version, presented: 'certificate' }, why(strange.result));
      const known = await shake(port, { offer, goal: 'finish', credential: credentialOf(client) });
      t.match(known.result, { end: 'finished', version, presented: 'certificate' }, why(known.result));
    }
  });
});

t.test('GnuTLS that only asks, and the old versions of it', { skip }, async (t) => {
  await serving(gnutlsServer(folder, ...OWN, '--priority', LEGACY), async ({ port }) => {
    for (const [offer, version] of VERSIONS) {
      const empty = await shake(port, { offer, goal: 'finish', applicationRequest: Buffer.from('hello\n') });
      t.match(empty.result, { end: 'finished', version, presented: 'empty' }, why(empty.result));
      t.match(Buffer.from(empty.result.applicationData ?? []).toString(), /hello/);
    }
    const old = await shake(port, { offer: OLD, goal: 'finish' });
    t.match(old.result, { end: 'flight', version: 'TLSv1.1', certificateRequest: { types: Array } }, why(old.result));
  });
});

t.test('GnuTLS asks again for groups of which there is no share', { skip }, async (t) => {
  await serving(gnutlsServer(folder, ...OWN, '--disable-client-cert'), async ({ port }) => {
    for (const name of ['x25519', 'x448', 'secp384r1', 'ffdhe2048']) {
      const offer = { ...TLS13_ONLY, namedGroups: [NAMED_GROUPS.code(name)!], keyShares: [] };
      const { result } = await shake(port, { offer, goal: 'finish' });
      t.match(result, { end: 'finished', namedGroup: name, helloRetryRequest: true }, why(result, name));
      t.equal(result.certificateRequest, 'none');
    }
  });
});
