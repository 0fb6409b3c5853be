import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { type ParsedConfiguration, parseFlinkConfiguration } from '../../src/flink/config.ts';
import { type Followed, NOTHING_FOLLOWED, SourceError } from '../../src/flink/source.ts';
import { readSource } from '../../src/flink/source-kind.ts';
import { shared } from '../support/sources.ts';

/** What the entrypoint of Flink's image, its command line and the operator do; sources/README.md says where that stands. */

function read(name: string, text: string, followed: Followed = NOTHING_FOLLOWED): Record<string, ParsedConfiguration> {
  const { members } = readSource({ name, text }, followed);
  return Object.fromEntries(
    members.map(({ files, ...rest }) => [rest.member ?? 'all', parseFlinkConfiguration(files, rest)]),
  );
}

function fixture(name: string, followed?: Followed): Record<string, ParsedConfiguration> {
  return read(name, readFileSync(shared(name), 'utf8'), followed);
}

/** Value, line and way. */
function told(configuration: ParsedConfiguration | undefined, key: string): unknown {
  const found = configuration?.setting(key);
  return found === undefined ? undefined : [found.value, found.line, found.origin];
}

const lineOf = (name: string, part: string): number =>
  readFileSync(shared(name), 'utf8')
    .split('\n')
    .findIndex((line) => line.includes(part)) + 1;

const refused = (text: string, name = 'x.yaml', followed = NOTHING_FOLLOWED): string => {
  try {
    readSource({ name, text }, followed);
  } catch (error) {
    if (error instanceof SourceError) return error.message;
    throw error;
  }
  return 'read';
};

t.test('a FlinkDeployment gives a JobManager and a TaskManager, each value with its line', async (t) => {
  const { jobmanager, taskmanager, ...others } = fixture('deployment.yaml');
  t.strictSame(Object.keys(others), []);
  t.equal(jobmanager?.flinkVersion, '1.20.3', 'the tag of the image says more than v1_20');
  const key = 'security.ssl.internal.enabled';
  t.strictSame(told(jobmanager, key), ['true', lineOf('deployment.yaml', key), 'manifest']);
  t.equal(told(jobmanager, 'taskmanager.data.ssl.enabled'), undefined);
  t.strictSame(told(taskmanager, 'taskmanager.data.ssl.enabled'), [
    'false',
    lineOf('deployment.yaml', 'entrypoint.args'),
    'dynamic',
  ]);
  t.strictSame(jobmanager?.problems, []);
  t.strictSame(
    taskmanager?.exposed.filter(({ kind }) => kind !== 'manifest').map(({ name }) => name),
    ['taskmanager.data.ssl.enabled'],
    'a value from a Secret is not shown, nor a placeholder',
  );
});

t.test('nested flinkConfiguration is flattened; what Flink replaces in the pod template is told', async (t) => {
  const { jobmanager } = fixture('deployment-secrets.yaml');
  const at = (part: string): number => lineOf('deployment-secrets.yaml', part);
  t.strictSame(told(jobmanager, 'security.ssl.internal.enabled'), ['true', at('enabled: true'), 'manifest']);
  t.strictSame(told(jobmanager, 'rest.port'), ['8082', at('rest.port: 8082'), 'manifest'], 'no argument, no variable');
  const problemAt = (part: string): string => jobmanager!.problems.find(({ line }) => line === at(part))?.message ?? '';
  t.match(problemAt('rest.port: 7777'), /FLINK_PROPERTIES is not read by Flink: .* read-only/);
  t.match(problemAt('-Drest.port'), /-Drest\.port is not read/);
  t.match(problemAt('security.ssl.internal.enabled: "false"'), /of a FlinkSessionJob changes nothing/);
  const names = jobmanager!.exposed.map(({ name, line }) => `${line} ${name}`);
  for (const one of [
    `${at('canary-keystore')} security.ssl.internal.keystore-password`,
    `${at('canary-aws')} AWS_SECRET_ACCESS_KEY`,
    `${at('canary-job')} s3.secret-key`,
  ])
    t.ok(names.includes(one), one);
  t.notOk(
    names.some((one) => one.includes('SIDECAR')),
    'a sidecar is another process',
  );
  t.notMatch(JSON.stringify(jobmanager!.exposed), 'canary');
});

t.test('a ConfigMap that pods mount is their file: lines are those of the manifest', async (t) => {
  const { jobmanager, taskmanager } = fixture('standalone.yaml');
  t.strictSame(told(jobmanager, 'security.ssl.internal.enabled'), ['true', 12, 'config-map']);
  t.strictSame(told(jobmanager, 'rest.port'), ['8082', lineOf('standalone.yaml', '-Drest.port'), 'dynamic']);
  t.strictSame(told(taskmanager, 'security.ssl.internal.enabled'), [
    'false',
    lineOf('standalone.yaml', 'internal.enabled=false') - 1,
    'dynamic',
  ]);
  t.match(taskmanager!.overridden('security.ssl.internal.enabled'), [
    { value: 'true', line: 12, origin: 'config-map' },
  ]);
  t.equal(told(taskmanager, 'taskmanager.rpc.port'), undefined, 'a ConfigMap cannot be written');
  t.match(taskmanager!.problems, [{ message: /^FLINK_PROPERTIES is not read by Flink: .* read-only/ }]);
  t.equal(told(jobmanager, 'blob.server.port'), undefined, 'nor does the entrypoint set its port then');
});

t.test('kinds that are no Flink are passed over and counted', async (t) => {
  const { passedOver } = readSource(
    { name: 'k.yaml', text: readFileSync(shared('standalone.yaml'), 'utf8') },
    NOTHING_FOLLOWED,
  );
  t.strictSame(passedOver, ['Service', 'Kafka']);
  t.match(
    refused('apiVersion: v1\nkind: Service\nmetadata: {name: x}\n'),
    /^x\.yaml:1:1: configures no Flink process; it has Service$/,
  );
});

t.test('a ConfigMap alone is the configuration of all, in both formats as the version has it', async (t) => {
  const text = (name: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  other: x\n  ${name}: |-\n\n    a.b: 1 # said\n    rest.port: 7\n`;
  t.strictSame(told(read('c.yaml', text('config.yaml')).all, 'rest.port'), ['7', 9, 'config-map']);
  const { all } = read('c.yaml', text('flink-conf.yaml'));
  t.strictSame(told(all, 'rest.port'), ['7', 9, 'config-map']);
  const quoted = 'apiVersion: v1\nkind: ConfigMap\ndata:\n  config.yaml: "rest.port: 1\\nrest.address: h\\n"\n';
  t.strictSame(told(read('c.yaml', quoted).all, 'rest.address'), ['h', 4, 'config-map'], 'a quoted text has one line');
  const json = JSON.stringify({ kind: 'ConfigMap', apiVersion: 'v1', data: { 'config.yaml': 'rest.port: 5\n' } });
  t.strictSame(told(read('c.json', json).all, 'rest.port'), ['5', 1, 'config-map'], 'as kubectl -o json prints it');
});

t.test('a Secret is read as well, encoded or not', async (t) => {
  const encoded = Buffer.from('rest.port: 6\n').toString('base64');
  const { all } = read('s.yaml', `apiVersion: v1\nkind: Secret\ndata:\n  config.yaml: ${encoded}\n`);
  t.strictSame(told(all, 'rest.port'), ['6', 4, 'secret']);
  t.strictSame(all!.exposed, []);
});

t.test('both files of one ConfigMap: the version decides, and the other one is told', async (t) => {
  const text = (version: string): string => `apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data:
  config.yaml: |
    rest.port: 1
  flink-conf.yaml: |
    rest.port: 2
---
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  volumes: [{name: v, configMap: {name: c}}]
  containers:
    - {name: f, image: 'flink:${version}', args: [jobmanager], volumeMounts: [{name: v, mountPath: /opt/flink/conf}]}
`;
  const old = read('k.yaml', text('1.19.3')).jobmanager!;
  t.strictSame(told(old, 'rest.port'), ['2', 8, 'config-map']);
  t.match(old.problems, [{ line: 6, message: /not read by Flink 1\.19\.3 beside flink-conf\.yaml of k\.yaml/ }]);
  t.strictSame(told(read('k.yaml', text('2.0.0')).jobmanager, 'rest.port'), ['1', 6, 'config-map']);
});

t.test('Compose: file, then entrypoint, then FLINK_PROPERTIES, then -D', async (t) => {
  const file = { name: 'conf/config.yaml', text: readFileSync(shared('conf/config.yaml'), 'utf8') };
  const asked: string[] = [];
  const followed: Followed = {
    text: () => undefined,
    configuration: (path) => {
      asked.push(path);
      return [file];
    },
  };
  const { jobmanager, taskmanager, ...others } = fixture('compose.yaml', followed);
  t.strictSame(Object.keys(others), [], 'kafka is passed over');
  t.strictSame(asked, ['./conf', './conf']);
  t.strictSame(told(jobmanager, 'rest.port'), ['8082', lineOf('compose.yaml', '-Drest.port'), 'dynamic']);
  t.match(jobmanager!.overridden('rest.port'), [
    { value: '8083', line: lineOf('compose.yaml', 'rest.port: 8083'), origin: 'environment' },
    { value: '8081', file: 'conf/config.yaml', line: 1, origin: 'file' },
  ]);
  t.strictSame(told(jobmanager, 'security.ssl.internal.enabled'), ['true', 5, 'file']);
  t.strictSame(told(jobmanager, 'blob.server.port'), ['6124', 2, 'entrypoint'], 'set by docker-entrypoint.sh');
  t.equal(told(taskmanager, 'taskmanager.data.port'), undefined, 'mounted read-only');
  t.strictSame(told(taskmanager, 'taskmanager.rpc.port'), ['6122', lineOf('compose.yaml', '6122'), 'dynamic']);
});

t.test('FLINK_PROPERTIES is read as docker-entrypoint.sh of the version does', async (t) => {
  const pod = (version: string): ParsedConfiguration =>
    read(
      'p.yaml',
      `services:
  jm:
    image: flink:${version}
    command: jobmanager
    environment:
      SUITE: TLS_B
      FLINK_PROPERTIES: |
        rest.port:8081
        security.ssl.algorithms: TLS_A, $SUITE
        # comment: 1
        s3:
          endpoint: http://x:9000
`,
    ).jm!;
  const old = pod('1.18.1');
  t.equal(told(old, 'rest.port'), undefined, 'the parser of flink-conf.yaml wants a space');
  t.equal(old.setting('security.ssl.algorithms')?.value, 'TLS_A, TLS_B');
  const young = pod('1.20.3');
  t.strictSame(told(young, 'rest.port'), ['8081', 8, 'environment']);
  t.equal(young.setting('security.ssl.algorithms')?.value, 'TLS_A,TLS_B', 'tr -d [:space:]');
  t.equal(young.setting('s3.endpoint'), undefined);
  t.strictSame(told(young, 'endpoint'), ['http://x:9000', 12, 'environment']);
  t.match(
    young.problems.map(({ line }) => line),
    [9, 11, 12],
    'the lost space, the key without a value, and what looks nested',
  );
});

t.test('who replaces the entrypoint, or FLINK_CONF_DIR, loses FLINK_PROPERTIES', async (t) => {
  const service = (line: string): ParsedConfiguration =>
    read(
      'c.yaml',
      `services:\n  jm:\n    image: flink:1.20.3\n    ${line}\n    command: jobmanager\n    environment: {FLINK_PROPERTIES: "rest.port: 1"${line === '' ? ', FLINK_CONF_DIR: /conf' : ''}}\n`,
    ).jm!;
  t.equal(service('restart: always').setting('rest.port')?.value, '1');
  t.match(service('entrypoint: /start.sh').problems, [{ message: /docker-entrypoint\.sh, which alone reads it/ }]);
  t.equal(service('entrypoint: [/docker-entrypoint.sh]').setting('rest.port')?.value, '1');
  t.match(service('').problems, [{ message: /FLINK_CONF_DIR names another folder/ }]);
});

t.test('an environment file, with quotes over lines and variables', async (t) => {
  const { all } = fixture('flink.env');
  t.strictSame(told(all, 'rest.port'), ['8084', 5, 'environment']);
  t.strictSame(told(all, 'state.checkpoints.dir'), ['s3://checkpoints/orders', 6, 'environment']);
  const { all: escaped } = read('e.env', 'FLINK_PROPERTIES="rest.port: 1\\nrest.address: h"\n');
  t.strictSame(told(escaped, 'rest.address'), ['h', 1, 'environment']);
  t.match(refused('A=1\n', 'x.env'), /^x\.env:1:1: an environment without FLINK_PROPERTIES and FLINK_CONF_DIR$/);
});

t.test('an image that is not known to be Flink says no version, and its own file is a note', async (t) => {
  const { jm } = read('c.yaml', 'services:\n  jm: {image: "example/orders:3.4.5", command: jobmanager}\n');
  t.equal(jm!.flinkVersion, undefined);
  t.match(jm!.notes, [{ line: 2, message: /^what the image has in \/opt\/flink\/conf is not known here/ }]);
});

t.test('what is mounted and cannot be seen is refused: nothing is guessed', async (t) => {
  const pod = (volume: string): string =>
    `apiVersion: v1\nkind: Pod\nspec:\n  volumes: [{name: v, ${volume}}]\n  containers:\n    - image: flink:1.20.3\n      args: [jobmanager]\n      volumeMounts:\n        - {name: v, mountPath: /opt/flink/conf}\n`;
  t.match(
    refused(pod('configMap: {name: c}')),
    /^x\.yaml:9:11: what is mounted .* is a ConfigMap of another file: not known/,
  );
  t.match(refused(pod('secret: {secretName: c}')), /is a Secret of another file/);
  t.match(refused(pod('emptyDir: {}')), /is a volume: not known/);
  const compose = (volume: string): string => `services:\n  jm:\n    image: flink:2.0.0\n    volumes: ["${volume}"]\n`;
  t.match(refused(compose('./none:/opt/flink/conf')), /^x\.yaml:4:15: what is mounted .* is not here/);
  t.match(refused(compose('named:/opt/flink/conf')), /is a volume/);
  t.equal(refused(compose('./log:/opt/flink/log')), 'read');
  t.match(
    refused('A=1\nFLINK_CONF_DIR=/none\n', 'x.env'),
    /^x\.env:2:1: FLINK_CONF_DIR names a folder that is not here/,
  );
});

t.test('what is no source is refused with its place, and without its content', async (t) => {
  t.match(
    refused('hello CANARY\n'),
    /^x\.yaml:1:1: no mapping of keys to values; there are: a folder with config\.yaml/,
  );
  t.match(refused('\n\nname: CANARY\nversion: 2\n'), /^x\.yaml:3:1: has no key of Flink; there are/);
  t.match(refused('apiVersion: v1\nkind: Pod\nspec: "CANARY\n'), /^x\.yaml:\d+:\d+: not valid YAML: /);
  t.match(refused('apiVersion: v1\nkind: Pod\nkind: CANARY\n'), /^x\.yaml:3:1: duplicate key "kind"$/);
  const duplicate = 'services:\n  jm:\n    image: flink:1.20.3\n    environment:\n      A: 1\n      A: CANARY\n';
  t.match(refused(duplicate), /^x\.yaml:6:7: duplicate key "A"$/);
  for (const text of ['hello CANARY\n', '\nname: CANARY\n', duplicate]) t.notMatch(refused(text), 'CANARY');
  t.equal(refused('rest.port: 1\n', 'tm1.yaml'), 'read');
});

t.test('aliases of aliases and deep nesting end soon, with a place', async (t) => {
  const levels = Array.from(
    { length: 12 },
    (_, level) => `  l${level + 1}: &l${level + 1} [${Array(12).fill(`*l${level}`).join(', ')}]`,
  );
  const bomb = `apiVersion: v1\nkind: List\nx:\n  l0: &l0 [{kind: Pod, apiVersion: v1}]\n${levels.join('\n')}\nitems:\n  - apiVersion: flink.apache.org/v1beta1\n    kind: FlinkDeployment\n    spec:\n      flinkConfiguration:\n        rest.port: 1\n        a: *l12\n`;
  const started = process.hrtime.bigint();
  const { jobmanager } = read('bomb.yaml', bomb);
  t.match(jobmanager!.problems, [{ line: 23 }]);
  t.match(refused(`apiVersion: v1\nkind: ${'['.repeat(100_000)}`), /^x\.yaml:\d+:\d+: not valid YAML/);
  const wide = `services:\n  jm: &jm {image: flink}\n${Array.from({ length: 2_000 }, (_, one) => `  s${one}: *jm\n`).join('')}`;
  t.match(refused(wide), /^x\.yaml:1:1: configures more than 1000 processes/);
  t.ok(Number(process.hrtime.bigint() - started) / 1e9 < 15, 'within seconds');
});

t.test('mutated sources are read or refused with a place, and never crash', async (t) => {
  const seeds = ['deployment.yaml', 'deployment-secrets.yaml', 'standalone.yaml', 'compose.yaml', 'flink.env'].map(
    (name) => readFileSync(shared(name), 'utf8'),
  );
  const parts = [
    '{',
    '}',
    '[',
    ']',
    '- ',
    '&a ',
    '*a',
    '<<: ',
    ': ',
    '|',
    '>-',
    '\n',
    '\t',
    '"',
    "'",
    '---\n',
    'null',
    `$${'{A}'}`,
    '$(A)',
    '#',
    '\\',
    '=',
    '-D',
    '!!binary ',
  ];
  const pieces = fc.oneof(fc.constantFrom(...parts), fc.string({ maxLength: 6 }));
  const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), take: fc.nat(3), put: pieces });
  const file = { name: 'conf/config.yaml', text: 'rest.port: 8081\n' };
  const there: Followed = { text: () => file, configuration: () => [file] };
  let outcomes = { read: 0, refused: 0 };
  fc.assert(
    fc.property(fc.constantFrom(...seeds), fc.array(change, { minLength: 1, maxLength: 3 }), (seed, changes) => {
      const text = changes.reduce((one, { at, take, put }) => {
        const place = Math.floor(at * one.length);
        return `${one.slice(0, place)}${put}${one.slice(place + take)}`;
      }, seed);
      const message = refused(text, 'x.yaml', there);
      outcomes =
        message === 'read' ? { ...outcomes, read: outcomes.read + 1 } : { ...outcomes, refused: outcomes.refused + 1 };
      if (message === 'read') read('x.yaml', text, there);
      else if (!/^x\.yaml:[1-9]\d*:[1-9]\d*: \S/.test(message)) throw new Error(message);
    }),
    { numRuns: 2000 },
  );
  t.ok(outcomes.read > 200 && outcomes.refused > 200, JSON.stringify(outcomes));
});
