import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import t from 'tap';
import { rule } from '../../src/rules/truststore-trusts-strangers.ts';
import { auditFinding, auditVerdict, INTERNAL, type Lines, recorded, STORES, store } from '../support/audited.ts';
import { type Attribute, mintEc } from '../support/pki.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'flinkprobe-strangers-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

/** A PEM truststore with authorities of these names, and the cluster's own certificate is in no need of it. */
function trusting(name: string, authorities: readonly (readonly Attribute[])[]): Lines {
  const file = path.join(folder, `${name}.pem`);
  writeFileSync(file, authorities.map((one) => mintEc('P-256', { name: one, ca: true }).pem).join(''));
  return {
    ...INTERNAL,
    'security.ssl.internal.keystore': store('internal.p12'),
    'security.ssl.internal.truststore': file,
  };
}

const PUBLIC: readonly Attribute[] = [
  ['C', 'US'],
  ['O', 'DigiCert Inc'],
  ['CN', 'DigiCert Global Root G2'],
];

t.test('a public authority in the internal truststore is high', async (t) => {
  const found = await auditFinding(rule, [trusting('public', [PUBLIC])]);
  t.match(found, { severity: 'high', channel: 'jobmanager-rpc', message: /DigiCert Global Root G2/ });
});

t.test('so is a bundle, whoever is in it', async (t) => {
  const many = Array.from({ length: 20 }, (_, at): readonly Attribute[] => [['CN', `authority ${at}`]]);
  t.match(await auditFinding(rule, [trusting('bundle', many)]), { observed: /^20 authorities/ });
});

t.test('a private authority passes, and so does the pair of the recorded cluster', async (t) => {
  t.equal(
    await auditVerdict(rule, [
      trusting('private', [
        [
          ['O', 'ACME'],
          ['CN', 'Flink CA'],
        ],
      ]),
    ]),
    'pass',
  );
  t.equal(await auditVerdict(rule, [recorded('1.20.3-all', 'jm')], { stores: STORES }), 'pass');
});

t.test('with a pin, or stores that nobody could read, it does not apply', async (t) => {
  const pin = { 'security.ssl.internal.cert.fingerprint': '61'.repeat(20) };
  t.equal(await auditVerdict(rule, [{ ...trusting('pinned', [PUBLIC]), ...pin }]), 'not-applicable');
  t.equal(await auditVerdict(rule, [recorded('1.20.3-all', 'jm')]), 'not-applicable');
});
