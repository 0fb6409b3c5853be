import fc from 'fast-check';
import t from 'tap';
import { isSensitiveKey, readRestDocument } from '../../src/protocols/http-rest.ts';

const CONTEXT = { path: '', whole: true, crossOrigin: true } as const;

t.test('tells REST, history server and SQL gateway by their documents', (t) => {
  const config =
    '{"refresh-interval":3000,"flink-version":"1.20.3","flink-revision":"01e3a6d @ x","features":{"web-history":';
  const of = (text: string, crossOrigin = true): readonly string[] =>
    readRestDocument(text, { ...CONTEXT, crossOrigin }).channels;
  t.same(of(`${config}false}}`), ['rest']);
  t.same(of(`${config}true}}`, false), ['history-server']);
  t.same(of('{"taskmanagers":2,"flink-version":"2.3.0","flink-commit":"01e3a6d"}'), ['rest']);
  t.same(of('{"productName":"Apache Flink","version":"1.18.1"}'), ['sql-gateway']);
  const overview = '{"jobs":[{"jid":"de0df08d2c55d5323faebae0ca76fa5e","name":"x"}]}';
  t.same(of(overview), ['rest']);
  t.same(of(overview, false), ['history-server'], 'no CORS header');
  for (const other of ['{"flink-version":"1.20.3"}', '{"jobs":[]}', '[]', 'null', '{"version":"1.0"}', '<html>']) {
    t.same(of(other), [], other);
  }
  t.end();
});

t.test('names keys whose secrets stand readable, and none that Flink hides', (t) => {
  const settings = {
    'jobmanager.rpc.address': 'jm',
    's3.access-key': 'AKIAX',
    's3.secret-key': '******',
    'security.ssl.internal.keystore-password': '******',
    'my.password': '1234',
    'security.delegation.tokens.enabled': 'true',
    'security.delegation.tokens.renewal.retry.backoff': '1 h',
    'fs.azure.account.key.x': 'abc',
  };
  const text = JSON.stringify(Object.entries(settings).map(([key, value]) => ({ key, value })));
  const reading = readRestDocument(text, CONTEXT);
  t.same(reading.secretKeys, ['s3.access-key', 'my.password', 'fs.azure.account.key.x']);
  t.notMatch(JSON.stringify(reading), /AKIAX|1234/);
  const environment = JSON.stringify({
    jvm: { version: 'OpenJDK', arch: 'amd64', options: ['-Xmx1g', '-Djavax.net.ssl.trustStorePassword=CANARY'] },
    classpath: [],
  });
  const jvm = readRestDocument(environment, CONTEXT);
  t.same(jvm.secretKeys, ['-Djavax.net.ssl.trustStorePassword']);
  t.notMatch(JSON.stringify(jvm), /CANARY/);
  const job = `{"jid":"de0df08d2c55d5323faebae0ca76fa5e","name":"x","execution-config":{"user-config":{"db.password":"CANARY","a":"b"}}}`;
  t.same(readRestDocument(job, CONTEXT).secretKeys, ['db.password']);
  t.end();
});

// GlobalConfiguration of the versions that flink-channels lists.
t.test('holds for sensitive what Flink 2.3 hides', (t) => {
  for (const key of [
    'x.PASSWORD',
    'a.secret',
    'fs.azure.account.key.y',
    'apikey',
    'auth-params',
    'service-key',
    'token',
    'basic-auth',
    'jaas.config',
    'http-headers',
    's3.access-key',
  ]) {
    t.equal(isSensitiveKey(key), true, key);
  }
  t.equal(isSensitiveKey('security.ssl.internal.keystore'), false);
  t.end();
});

t.test('reads TaskManagers behind addresses by their ids, IPv6 too, and only sound entries', (t) => {
  const entry = (path: unknown, dataPort: unknown = 1): object => ({
    id: '10.0.0.7:41321-1f2e3d',
    path,
    dataPort,
    jmxPort: 8789,
  });
  const text = JSON.stringify({
    taskmanagers: [
      entry('pekko.ssl.tcp://flink@10.0.0.7:41321/user/rpc/taskmanager_0', 38127),
      entry('akka.tcp://flink@[fd00::7]:41321/user/rpc/taskmanager_0', 'x'),
      entry(5),
      null,
    ],
  });
  const { hints, details } = readRestDocument(text, CONTEXT);
  t.match(hints, [
    { kind: 'member', host: '10.0.0.7', member: '10.0.0.7:41321-1f2e3d' },
    { channel: 'taskmanager-rpc', port: 41321 },
    { channel: 'taskmanager-data', port: 38127 },
    { channel: 'jmx', port: 8789 },
    { kind: 'member', host: 'fd00::7' },
    { channel: 'taskmanager-rpc', port: 41321 },
    { channel: 'jmx', port: 8789 },
  ]);
  t.same(details.taskManagers, [
    '10.0.0.7:41321-1f2e3d 10.0.0.7:41321 ssl.tcp',
    '10.0.0.7:41321-1f2e3d fd00::7:41321 tcp',
  ]);
  t.end();
});

t.test('reads any text and any JSON without throwing', (t) => {
  const prefix = '"pekko.tcp://flink@"';
  fc.assert(fc.property(fc.string(), (text) => readRestDocument(prefix + text, CONTEXT).channels.length === 1));
  fc.assert(
    fc.property(fc.json(), (text) => {
      readRestDocument(
        `{"productName":"Apache Flink","taskmanagers":${text},"execution-config":${text},"jvm":${text}}`,
        CONTEXT,
      );
    }),
  );
  t.end();
});
