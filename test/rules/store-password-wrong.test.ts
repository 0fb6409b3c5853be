import { fileURLToPath } from 'node:url';
import t from 'tap';
import { rule } from '../../src/rules/store-password-wrong.ts';
import { auditFinding, auditVerdict, INTERNAL, type Lines, recorded, store } from '../support/audited.ts';

const TRUST = { stores: ['internal-trust.p12'] } as const;
const at = (file: string, change: Lines = {}) => ({ ...INTERNAL, 'security.ssl.internal.keystore': file, ...change });
const jks = fileURLToPath(new URL('../../../test/vectors/keystore/rsa.jks', import.meta.url));

t.test('a wrong password of the store is found, and never shown', async (t) => {
  const lines = at(store('internal.p12'), { 'security.ssl.internal.keystore-password': 'CANARY-4' });
  const found = await auditFinding(rule, [lines], TRUST);
  t.match(found, { severity: 'high', channel: 'jobmanager-rpc', message: /internal keystore does not open it/ });
  t.notMatch(JSON.stringify(found), 'CANARY-4');
});

t.test('a key of PKCS#12 opens by the password of the store alone', async (t) => {
  const lines = at(store('internal.p12'), { 'security.ssl.internal.key-password': 'CANARY-5' });
  const found = await auditFinding(rule, [lines], TRUST);
  t.match(found.message, /private key does not open by key-password/);
  t.notMatch(JSON.stringify(found), 'CANARY-5');
});

t.test('JKS with a key password of its own', async (t) => {
  // flink-ec in it has the password keypass, flink that of the store: Java opens all by one, and cannot here.
  t.equal(await auditVerdict(rule, [at(jks, { 'security.ssl.internal.key-password': 'wrong' })], TRUST), 'fail');
});

t.test('right passwords pass, what was not found is nothing for it', async (t) => {
  t.equal(await auditVerdict(rule, [at(store('internal.p12'))], TRUST), 'pass');
  t.equal(await auditVerdict(rule, [at(store('internal.jks'))], TRUST), 'pass');
  t.equal(await auditVerdict(rule, [recorded('1.20.3-all', 'jm')]), 'not-applicable');
});
