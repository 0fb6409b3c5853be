import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { rule } from '../../src/rules/store-not-usable.ts';
import { auditFinding, auditFindings, auditVerdict, INTERNAL, recorded, STORES, store } from '../support/audited.ts';

const at = (file: string) => ({ ...INTERNAL, 'security.ssl.internal.keystore': file });
const TRUST = { stores: ['internal-trust.p12'] } as const;

t.test('a file that its folder lacks is missing, a folder that is missing is another machine', async (t) => {
  const missing = path.join(path.dirname(store('internal.p12')), 'gone.p12');
  t.match(await auditFinding(rule, [at(missing)], TRUST), { verdict: 'fail', severity: 'high', message: /is missing/ });
  const findings = await auditFindings(rule, [recorded('1.20.3-all', 'jm')]);
  t.equal(findings.length, 4);
  for (const found of findings) t.match(found, { verdict: 'inconclusive', message: /not even its folder/ });
});

t.test('folders, empty and damaged files, and stores without a key are told apart', async (t) => {
  const folder = path.dirname(store('internal.p12'));
  const empty = path.join(folder, 'empty.p12');
  writeFileSync(empty, '');
  const cut = path.join(folder, 'cut.p12');
  writeFileSync(cut, readFileSync(store('internal.p12')).subarray(0, 700));
  for (const [file, said] of [
    [folder, /is a folder/],
    [empty, /is empty/],
    [cut, /is damaged/],
    [store('internal-trust.p12', 0o600, 'key.p12'), /holds no private key/],
  ] as const) {
    t.match(await auditFinding(rule, [at(file)], TRUST), { verdict: 'fail', message: said }, String(said));
  }
});

t.test('the stores of the recorded cluster pass', async (t) => {
  const stores = [...STORES, 'rest-trust.p12'];
  t.equal(await auditVerdict(rule, [recorded('1.20.3-all', 'jm')], { stores }), 'pass');
});

t.test('a store without a known password is not looked into', async (t) => {
  const [found] = await auditFindings(rule, [], { given: [{ path: store('internal.p12') }] });
  t.match(found, { verdict: 'inconclusive', message: /no password is known/ });
});

t.test('a wrong password is another rule, and no store is nothing for it', async (t) => {
  const given = [{ path: store('internal.p12'), password: 'wrong' }];
  t.equal(await auditVerdict(rule, [], { given }), 'not-applicable');
  t.equal(await auditVerdict(rule, [recorded('1.20.3-off', 'jm')]), 'not-applicable');
});

t.test('a store of a kind that is not read here is not called unusable', async (t) => {
  const file = fileURLToPath(new URL('../../../test/vectors/keystore/trust.bcfks', import.meta.url));
  const [found] = await auditFindings(rule, [], { given: [{ path: file }] });
  t.match(found, {
    verdict: 'inconclusive',
    message: /it is a BCFKS store of Bouncy Castle, .* keytool -storetype BCFKS/,
  });
});

t.test('a truststore of OpenSSL, in which Java sees nothing, is found', async (t) => {
  const openssl = fileURLToPath(new URL('../../../test/vectors/keystore/openssl-trust.p12', import.meta.url));
  const lines = {
    ...INTERNAL,
    'security.ssl.internal.keystore': store('internal.p12'),
    'security.ssl.internal.truststore': openssl,
  };
  // keytool -list of this file: contains 0 entries (test/keystore/live.test.ts).
  t.match(await auditFinding(rule, [lines]), {
    severity: 'high',
    message: /Java trusts nothing in the internal truststore: ports open and every handshake fails/,
    remediation: { command: /^keytool -importcert/ },
  });
});
