import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { rule } from '../../src/rules/store-in-image-or-jar.ts';
import { auditFinding, auditFindings, auditVerdict, INTERNAL, type Lines, store, written } from '../support/audited.ts';
import { zipOf } from '../support/zip-writer.ts';

const at = (keystore: string): Lines => ({ ...INTERNAL, 'security.ssl.internal.keystore': keystore });

/** `--conf` of a Flink around this configuration. */
function flinkAround(lines: Lines, jar?: Uint8Array): { readonly conf: string; readonly home: string } {
  const [member, folder] = written(lines).split('=') as [string, string];
  const home = path.join(folder, 'home');
  for (const name of ['lib', 'usrlib', 'conf']) mkdirSync(path.join(home, name), { recursive: true });
  copyFileSync(path.join(folder, 'config.yaml'), path.join(home, 'conf/config.yaml'));
  writeFileSync(path.join(home, 'lib/flink-dist-1.20.3.jar'), zipOf({ 'META-INF/MANIFEST.MF': '' }));
  if (jar !== undefined) writeFileSync(path.join(home, 'usrlib/job.jar'), jar);
  return { conf: `${member}=${path.join(home, 'conf')}`, home };
}

t.test('a keystore below a code folder of the image is medium, a truststore low', async (t) => {
  for (const file of ['/opt/flink/usrlib/internal.p12', '/opt/flink/lib/internal.p12', 'classpath:internal.p12']) {
    t.match(
      await auditFinding(rule, [at(file)]),
      { severity: 'medium', channel: 'jobmanager-rpc', file: { line: 2 } },
      file,
    );
  }
  const trust = { ...INTERNAL, 'security.ssl.internal.truststore': '/opt/flink/usrlib/trust.p12' };
  t.match(await auditFinding(rule, [trust]), { severity: 'low' });
});

t.test('stores in jars of lib and usrlib are found by their names', async (t) => {
  const jar = zipOf({ 'META-INF/MANIFEST.MF': '', 'ssl/internal.p12': 'x', 'conf/other.jks': 'y', 'a/B.class': 'z' });
  const { conf, home } = flinkAround(INTERNAL, jar);
  const findings = await auditFindings(rule, [conf]);
  t.strictSame(
    findings.map(({ severity, observed, file }) => [severity, observed, file?.path]),
    [
      ['medium', 'ssl/internal.p12', `${home}/usrlib/job.jar`],
      ['low', 'conf/other.jks', `${home}/usrlib/job.jar`],
    ],
  );
});

t.test('damaged jars are passed over', async (t) => {
  const whole = Buffer.from(zipOf({ 'ssl/internal.p12': 'x' }));
  for (const bytes of [whole.subarray(0, 30), whole.subarray(0, -10), Buffer.alloc(70_000, 0x50)]) {
    t.equal(await auditVerdict(rule, [flinkAround(INTERNAL, bytes).conf]), 'pass');
  }
});

t.test('a store elsewhere passes, also one that Kubernetes mounts among the code', async (t) => {
  t.equal(await auditVerdict(rule, [at(store('internal.p12'))]), 'pass');
  const { conf, home } = flinkAround(at('usrlib/ssl/internal.p12'));
  const volume = path.join(home, 'usrlib/ssl');
  mkdirSync(path.join(volume, '..2026_11_22'), { recursive: true });
  copyFileSync(store('internal.p12'), path.join(volume, '..2026_11_22/internal.p12'));
  symlinkSync('..2026_11_22', path.join(volume, '..data'));
  symlinkSync('..data/internal.p12', path.join(volume, 'internal.p12'));
  t.equal(await auditVerdict(rule, [conf]), 'pass');
});

t.test('a configuration without stores and without a Flink around is nothing for it', async (t) => {
  t.equal(await auditVerdict(rule, [{ 'rest.port': '8081' }]), 'not-applicable');
});
