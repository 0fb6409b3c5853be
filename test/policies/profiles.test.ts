import t from 'tap';
import { policyPage } from '../../src/build/policy-page.ts';
import { loadProbes } from '../../src/evaluate/directory.ts';
import { policyExpectations } from '../../src/evaluate/policy-expectations.ts';
import { SEVERITIES } from '../../src/model/report.ts';
import { CIPHER_SUITES } from '../../src/tls/cipher-suites.ts';
import { NAMED_GROUPS } from '../../src/tls/code-points.ts';
import { PROFILES, profile } from '../support/policies.ts';
import { names, read } from '../support/repository.ts';

t.test('the profiles of the contract are there, one a file', async (t) => {
  const files = names('src/policies').map((name) => name.replace(/\.ts$/, ''));
  t.strictSame(
    PROFILES.map(({ policy }) => policy),
    files,
  );
  t.strictSame(files, ['bsi-tr-02102', 'flink-documented', 'flink-strict', 'nist-800-52r2', 'pci']);
});

t.test('every requirement has an id of its own, a reason, and a source that can be looked up', async (t) => {
  const source =
    /^(https:\/\/www\.rfc-editor\.org\/rfc\/rfc\d+(#section-[\d.]+)?|https:\/\/nightlies\.apache\.org\/flink\/flink-docs-stable\/docs\/\S+\/|FLINK-\d+|Flink documentation: .+|NIST SP 800-\S+ .+|BSI TR-02102-2[ ,].+|PCI DSS 4\.0\.1 .+|PCI SSC FAQ: .+)$/;
  for (const { policy, title, about, requirements } of PROFILES) {
    t.match(title, /^[A-Z].+[^.]$/, policy);
    t.match(about, /^[A-Z].{80,}\.$/, policy);
    t.equal(new Set(requirements.map(({ id }) => id)).size, requirements.length, policy);
    for (const { id, reason, source: sources, severity } of requirements) {
      const name = `${policy} ${id}`;
      t.match(id, /^[a-z0-9]+(-[a-z0-9]+)*$/, name);
      t.match(reason, /^[A-Z0-9].+\.$/, name);
      t.notMatch(reason, /[!–—]|\b[Yy]our?\b/, name);
      t.ok(SEVERITIES.includes(severity), name);
      t.ok(sources.length > 0, name);
      for (const one of sources) t.match(one, source, name);
    }
  }
});

t.test('every suite and group that a profile names is in the registries', async (t) => {
  const registries = { 'cipher-suite': CIPHER_SUITES, 'named-group': NAMED_GROUPS } as const;
  for (const { policy, requirements } of PROFILES) {
    for (const one of requirements) {
      if (!('served' in one) || (one.served !== 'cipher-suite' && one.served !== 'named-group')) continue;
      const values = 'one-of' in one ? one['one-of'] : 'required' in one ? one.required : [];
      for (const value of values.filter((each) => !each.includes('*')))
        t.not(registries[one.served].code(value), undefined, `${policy} ${one.id} ${value}`);
      t.equal(new Set(values).size, values.length, `${policy} ${one.id} names each once`);
    }
  }
});

function suitesOf(policy: string): readonly string[] {
  const one = PROFILES.find((each) => each.policy === policy)!.requirements.find(({ id }) => id === 'cipher-suite')!;
  return 'one-of' in one ? one['one-of'] : [];
}

/** SP 800-52r2 section 3.3.1.1, as its text groups them: code points of the IANA registry. */
const NIST_TLS12: readonly (readonly [kind: string, codes: readonly number[]])[] = [
  ['ECDSA', [0xc02b, 0xc02c, 0xc0ac, 0xc0ad, 0xc0ae, 0xc0af, 0xc023, 0xc024, 0xc009, 0xc00a]],
  [
    'RSA',
    [
      0xc02f, 0xc030, 0x9e, 0x9f, 0xc09e, 0xc09f, 0xc0a2, 0xc0a3, 0xc027, 0xc028, 0x67, 0x6b, 0xc013, 0xc014, 0x33,
      0x39,
    ],
  ],
  ['DSA', [0xa2, 0xa3, 0x40, 0x6a, 0x32, 0x38]],
  ['DH', [0xa4, 0xa5, 0x3e, 0x68, 0x30, 0x36, 0xa0, 0xa1, 0x3f, 0x69, 0x31, 0x37]],
  ['ECDH', [0xc02d, 0xc02e, 0xc025, 0xc026, 0xc004, 0xc005, 0xc031, 0xc032, 0xc029, 0xc02a, 0xc00e, 0xc00f]],
];

t.test('the suites of NIST SP 800-52r2 are those of its section 3.3.1, by code point', async (t) => {
  const expected = [...NIST_TLS12.flatMap(([, codes]) => codes), 0x1301, 0x1302, 0x1304, 0x1305];
  const codes = suitesOf('nist-800-52r2').map((name) => CIPHER_SUITES.code(name)!);
  t.strictSame(
    [...codes].sort((a, b) => a - b),
    [...expected].sort((a, b) => a - b),
  );
  t.equal(codes.length, 60);
  t.notOk(codes.includes(0x002f), 'static RSA is none of them');
});

t.test('the suites of BSI TR-02102-2 have forward secrecy, AES and SHA-2, and no truncated tag', async (t) => {
  // Table 1 has 20 rows, and the table for TLS 1.3 three.
  const suites = suitesOf('bsi-tr-02102');
  t.equal(suites.length, 23);
  for (const suite of suites) {
    t.match(suite, /^TLS_((EC)?DHE_\w+_WITH_)?AES_(128|256)_/, suite);
    t.notMatch(suite, /CCM_8|_SHA$|_PSK_|CHACHA/, suite);
  }
});

t.test('expectations where no configuration says otherwise', async (t) => {
  const probes = await loadProbes();
  const of = (policy: string, channel: string) =>
    policyExpectations(profile(policy), probes).find((one) => one.channel === channel);
  t.match(of('flink-strict', 'rest'), {
    tls: 'required',
    clientAuthentication: 'required',
    basis: 'policy',
    protocols: ['TLSv1.2', 'TLSv1.3'],
    because: [{ key: 'policy flink-strict' }],
  });
  t.match(of('flink-documented', 'rest'), { tls: 'required', clientAuthentication: 'none' });
  t.match(of('flink-documented', 'blob-server'), { tls: 'required', clientAuthentication: 'required' });
  t.equal(of('flink-strict', 'prometheus'), undefined, 'what cannot do TLS is not asked for it');
  t.strictSame(policyExpectations(undefined, probes), []);
});

t.test('docs/policies.md is what the profiles say of themselves', async (t) => {
  const page = policyPage(PROFILES);
  t.equal(read('docs/policies.md'), page, 'docs/policies.md is not that of the profiles: npm run docs');
  t.notMatch(page, /undefined|\[object/);
});
