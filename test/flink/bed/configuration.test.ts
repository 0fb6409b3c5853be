import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { CASES, caseNamed } from './cases.ts';
import { baseSettings, configurationFile, configurationText, writeConfiguration } from './configuration.ts';
import { type KeyStores, pin } from './keystores.ts';
import { countLines, loggedLines } from './log-lines.ts';
import { CLUSTER_MEMBERS, LOOPBACK_SITE, NAMESPACE_SITE } from './members.ts';
import { hostsFile } from './network.ts';
import { securityProperties } from './processes.ts';
import { type CaseResult, resultText } from './results.ts';
import { FLINK_VERSIONS, versionNamed } from './versions.ts';

const STORES = new Proxy({} as KeyStores, {
  get: (_, name) => ({
    keyStore: `${String(name)}.p12`,
    trustStore: `${String(name)}-trust.p12`,
    sha1: 'ab'.repeat(20),
  }),
});

t.test('the file is named as the version reads it', async (t) => {
  t.equal(configurationFile(versionNamed('1.18.1')), 'flink-conf.yaml');
  t.equal(configurationFile(versionNamed('1.19.3')), 'config.yaml');
});

t.test('what is written is read back by YAML as the same keys and values', async (t) => {
  for (const theCase of CASES) {
    const settings = {
      ...baseSettings('jm', NAMESPACE_SITE, 'folder', theCase.ports ?? 'fixed'),
      ...theCase.settings('jm', STORES, NAMESPACE_SITE, versionNamed('2.3.0')),
    };
    t.same(parse(configurationText(settings), { schema: 'failsafe' }), settings, theCase.name);
  }
  t.throws(() => configurationText({ key: 'two\nlines' }), /one line/);
});

t.test('a configuration is written where it is looked for', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'flinkprobe-bed-test-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeConfiguration(join(folder, 'conf'), versionNamed('1.20.3'), { a: 'b' });
  t.equal(readFileSync(join(folder, 'conf', 'config.yaml'), 'utf8'), 'a: b\n');
});

t.test('only the member that is meant differs', async (t) => {
  const enabled = CLUSTER_MEMBERS.map((member) => {
    const settings = caseNamed('one-clear').settings(member, STORES, NAMESPACE_SITE, versionNamed('1.20.3'));
    return settings['security.ssl.internal.enabled'] ?? 'false';
  });
  t.same(enabled, ['true', 'true', 'false']);
});

t.test('the switch of RPC has the name of its version', async (t) => {
  const keys = (version: string): readonly string[] =>
    Object.keys(caseNamed('rpc-opt-out').settings('jm', STORES, NAMESPACE_SITE, versionNamed(version)));
  t.ok(keys('1.17.2').includes('akka.ssl.enabled'));
  t.ok(keys('1.18.1').includes('pekko.ssl.enabled'));
});

t.test('no secret of a machine and no two ports of a process are the same', async (t) => {
  for (const site of [NAMESPACE_SITE, LOOPBACK_SITE]) {
    const settings = baseSettings('tm1', site, 'folder', 'fixed');
    const ports = Object.entries(settings)
      .filter(([key]) => key.endsWith('port'))
      .map(([, value]) => value);
    t.equal(new Set(ports).size, ports.length);
    t.equal(settings['taskmanager.host'], site.name.tm1);
  }
});

t.test('the JDK is told what to refuse, both ways', async (t) => {
  t.notMatch(securityProperties(undefined), /TLS_RSA/);
  t.match(securityProperties('refuses-static-rsa'), /TLS_RSA_WITH_AES_128_CBC_SHA\b/);
  t.match(securityProperties(undefined), /^jdk\.tls\.disabledAlgorithms=.*TLSv1\.1/);
});

t.test('hosts files name all members, and the machine itself', async (t) => {
  const text = hostsFile(NAMESPACE_SITE, 'tm1');
  for (const member of ['jm', 'tm1', 'tm2', 'prober'] as const) {
    t.ok(text.includes(`${NAMESPACE_SITE.address[member]} ${member}\n`));
  }
  t.equal(text.split('\n').filter((line) => line.startsWith(NAMESPACE_SITE.address.tm1)).length, 2);
});

t.test('pins are written as Flink reads them', async (t) => {
  t.equal(pin('0a1bff'), '0A:1B:FF');
});

t.test('log lines are counted by level, and traces are not', async (t) => {
  const text = [
    '2026-01-02 03:04:05,678 INFO  a.b.C  [] - fine',
    '2026-01-02 03:04:05,678 WARN  a.b.C  [] - odd',
    '2026-01-02 03:04:05,678 ERROR a.b.D  [] - broken by /10.0.0.1:4711.',
    'java.io.IOException: ERROR in a trace',
    '2026-01-02 03:04:05,679 ERROR a.b.D  [] - broken by /10.0.0.1:4712.',
  ].join('\n');
  const during = loggedLines(text);
  t.same(countLines({ process: 'jm', during }), { process: 'jm', warn: 1, error: 2, errors: ['D: broken by ….'] });
});

t.test('a result is JSON, a line a field', async (t) => {
  const result: CaseResult = {
    ...{ version: '1.20.3', case: 'off', digest: 'x', site: 'namespaces', java: '17', seconds: { all: 1 } },
    endpoints: [{ channel: 'rest', member: 'jm', truth: 'c', wire: '=', verify: '=' }],
    strays: [],
    wire: 'equal',
    verify: 'equal',
  };
  t.same(JSON.parse(resultText(result)), result);
  t.ok(resultText(result).split('\n').length > 10);
});

t.test('every case of every version has settings for every member', async (t) => {
  for (const version of FLINK_VERSIONS) {
    for (const theCase of CASES) {
      for (const member of CLUSTER_MEMBERS) {
        const settings = theCase.settings(member, STORES, NAMESPACE_SITE, version);
        t.notOk(
          Object.values(settings).some((value) => /undefined/.test(value)),
          `${version.version} ${theCase.name}`,
        );
      }
    }
  }
});
