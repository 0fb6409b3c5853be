import { readFileSync } from 'node:fs';
import t from 'tap';
import { parseFlinkConfiguration } from '../../src/flink/config.ts';

const LEGACY = { name: 'conf/flink-conf.yaml', text: 'rest.port: 1\nonly.legacy: x\n' };
const STANDARD = { name: 'conf/config.yaml', text: 'rest:\n  port: 2\n' };

function recorded(name: string): string {
  return readFileSync(new URL(`../../../test/vectors/flink-conf/${name}`, import.meta.url), 'utf8');
}

t.test('takes the file that each Flink version takes', (t) => {
  const port = (flinkVersion: string): string | undefined =>
    parseFlinkConfiguration([LEGACY, STANDARD], { member: null, flinkVersion }).setting('rest.port')?.value;
  t.equal(port('1.17.2'), '1');
  t.equal(port('1.18.1'), '1');
  t.equal(port('1.19.3'), '1');
  t.equal(port('1.20.3'), '1');
  t.equal(port('2.0.0'), '2');
  t.equal(port('2.3.0'), '2');
  const alone = parseFlinkConfiguration([STANDARD], { member: null, flinkVersion: '1.20.3' });
  t.equal(alone.setting('rest.port')?.value, '2');
  t.same(alone.problems, []);
  t.end();
});

t.test('says so where the version that decides between two files is not known', (t) => {
  const configuration = parseFlinkConfiguration([LEGACY, STANDARD], { member: 'jm' });
  t.equal(configuration.setting('rest.port')?.value, '1');
  t.match(configuration.problems, [{ file: 'conf/config.yaml', line: 1, message: /version is not known/ }]);
  t.end();
});

t.test('says so where the version does not read the only file', (t) => {
  const old = parseFlinkConfiguration([STANDARD], { member: null, flinkVersion: '1.18.1' });
  t.match(old.problems, [{ file: 'conf/config.yaml', line: 1, message: /does not read this file/ }]);
  const young = parseFlinkConfiguration([LEGACY], { member: null, flinkVersion: '2.0.0' });
  t.match(young.problems, [{ file: 'conf/flink-conf.yaml', line: 1, message: /does not read this file/ }]);
  t.end();
});

t.test('finds the version in the folder of the distribution, the option first', (t) => {
  const file = { ...STANDARD, name: '/opt/flink-1.20.3/conf/config.yaml' };
  t.equal(parseFlinkConfiguration([file], { member: null }).flinkVersion, '1.20.3');
  t.equal(parseFlinkConfiguration([file], { member: null, flinkVersion: '2.1.0' }).flinkVersion, '2.1.0');
  t.equal(parseFlinkConfiguration([STANDARD], { member: null }).flinkVersion, undefined);
  t.end();
});

t.test('takes an unknown version for the newest that reads the file', (t) => {
  const standard = parseFlinkConfiguration([STANDARD], { member: null });
  t.equal(standard.atLeast('2.3'), true);
  const legacy = parseFlinkConfiguration([LEGACY], { member: null });
  t.equal(legacy.atLeast('1.20.3'), true);
  t.equal(legacy.atLeast('2.0'), false);
  t.end();
});

t.test('answers with value, key, file and line, aliases after the key, defaults last', (t) => {
  const text = 'web.port: 9\nsecurity.ssl.enabled: true\n';
  const configuration = parseFlinkConfiguration([{ name: 'flink-conf.yaml', text }], { member: 'jm' });
  t.same(configuration.setting('rest.port', 'web.port'), {
    key: 'web.port',
    value: '9',
    file: 'flink-conf.yaml',
    line: 1,
    origin: 'file',
  });
  t.same(configuration.settingOr('rest.port', '8081'), { key: 'rest.port', value: '8081', origin: 'default' });
  t.equal(configuration.setting('rest.port'), undefined);
  t.same(configuration.keys(), ['web.port', 'security.ssl.enabled']);
  t.equal(configuration.member, 'jm');
  t.end();
});

t.test('names the line of a key that stands twice, flat and nested too; the last one counts', (t) => {
  const legacy = parseFlinkConfiguration([{ name: 'flink-conf.yaml', text: 'a: 1\nb: 2\na: 3\n' }], { member: null });
  t.equal(legacy.setting('a')?.value, '3');
  t.match(legacy.problems, [{ file: 'flink-conf.yaml', line: 3, message: /duplicate key a, also in line 1/ }]);
  const nested = parseFlinkConfiguration([{ name: 'config.yaml', text: 'a.b: 1\na:\n  b: 2\n' }], { member: null });
  t.equal(nested.setting('a.b')?.value, '2');
  t.match(nested.problems, [{ file: 'config.yaml', line: 3, message: /duplicate key a\.b, also in line 1/ }]);
  t.end();
});

t.test('reads configurations of real clusters without a problem', (t) => {
  const tm2 = parseFlinkConfiguration(
    [{ name: 'flink-conf.yaml', text: recorded('1.17.2-w-off-tm2-flink-conf.yaml') }],
    { member: 'tm2', flinkVersion: '1.17.2' },
  );
  t.same(tm2.problems, []);
  t.match(tm2.setting('security.ssl.internal.enabled'), { value: 'false', line: 19 });
  t.equal(tm2.setting('taskmanager.host')?.value, 'tm2');
  const all = parseFlinkConfiguration([{ name: 'config.yaml', text: recorded('1.20.3-all-jm-config.yaml') }], {
    member: 'jm',
  });
  t.same(all.problems, []);
  t.equal(all.keys().length, recorded('1.20.3-all-jm-config.yaml').trim().split('\n').length);
  t.match(all.setting('security.ssl.rest.authentication-enabled'), { value: 'true', file: 'config.yaml' });
  t.end();
});

t.test('is empty where there is no file', (t) => {
  const configuration = parseFlinkConfiguration([], { member: null });
  t.same(configuration.keys(), []);
  t.same(configuration.problems, []);
  t.equal(configuration.file, undefined);
  t.end();
});
