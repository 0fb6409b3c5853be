import t from 'tap';
import { parseFlinkConfiguration } from '../../src/flink/config.ts';
import { MASK } from '../../src/flink/user-info.ts';
import { differencesOf } from '../../src/logs/differences.ts';
import { LogReader } from '../../src/logs/reader.ts';
import type { LoggedSetting } from '../../src/model/log.ts';

function load(...properties: readonly string[]): readonly LoggedSetting[] {
  const reader = new LogReader();
  for (const property of properties) {
    reader.push(
      Buffer.from(
        `2026-11-22 13:00:00,000 INFO  org.apache.flink.configuration.GlobalConfiguration [] - ${property}\n`,
      ),
    );
  }
  return reader.finish().processes[0]?.settings ?? [];
}

function configured(text: string): ReturnType<typeof parseFlinkConfiguration> {
  return parseFlinkConfiguration([{ name: 'conf/config.yaml', text }], { member: null, flinkVersion: '1.20.3' });
}

t.test('reads properties, those of the command line last', (t) => {
  t.strictSame(
    load(
      'Loading configuration property: security.ssl.internal.enabled, true',
      'Loading configuration property: rest.port, 8081',
      'Loading dynamic configuration property: rest.port, 8082',
    ),
    [
      { key: 'security.ssl.internal.enabled', value: 'true', line: 1, origin: 'file' },
      { key: 'rest.port', value: '8082', line: 3, origin: 'dynamic' },
    ],
  );
  t.end();
});

t.test('masks what is secret, although an old or changed log shows it', (t) => {
  const settings = load(
    'Loading configuration property: security.ssl.internal.key-password, canary-1',
    'Loading configuration property: s3.secret-key, canary-2',
    'Loading configuration property: env.java.opts.all, -Djavax.net.ssl.trustStorePassword=canary-3',
    'Loading configuration property: s3.endpoint, https://user:canary-4@s3:9000',
    'Loading configuration property: security.kerberos.token, canary-5',
  );
  t.equal(settings.length, 5);
  t.notMatch(JSON.stringify(settings), /canary/);
  t.equal(settings[3]?.value, `https://${MASK}@s3:9000`);
  t.end();
});

t.test('tells by key what a process was not started with as it is configured now', (t) => {
  const logged = load(
    'Loading configuration property: security.ssl.internal.enabled, false',
    'Loading configuration property: security.ssl.protocol, TLSv1.2',
    'Loading configuration property: blob.service.ssl.enabled, false',
    'Loading configuration property: rest.port, 8081',
    'Loading configuration property: parallelism.default, 4',
  );
  const differences = differencesOf(
    logged,
    configured(
      'security.ssl.internal.enabled: true\nsecurity.ssl.protocol: "TLSv1.2"\nrest.port: 8081\nparallelism.default: 8\nsecurity.ssl.rest.enabled: true\n',
    ),
  );
  t.strictSame(differences, [
    { key: 'blob.service.ssl.enabled', logged: 'false', line: 3, configured: null },
    {
      key: 'security.ssl.internal.enabled',
      logged: 'false',
      line: 1,
      configured: 'true',
      file: 'conf/config.yaml',
      configuredLine: 1,
    },
    {
      key: 'security.ssl.rest.enabled',
      logged: null,
      configured: 'true',
      file: 'conf/config.yaml',
      configuredLine: 5,
    },
  ]);
  t.end();
});

t.test('holds nothing against a log without properties, and repeats no password of the file', (t) => {
  const configuration = configured('security.ssl.internal.enabled: true\nsecurity.ssl.internal.key-password: canary\n');
  t.strictSame(differencesOf([], configuration), []);
  const logged = load('Loading configuration property: security.ssl.internal.enabled, true');
  t.strictSame(differencesOf(logged, configuration), [
    {
      key: 'security.ssl.internal.key-password',
      logged: null,
      configured: MASK,
      file: 'conf/config.yaml',
      configuredLine: 2,
    },
  ]);
  t.end();
});
