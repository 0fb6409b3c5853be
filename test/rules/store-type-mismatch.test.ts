import t from 'tap';
import { rule } from '../../src/rules/store-type-mismatch.ts';
import { auditFinding, auditVerdict, INTERNAL, type Lines, recorded, store } from '../support/audited.ts';

const TRUST = { stores: ['internal-trust.p12'] } as const;
const TYPE = 'security.ssl.internal.keystore-type';
const at = (file: string, change: Lines = {}) => ({ ...INTERNAL, 'security.ssl.internal.keystore': file, ...change });

t.test('a type setting that the file is not of keeps Java from opening it', async (t) => {
  const lines = at(store('internal.jceks'), { [TYPE]: 'PKCS12' });
  t.match(await auditFinding(rule, [lines], TRUST), { severity: 'high', expected: 'PKCS12', observed: 'JCEKS' });
});

t.test('JCEKS without a type setting is opened by no JVM', async (t) => {
  t.match(await auditFinding(rule, [at(store('internal.jceks'))], TRUST), {
    severity: 'high',
    message: /opens only where/,
  });
  t.equal(await auditVerdict(rule, [at(store('internal.jceks'), { [TYPE]: 'jceks' })], TRUST), 'pass');
});

t.test('JKS and PKCS#12 stand for each other in Java, but a false name is told', async (t) => {
  t.equal(await auditVerdict(rule, [at(store('internal.jks'), { [TYPE]: 'PKCS12' })], TRUST), 'pass');
  const misnamed = at(store('internal.jks', 0o600, 'internal-jks.p12'));
  t.match(await auditFinding(rule, [misnamed], TRUST), { severity: 'low', observed: 'JKS', expected: 'a PKCS12 file' });
});

t.test('stores that are what they say pass, unread ones are nothing for it', async (t) => {
  t.equal(await auditVerdict(rule, [at(store('internal.p12'))], TRUST), 'pass');
  t.equal(await auditVerdict(rule, [recorded('1.20.3-all', 'jm')]), 'not-applicable');
});
