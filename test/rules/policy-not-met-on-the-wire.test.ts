import t from 'tap';
import type { Certificate, Observation } from '../../src/model/report.ts';
import { rule } from '../../src/rules/policy-not-met-on-the-wire.ts';
import {
  active,
  certificate,
  chain,
  clear,
  clientAuthentication,
  finding,
  hidden,
  judged,
  tls,
  tls13,
  verdict,
} from '../support/observations.ts';
import { asking, profile } from '../support/policies.ts';

const NIST = profile('nist-800-52r2');
const BSI = profile('bsi-tr-02102');
const STRICT = profile('flink-strict');
const PCI = profile('pci');

/** Ids of the requirements that are not met. */
function unmet(observations: readonly Observation[], policy: ReturnType<typeof profile>): readonly string[] {
  const { findings } = judged(rule, observations, { policy });
  const failed = findings.filter((one) => one.verdict === 'fail');
  return failed.map(({ title }) => title.split(':', 1)[0]!.slice(policy.name.length + 1)).sort();
}

const keyed = (publicKey: Certificate['publicKey'], change: Partial<Certificate> = {}): Observation => {
  const one = certificate({ publicKey, ...change });
  return tls({ tls: { serverCertificate: chain(one), clientCertificate: chain(one) } });
};
const rsa = (bits: number): Observation => keyed({ type: 'RSA', bits, curve: null });

/** As Flink 1.20.3 serves it by default. */
const FORMER_DEFAULT = tls({
  tls: { version: 'TLSv1.2', cipherSuite: 'TLS_RSA_WITH_AES_128_CBC_SHA', namedGroup: undefined as never },
});

t.test('the suite that Flink had by default is in no list of NIST, BSI and flink-strict', async (t) => {
  for (const policy of [NIST, BSI, STRICT]) t.ok(unmet([FORMER_DEFAULT], policy).includes('cipher-suite'), policy.name);
  // 128 bits, no broken cipher: nothing of PCI DSS forbids it by name.
  t.notOk(unmet([FORMER_DEFAULT], PCI).includes('strong-suites'));
  // 800-52r2 3.4.2: no CBC without encrypt-then-MAC.
  t.ok(unmet([FORMER_DEFAULT], NIST).includes('encrypt-then-mac'));
});

t.test('ECDHE with GCM is in every list', async (t) => {
  const suites = ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'];
  for (const cipherSuite of suites) {
    for (const policy of [NIST, BSI, STRICT, PCI]) {
      const failed = unmet([tls({ tls: { cipherSuite } })], policy);
      t.strictSame(
        failed.filter((id) => /suite|mac/.test(id)),
        [],
        `${cipherSuite} ${policy.name}`,
      );
    }
  }
});

t.test('ChaCha20 is good for flink-strict, and in the lists of neither NIST nor BSI', async (t) => {
  const one = tls13({ tls: { cipherSuite: 'TLS_CHACHA20_POLY1305_SHA256' } });
  t.notOk(unmet([one], STRICT).includes('cipher-suite'));
  for (const policy of [NIST, BSI]) t.ok(unmet([one], policy).includes('cipher-suite'));
});

t.test('RSA of 2048 bits passes NIST and PCI and fails BSI and flink-strict; 3072 passes all, 1024 none', async (t) => {
  const met = (bits: number): readonly string[] =>
    [NIST, PCI, BSI, STRICT]
      .filter((policy) => !unmet([rsa(bits)], policy).includes('rsa-key'))
      .map(({ name }) => name);
  t.strictSame(met(1024), []);
  t.strictSame(met(2047), []);
  t.strictSame(met(2048), ['nist-800-52r2', 'pci']);
  t.strictSame(met(2999), ['nist-800-52r2', 'pci']);
  t.strictSame(met(3000), ['nist-800-52r2', 'pci', 'bsi-tr-02102']);
  t.strictSame(met(3072), ['nist-800-52r2', 'pci', 'bsi-tr-02102', 'flink-strict']);
});

t.test(
  'curves: 224 bits are 112 of strength, NIST wants P-256 or P-384, brainpool is a curve of the BSI',
  async (t) => {
    const p224 = keyed({ type: 'EC', bits: 224, curve: 'secp224r1' });
    t.strictSame(
      unmet([p224], NIST).filter((id) => id.startsWith('ec-')),
      ['ec-curve'],
    );
    t.ok(unmet([p224], BSI).includes('ec-key'));
    const brainpool = keyed({ type: 'EC', bits: 256, curve: 'brainpoolP256r1' });
    t.notOk(unmet([brainpool], BSI).includes('ec-key'));
    t.ok(unmet([brainpool], NIST).includes('ec-curve'));
    t.strictSame(
      unmet([keyed({ type: 'EC', bits: 256, curve: 'secp256r1' })], NIST).filter(
        (id) => /key|curve$/.test(id) && id !== 'nist-curve',
      ),
      [],
    );
  },
);

t.test('SHA-1 signatures are told of a leaf, and not of the root that stands in a chain', async (t) => {
  const sha1 = { signatureAlgorithm: 'sha1WithRSAEncryption' };
  for (const policy of [NIST, BSI, STRICT, PCI])
    t.ok(unmet([keyed({ type: 'RSA', bits: 3072, curve: null }, sha1)], policy).includes('certificate-hash'));
  const leaf = certificate({ selfIssued: false, issuer: 'CN=root' });
  const root = certificate({ sha256: 'ff'.repeat(32), subject: 'CN=root', issuer: 'CN=root', ...sha1 });
  const chained = tls({ tls: { serverCertificate: chain(leaf, root), clientCertificate: hidden('not-reached') } });
  t.notOk(unmet([chained], NIST).includes('certificate-hash'));
});

t.test('old versions, used or accepted', async (t) => {
  for (const version of ['SSLv3', 'TLSv1', 'TLSv1.1']) {
    const used = tls({ tls: { version } });
    t.ok(unmet([used], BSI).includes('protocol'), version);
    t.ok(unmet([used], PCI).includes('no-early-tls'), version);
  }
  t.strictSame(
    unmet([tls({ tls: { version: 'TLSv1.1' } })], NIST).filter((id) => id.startsWith('no-')),
    ['no-tls11'],
  );
  const accepted = active({
    suites: { 'TLSv1.2': ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'], TLSv1: ['TLS_RSA_WITH_AES_128_CBC_SHA'] },
  });
  t.ok(unmet([accepted], NIST).includes('no-tls10'));
});

t.test('what is required and not seen: not met where it was asked for, else inconclusive', async (t) => {
  const policy = asking({ id: 'tls13', served: 'protocol', required: ['TLSv1.3'] });
  const only12 = { 'TLSv1.2': ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'] };
  t.equal(verdict(rule, [active({ suites: only12 })], { policy }), 'fail');
  t.equal(verdict(rule, [active()], { policy }), 'pass');
  const incomplete = active({ suites: only12, asked: { complete: false } });
  t.equal(verdict(rule, [incomplete], { policy }), 'inconclusive');
  t.equal(verdict(rule, [tls()], { policy }), 'inconclusive', 'a capture shows what was chosen, not what would be');
  const offered = { versions: ['TLSv1.3', 'TLSv1.2'], cipherSuites: [], namedGroups: [], signatureSchemes: [] };
  t.equal(verdict(rule, [tls({ tls: { offered } })], { policy }), 'fail', 'a client offered it, and was given 1.2');
});

t.test('client authentication: demanded, not demanded, hidden', async (t) => {
  const policy = asking({ id: 'clients', served: 'client-authentication', on: 'internal', required: ['required'] });
  const demand = (change: Parameters<typeof clientAuthentication>[0]): Observation =>
    tls({ tls: { clientAuthentication: clientAuthentication(change) } });
  t.equal(verdict(rule, [demand({})], { policy }), 'pass', 'asked, and a certificate was shown');
  t.equal(verdict(rule, [demand({ verdict: 'not-requested', presented: 'none' })], { policy }), 'fail');
  t.equal(verdict(rule, [demand({ verdict: 'requested', presented: 'empty' })], { policy }), 'fail', 'let in without');
  t.equal(verdict(rule, [tls13()], { policy }), 'inconclusive', 'encrypted');
  t.equal(verdict(rule, [active({ demands: { 'TLSv1.3': 'required', 'TLSv1.2': 'requested' } })], { policy }), 'fail');
  t.equal(
    verdict(rule, [active({ demands: { 'TLSv1.3': 'required', 'TLSv1.2': 'unknown' } })], { policy }),
    'inconclusive',
  );
  t.equal(verdict(rule, [active()], { policy }), 'pass');
});

t.test('clear text fails TLS, and has no suites to judge', async (t) => {
  t.strictSame(unmet([clear({ channel: 'blob-server' })], STRICT), ['internal-tls']);
  t.strictSame(unmet([clear({ channel: 'rest' })], STRICT), ['rest-tls']);
  t.strictSame(unmet([clear({ channel: 'blob-server' })], NIST), [], 'NIST SP 800-52 is about how TLS is used');
});

t.test('scopes: a requirement on REST says nothing of RPC, a list of channels names them', async (t) => {
  const suites = { served: 'cipher-suite', 'one-of': ['TLS_AES_256_GCM_SHA384'] } as const;
  for (const [on, failing] of [
    ['rest', ['rest']],
    ['internal', ['jobmanager-rpc', 'blob-server']],
    ['all', ['rest', 'jobmanager-rpc', 'blob-server']],
    [['blob-server'], ['blob-server']],
  ] as const) {
    const { findings } = judged(
      rule,
      (['rest', 'jobmanager-rpc', 'blob-server'] as const).map((channel) => tls({ channel })),
      { policy: asking({ id: 'a', ...suites, on }) },
    );
    t.strictSame(
      findings.map(({ channel }) => channel),
      failing,
      String(on),
    );
  }
});

t.test(
  'one finding a requirement and endpoint, with severity, source, proof and a fingerprint of its own',
  async (t) => {
    const one = tls({ tls: { cipherSuite: 'TLS_RSA_WITH_AES_128_CBC_SHA' } });
    const { findings } = judged(rule, [one, tls({ tls: one.tls! })], { policy: BSI });
    const suites = findings.filter(({ title }) => title.includes('cipher-suite'));
    t.equal(suites.length, 1);
    t.match(suites[0], {
      severity: 'high',
      title: 'bsi-tr-02102 cipher-suite: cipher suites',
      observed: 'TLS_RSA_WITH_AES_128_CBC_SHA (in use)',
      references: [/^BSI TR-02102-2/, /^BSI TR-02102-2/],
      evidence: [{ observation: one.id }],
    });
    t.match(suites[0]!.expected, /^cipher suites: nothing but TLS_ECDHE_/);
    t.equal(new Set(findings.map(({ fingerprint }) => fingerprint)).size, findings.length);
  },
);

t.test('what is hidden is one inconclusive finding that names the requirements', async (t) => {
  const policy = asking(
    { id: 'rsa', certificate: 'rsa-bits', 'at-least': 2048 },
    { id: 'hash', certificate: 'hash', forbidden: ['sha1'] },
    { id: 'suites', served: 'cipher-suite', forbidden: ['*_CBC_*'] },
  );
  const found = finding(rule, [tls13()], { policy });
  t.match(found, { verdict: 'inconclusive', severity: 'info', message: 'Could not be judged here: rsa, hash.' });
  const { policy: outcome } = judged(rule, [tls13()], { policy });
  t.match(outcome, { met: 1, notMet: 0, notJudged: 2, unjudged: ['rsa', 'hash'] });
});

t.test('a key that cannot be read is not passed', async (t) => {
  const policy = asking({ id: 'rsa', certificate: 'rsa-bits', 'at-least': 2048 });
  const unread = keyed({ type: 'RSA', bits: null, curve: null }, { problem: 'malformed' });
  t.equal(verdict(rule, [unread], { policy }), 'inconclusive');
  const ed25519 = keyed({ type: 'Ed25519', bits: 256, curve: null });
  t.equal(verdict(rule, [ed25519], { policy }), 'pass', 'there is no RSA key');
});

t.test('days: of validity as issued, and those that are left at the time of judging', async (t) => {
  const policy = asking(
    { id: 'short', certificate: 'validity-days', 'at-most': 365 },
    { id: 'left', certificate: 'remaining-days', 'at-least': 30 },
  );
  const dated = (notBefore: string, notAfter: string): Observation =>
    keyed({ type: 'RSA', bits: 3072, curve: null }, { notBefore, notAfter });
  // 2026 has 365 days; judged on 2026-11-23T13:00Z.
  t.strictSame(unmet([dated('2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z')], policy), []);
  t.strictSame(unmet([dated('2026-01-01T00:00:00Z', '2027-01-01T00:00:01Z')], policy), ['short']);
  t.strictSame(unmet([dated('2026-01-01T00:00:00Z', '2026-12-23T13:00:00Z')], policy), []);
  t.strictSame(unmet([dated('2026-01-01T00:00:00Z', '2026-12-23T12:59:59Z')], policy), ['left']);
});

t.test('a requirement of another version of Flink does not count', async (t) => {
  const since = asking({ id: 'a', served: 'protocol', 'one-of': ['TLSv1.3'], since: '2.0' });
  const until = asking({ id: 'a', served: 'protocol', 'one-of': ['TLSv1.3'], until: '2.0' });
  for (const [policy, flinkVersion, expected] of [
    [since, '1.20.3', 'not-applicable'],
    [since, '2.0.0', 'fail'],
    [until, '1.20.3', 'fail'],
    [until, '2.0.0', 'not-applicable'],
  ] as const)
    t.equal(verdict(rule, [tls()], { policy, flinkVersion }), expected, `${flinkVersion}`);
  t.equal(verdict(rule, [tls()], { policy: since }), 'fail', 'an unknown version is the newest');
});

t.test('without a policy, and on what is no channel, it does not apply', async (t) => {
  t.equal(verdict(rule, [tls()]), 'not-applicable');
  t.equal(verdict(rule, [tls({ channel: 'unknown' })], { policy: STRICT }), 'not-applicable');
});
