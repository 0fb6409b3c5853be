import t from 'tap';
import { TLS12_ONLY, TLS13_ONLY } from '../../../src/net/tls-client/offers.ts';
import type { RequestedCertificate } from '../../../src/net/tls-client/types.ts';
import { NAMED_GROUPS, signatureSchemeCode } from '../../../src/tls/code-points.ts';
import { missing, run } from '../../support/capture-tools.ts';
import { encodeName, type Identity, mintEc, mintRsa } from '../../support/pki.ts';
import { credentialOf, opensslServer, own, type RunningServer, serving, shake, why, writeIdentity } from './servers.ts';

const skip = missing('openssl');
const folder = t.testdir();
const GET = Buffer.from('GET / HTTP/1.0\r\n\r\n');
const _code = (name: string): number => NAMED_GROUPS.code(name)!;

const ca = mintRsa({ name: [['CN', 'Authority']], ca: true });
const identities: Readonly<Record<string, Identity>> = {
  ca,
  rsa: mintRsa({ name: [['CN', 'rsa']], issuer: ca }),
  client: mintRsa({ name: [['CN', 'client']], issuer: ca }),
  stranger: mintRsa({ name: [['CN', 'stranger']] }),
  p256: mintEc('P-256', { name: [['CN', 'p256']], issuer: ca }),
  p384: mintEc('P-384', { name: [['CN', 'p384']], issuer: ca }),
  p521: mintEc('P-521', { name: [['CN', 'p521']], issuer: ca }),
  ed25519: mintEc('Ed25519', { name: [['CN', 'ed25519']], issuer: ca }),
  ed448: mintEc('Ed448', { name: [['CN', 'ed448']], issuer: ca }),
};
for (const [name, identity] of Object.entries(identities)) writeIdentity(folder, name, identity);

const at = (...args: readonly string[]): Promise<RunningServer> => opensslServer(folder, ...args);

/** Schemes that TLS 1.3 signs with; TLS 1.2 takes any hash on any curve, and the first of ours. */
const KEYS: readonly (readonly [identity: string, scheme: string])[] = [
  ['p256', 'ecdsa_secp256r1_sha256'],
  ['p384', 'ecdsa_secp384r1_sha384'],
  ['p521', 'ecdsa_secp521r1_sha512'],
  ['ed25519', 'ed25519'],
  ['ed448', 'ed448'],
  ['rsa', 'rsa_pss_rsae_sha256'],
];

t.test('signatures of every kind of key verify', { skip }, async (t) => {
  for (const [name, scheme] of KEYS) {
    await serving(at(...own(name), '-cipher', 'ALL:@SECLEVEL=0'), async ({ port }) => {
      for (const offer of [TLS13_ONLY, TLS12_ONLY]) {
        const { result } = await shake(port, { offer, goal: 'finish' });
        const expected = offer === TLS12_ONLY && scheme.startsWith('ecdsa') ? /^ecdsa_/ : scheme;
        t.match(result, { end: 'finished', signatureScheme: expected }, why(result, name));
      }
    });
  }
});

t.test('each scheme of an RSA key verifies', { skip }, async (t) => {
  const all = ['rsa_pkcs1', 'rsa_pss_rsae'].flatMap((kind) =>
    ['sha256', 'sha384', 'sha512'].map((h) => `${kind}_${h}`),
  );
  await serving(at(...own('rsa'), '-cipher', 'ALL:@SECLEVEL=0'), async ({ port }) => {
    for (const scheme of [...all, 'rsa_pkcs1_sha1']) {
      const signatureSchemes = [signatureSchemeCode(scheme)!];
      const { result } = await shake(port, { offer: { ...TLS12_ONLY, signatureSchemes }, goal: 'finish' });
      t.match(result, { end: 'finished', signatureScheme: scheme }, why(result, scheme));
    }
  });
});

t.test('RSA-PSS keys and DSA keys verify', { skip }, async (t) => {
  run('openssl', [
    ...['req', '-x509', '-newkey', 'rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048', '-nodes', '-subj', '/CN=pss'],
    ...['-keyout', `${folder}/pss.key`, '-out', `${folder}/pss.pem`],
  ]);
  run('openssl', ['dsaparam', '-out', `${folder}/dsa.par`, '1024']);
  run('openssl', [
    ...['req', '-x509', '-newkey', `dsa:${folder}/dsa.par`, '-nodes', '-subj', '/CN=dsa'],
    ...['-keyout', `${folder}/dsa.key`, '-out', `${folder}/dsa.pem`],
  ]);
  await serving(at(...own('pss')), async ({ port }) => {
    for (const offer of [TLS13_ONLY, TLS12_ONLY]) {
      const { result } = await shake(port, { offer, goal: 'finish' });
      t.match(result, { end: 'finished', signatureScheme: /rsa_pss_pss_sha/ }, why(result));
    }
  });
  const dsa = ['-tls1_2', '-cipher', 'ALL:@SECLEVEL=0', '-sigalgs', 'DSA+SHA256'];
  await serving(at(...own('dsa'), ...dsa), async ({ port }) => {
    const { result } = await shake(port, { offer: TLS12_ONLY, goal: 'finish' });
    t.match(result, { end: 'finished', signatureScheme: 'dsa_sha256' }, why(result));
  });
});

const VERSIONS = [
  [TLS12_ONLY, 'TLSv1.2'],
  [TLS13_ONLY, 'TLSv1.3'],
] as const;

t.test('client authentication: required', { skip }, async (t) => {
  const ask = ['-Verify', '2', '-verify_return_error', '-CAfile', 'ca.pem'];
  await serving(at(...own('rsa'), ...ask), async ({ port }) => {
    for (const [offer, version] of VERSIONS) {
      const none = await shake(port, { offer, goal: 'finish' });
      const description = version === 'TLSv1.3' ? 'certificate_required' : 'handshake_failure';
      const refusal = { how: 'alert', after: 'certificate', alert: { description } };
      t.match(none.result, { end: 'refused', version, presented: 'empty', refusal });
      const request = none.result.certificateRequest as RequestedCertificate;
      t.strictSame(
        request.authorities.map((name) => Buffer.from(name)),
        [Buffer.from(encodeName(ca.name))],
      );
      t.ok(request.signatureSchemes.includes('ed25519'));
      t.strictSame(request.types, version === 'TLSv1.3' ? [] : ['rsa_sign', 'dss_sign', 'ecdsa_sign']);
      const strange = await shake(port, { offer, goal: 'finish', credential: credentialOf(identities.stranger!) });
      t.match(strange.result, {
        end: 'refused',
        presented: 'certificate',
        refusal: { how: 'alert', after: 'certificate' },
      });
      for (const name of ['client', 'p256', 'p384', 'p521', 'ed25519', 'ed448']) {
        const known = await shake(port, { offer, goal: 'finish', credential: credentialOf(identities[name]!) });
        t.match(known.result, { end: 'finished', version, presented: 'certificate' }, why(known.result, name));
      }
      const left = await shake(port, { offer, goal: 'server-flight' });
      t.match(left.result, { end: 'flight', version, presented: 'nothing', certificateRequest: { types: Array } });
    }
  });
});

t.test('client authentication: requested', { skip }, async (t) => {
  await serving(at(...own('rsa'), '-verify', '2', '-CAfile', 'ca.pem', '-www'), async ({ port }) => {
    for (const [offer, version] of VERSIONS) {
      const none = await shake(port, { offer, goal: 'finish', applicationRequest: GET });
      t.match(none.result, { end: 'finished', version, presented: 'empty', certificateRequest: { types: Array } });
      t.match(Buffer.from(none.result.applicationData!).toString(), /^HTTP\/1\.0 200 ok/);
    }
  });
});
