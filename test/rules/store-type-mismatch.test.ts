import { fileURLToPath } from 'node:url';
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

const BCFKS = fileURLToPath(new URL('../../../test/vectors/keystore/ec.bcfks', import.meta.url));

t.test('BCFKS is told by its content, whatever the type setting says', async (t) => {
  t.match(await auditFinding(rule, [at(BCFKS)], TRUST), { observed: 'BCFKS', message: /opens only where/ });
  t.match(await auditFinding(rule, [at(BCFKS, { [TYPE]: 'PKCS12' })], TRUST), {
    expected: 'PKCS12',
    observed: 'BCFKS',
    message: /the process does not start/,
  });
  t.equal(await auditVerdict(rule, [at(BCFKS, { [TYPE]: 'bcfks' })], TRUST), 'pass');
  const other = at(store('internal.p12'), { [TYPE]: 'BCFKS' });
  t.match(await auditFinding(rule, [other], TRUST), { expected: 'BCFKS', observed: 'PKCS12' });
});

t.test('types that are kept in no file are told, each with what Java does', async (t) => {
  for (const [type, said] of [
    ['PKCS11', /the process does not start/],
    ['Windows-ROOT', /what the operating system trusts/],
    ['KeychainStore', /what the operating system trusts/],
  ] as const) {
    const found = await auditFinding(rule, [at(store('internal.p12'), { [TYPE]: type })], TRUST);
    t.match(found, { severity: 'high', observed: type, message: said }, type);
  }
});
