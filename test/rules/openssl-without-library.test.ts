import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { rule } from '../../src/rules/openssl-without-library.ts';
import { auditFinding, auditVerdict, INTERNAL, type Lines, written } from '../support/audited.ts';

const OPENSSL: Lines = { ...INTERNAL, 'security.ssl.provider': 'OPENSSL' };
const LIBRARY = 'flink-shaded-netty-tcnative-dynamic-2.0.62.Final-17.0.jar';

/** A configuration in the `conf` of a Flink with these files. */
function home(files: readonly string[]): string {
  const [member, folder] = written(OPENSSL).split('=') as [string, string];
  const top = path.join(folder, 'home');
  for (const file of ['lib/flink-dist-1.20.3.jar', ...files]) {
    mkdirSync(path.join(top, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(top, file), '');
  }
  mkdirSync(path.join(top, 'conf'));
  copyFileSync(path.join(folder, 'config.yaml'), path.join(top, 'conf/config.yaml'));
  return `${member}=${path.join(top, 'conf')}`;
}

t.test('a library that lib lacks keeps the process from starting, one in opt is named', async (t) => {
  t.match(await auditFinding(rule, [home([])]), {
    severity: 'high',
    message: /lib holds no .*: the process does not start/,
  });
  t.match(await auditFinding(rule, [home([`opt/${LIBRARY}`])]), { message: `opt holds ${LIBRARY}` });
});

t.test('a library in lib passes', async (t) => {
  t.equal(await auditVerdict(rule, [home([`lib/${LIBRARY}`])]), 'pass');
});

t.test('a configuration without a Flink around it cannot say', async (t) => {
  t.equal(await auditVerdict(rule, [OPENSSL]), 'inconclusive');
});

t.test('the provider of the JDK, and a cluster without TLS, are nothing for it', async (t) => {
  t.equal(await auditVerdict(rule, [INTERNAL]), 'not-applicable');
  t.equal(await auditVerdict(rule, [{ 'security.ssl.provider': 'OPENSSL' }]), 'not-applicable');
});
