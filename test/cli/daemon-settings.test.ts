import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { overlaysOf, refuseUnknownSettings } from '../../src/cli/daemon-settings-keys.ts';
import { variableOf } from '../../src/cli/foreign-variables.ts';
import { SETTING_KEYS } from '../../src/cli/setting-keys.ts';
import { parseSettings, readSettings } from '../../src/cli/settings-file.ts';
import { settingsView } from '../../src/cli/settings-view.ts';
import type { ClusterSettings } from '../../src/daemon/settings.ts';
import { settingsJsonSchema } from '../../src/daemon/settings-schema.ts';
import { faults } from '../http/json-schema.ts';
import { root } from '../support/repository.ts';
import { temporary } from '../support/temporary.ts';

const folder = temporary();
const FILE = path.join(folder, 'flinkprobe.yaml');
const LEAST = 'version: 1\nclusters:\n  - name: prod\n    targets: [jm:6123]\n';

/** What is said of wrong settings, the file's name taken off. */
function said(text: string): string {
  try {
    parseSettings(text, 'f.yaml');
    return 'good';
  } catch (error) {
    return (error as Error).message;
  }
}

const CASES: readonly (readonly [what: string, text: string, said: string | RegExp])[] = [
  ['nothing', '', 'f.yaml:1:1: is empty; it needs version and clusters'],
  ['no YAML', 'version: 1\nclusters: [', /^f\.yaml:2:\d+: /],
  ['no version', 'clusters:\n  - { name: a, targets: [b] }\n', 'f.yaml:1:1: version is missing'],
  ['another version', LEAST.replace('1', '2'), /^f\.yaml:1:10: version is none of 1/],
  ['no clusters', 'version: 1\n', 'f.yaml:1:1: clusters is missing'],
  ['an empty list of clusters', 'version: 1\nclusters: []\n', /^f\.yaml:2:11: clusters /],
  ['a key that is not known', `${LEAST}webb: {}\n`, 'f.yaml:5:1: "webb" is no key here (web?)'],
  ['a key inside', `${LEAST}    profil: quick\n`, /^f\.yaml:5:5: "profil" is no key here \(profile\?\)/],
  ['a word', `${LEAST}    profile: quik\n`, /^f\.yaml:5:14: profile is none of quick, standard, full \(quick\?\)/],
  ['a duration', `${LEAST}    timeout: 5\n`, /^f\.yaml:5:14: timeout is no text/],
  ['a unit', `${LEAST}    timeout: 5 seconds\n`, /^f\.yaml:5:14: timeout is no duration, as 500ms/],
  ['an interval of nothing', `${LEAST}    schedule: { every: 0s }\n`, /^f\.yaml:5:24: every is not from 1s to 366d/],
  [
    'a cluster that must not be asked, and nothing else to look at',
    `${LEAST}    active: off\n    rest: { url: "http://jm:8081" }\n`,
    /^f\.yaml:5:13: active asks nobody, and nothing else is there to look at: give capture, /,
  ],
  [
    'looks that are further apart than timers hold',
    `${LEAST}    restart_watch: { every: 30d }\n`,
    /^f\.yaml:5:29: every is not from 1s to 1d/,
  ],
  [
    'snapshots that are further apart than timers hold',
    `${LEAST}    capture: { folder: in, every: 25d }\n`,
    /^f\.yaml:5:35: every is not from 1s to 1d/,
  ],
  [
    'a jitter',
    `${LEAST}    schedule: { every: 1m, jitter: 2m }\n`,
    /^f\.yaml:5:36: jitter is longer than every \(1m\)/,
  ],
  [
    'a cron expression',
    `${LEAST}    schedule: { cron: "61 * * * *" }\n`,
    /^f\.yaml:5:23: cron is no cron expression: /,
  ],
  ['one that never comes', `${LEAST}    schedule: { cron: "0 0 31 2 *" }\n`, /^f\.yaml:5:23: .*never comes true/],
  [
    'a time zone',
    `${LEAST}    schedule: { cron: "0 3 * * *", time_zone: Berlin }\n`,
    /^f\.yaml:5:47: time_zone is no time zone/,
  ],
  ['a port', `${LEAST}web: { listen: "127.0.0.1:70000" }\n`, /^f\.yaml:5:16: listen is no HOST:PORT/],
  ['a URL', `${LEAST}    rest: { url: "jm:8081" }\n`, /^f\.yaml:5:18: url is no http or https URL/],
  ['a secret in the file', `${LEAST}    rest: { url: "http://jm:8081", token: abc }\n`, /^f\.yaml:5:43: token /],
  [
    'nothing to look at',
    'version: 1\nclusters:\n  - name: prod\n',
    /^f\.yaml:3:11: name stands for nothing to look at/,
  ],
  [
    'two of one name',
    `${LEAST}  - name: prod\n    targets: [b]\n`,
    'f.yaml:5:11: "prod" is the name of an earlier one',
  ],
  [
    'two sinks of one address, and no name',
    `${LEAST}notify:\n  - { type: exec, command: [a] }\n  - { type: exec, command: [a], on: [opened] }\n`,
    /^f\.yaml:7:5: type and address are those of an earlier one: give it a name of its own/,
  ],
  [
    'a long name',
    `${LEAST}  - name: ${'x'.repeat(64)}\n    targets: [b]\n`,
    /^f\.yaml:5:11: name is no name: 1 to 63 letters, digits, dots, dashes and underscores/,
  ],
  ['standard input', LEAST.replace('targets: [jm:6123]', 'captures: ["-"]'), /^f\.yaml:4:16: .*standard input/],
  [
    'a capture of both',
    `${LEAST}    capture: { interfaces: [lo], folder: x }\n`,
    /^f\.yaml:5:14: .*either interfaces or folder/,
  ],
  [
    'pods of both',
    `${LEAST}    kubernetes: { deployment: orders, selector: app=orders }\n`,
    /^f\.yaml:5:17: .*either deployment or selector/,
  ],
  [
    'a namespace',
    `${LEAST}    kubernetes: { deployment: orders, namespace: Flink/../x }\n`,
    /^f\.yaml:5:50: namespace is no name of Kubernetes/,
  ],
  [
    'a sink',
    `${LEAST}notify:\n  - { type: slak, url: { file: a } }\n`,
    /^f\.yaml:6:\d+: .*none of alertmanager, webhook/,
  ],
];

for (const [what, text, expected] of CASES) {
  t.test(`wrong settings are told with file, line and column: ${what}`, async (t) => {
    if (typeof expected === 'string') t.equal(said(text), expected);
    else t.match(said(text), expected);
  });
}

t.test('all that is wrong is told at once', async (t) => {
  const lines = said(`${LEAST}    profile: quik\n    timeout: 5\nlog: { level: loud }\n`).split('\n');
  t.equal(lines.length, 3);
});

t.test('relative paths begin at the folder of the file, in lists and behind a member too', async (t) => {
  writeFileSync(
    FILE,
    `${LEAST}    configurations: [conf, tm1=/abs/conf]
    logs: [jm=jm.log]
    policy: ./own.yaml
    internal: { identity: { file: keys/probe.p12, password: { file: keys/pass } } }
state: { path: h.db }
`,
  );
  const { settings } = await readSettings(FILE, '/state');
  const [one] = settings.clusters;
  const at = (name: string): string => path.join(folder, name);
  t.strictSame(one?.configurations, [at('conf'), 'tm1=/abs/conf']);
  t.strictSame(one?.logs, [`jm=${at('jm.log')}`]);
  t.equal(one?.policy, at('own.yaml'));
  t.strictSame(one?.internal.identity, {
    file: at('keys/probe.p12'),
    password: { kind: 'file', path: at('keys/pass') },
  });
  t.equal(settings.state.path, at('h.db'));
});

t.test('pods are picked by the labels of Flink or by a selector, and watched without REST too', async (t) => {
  const of = async (kubernetes: string, others = ''): Promise<ClusterSettings> => {
    writeFileSync(FILE, `${LEAST}    kubernetes: ${kubernetes}\n${others}`);
    return (await readSettings(FILE, '/state')).settings.clusters[0]!;
  };
  t.match(await of('{ deployment: orders, namespace: flink }'), {
    kubernetes: { namespace: 'flink', selector: 'app=orders,component in (jobmanager,taskmanager)' },
    restartWatch: { everyMs: 5000, verifyAfterMs: 15_000 },
  });
  t.strictSame(
    (await of('{ selector: app=flink, api: "https://k:6443", token: { file: t }, ca: ca.pem }')).kubernetes,
    {
      selector: 'app=flink',
      api: 'https://k:6443',
      token: { kind: 'file', path: path.join(folder, 't') },
      ca: path.join(folder, 'ca.pem'),
    },
  );
  t.equal((await of('{ deployment: orders }', '    restart_watch: off\n')).restartWatch, undefined);
});

t.test('what the file does not say has its default', async (t) => {
  writeFileSync(FILE, LEAST);
  const { settings } = await readSettings(FILE, '/state');
  t.match(settings, {
    web: { host: '127.0.0.1', port: 9799, users: [], insecure: 'refuse', probe: { allow: 'configured' } },
    log: { level: 'info', format: 'json' },
    state: { path: '/state/history.db', passingMs: 90 * 86_400_000, failingMs: 365 * 86_400_000, bytes: 2 ** 30 },
    connections: 256,
    clusters: [
      { schedule: { kind: 'every', everyMs: 300_000, jitterMs: 20_000 }, profile: 'standard', runTimeoutMs: 300_000 },
    ],
  });
});

t.test(
  'changes are collected for ten seconds, for one where Alertmanager groups them itself, as the page says',
  async (t) => {
    const sinks = '{ type: alertmanager, urls: ["http://a:9093"] }, { type: exec, command: [a] }';
    writeFileSync(
      FILE,
      `${LEAST}notify: [${sinks}, { type: alertmanager, urls: ["http://b:9093"], group_wait: 30s }]\n`,
    );
    const { settings } = await readSettings(FILE, '/state');
    t.strictSame(
      settings.notify.map(({ groupWaitMs }) => groupWaitMs),
      [1000, 10_000, 30_000],
    );
  },
);

/** Scalars of the JSON Schema that stand in no list and no map of names. */
function scalars(schema: Record<string, unknown>, at: readonly string[] = []): string[] {
  const branches = (schema.anyOf ?? schema.oneOf ?? [schema]) as Record<string, unknown>[];
  return branches.flatMap((one) => {
    const {
      type,
      properties,
      const: fixed,
    } = one as { type?: string; properties?: Record<string, Record<string, unknown>>; const?: unknown };
    if (properties !== undefined)
      return Object.entries(properties).flatMap(([name, inner]) => scalars(inner, [...at, name]));
    return type === 'array' || type === 'object' || (type === undefined && fixed === undefined) ? [] : [at.join('.')];
  });
}

t.test('every scalar key outside lists is a flag and a variable of its own', async (t) => {
  const keys = new Set(scalars(settingsJsonSchema() as Record<string, unknown>));
  keys.delete('version');
  t.strictSame(SETTING_KEYS.map(({ key }) => key).sort(), [...keys].sort());
  t.equal(new Set(SETTING_KEYS.map(({ key }) => variableOf(key))).size, SETTING_KEYS.length);
});

t.test('a flag wins over its variable, and a variable over the file', async (t) => {
  writeFileSync(FILE, `${LEAST}log: { level: error, format: text }\nconnections: 7\n`);
  const environment = { FLINKPROBE_LOG_LEVEL: 'warn', FLINKPROBE_CONNECTIONS: '8', FLINKPROBE_STATE_PATH: 'x.db' };
  const overlays = overlaysOf({ 'log.level': 'debug', listen: '127.0.0.1:1' }, environment);
  const { settings } = await readSettings(FILE, '/state', overlays);
  t.strictSame(settings.log, { level: 'debug', format: 'text' });
  t.equal(settings.connections, 8);
  t.equal(settings.web.port, 1, '--listen is short for --web.listen');
  t.equal(settings.state.path, path.resolve('x.db'), 'where the daemon is started, as every path of a flag');
});

t.test('a schedule that is given replaces one of another form', async (t) => {
  writeFileSync(FILE, `${LEAST}defaults: { schedule: { cron: "0 3 * * *", time_zone: UTC } }\n`);
  const { settings } = await readSettings(FILE, '/state', overlaysOf({ 'defaults.schedule.every': '9m' }, {}));
  t.match(settings.clusters[0]?.schedule, { kind: 'every', everyMs: 540_000 });
});

t.test('a wrong value is told by the flag or variable that gave it, beside what is wrong in the file', async (t) => {
  writeFileSync(FILE, `${LEAST}connections: none\n`);
  const given = overlaysOf({ 'log.level': 'loud' }, { FLINKPROBE_WEB_LISTEN: 'nowhere' });
  const wrong = await readSettings(FILE, '/state', given).then(
    () => 'good',
    (error: Error) => error.message,
  );
  t.match(wrong, /^--log\.level: level is none of debug, info, warn, error/m);
  t.match(wrong, /^FLINKPROBE_WEB_LISTEN: listen is no HOST:PORT$/m);
  t.match(wrong, /flinkprobe\.yaml:5:14: connections is no/);
});

t.test('unknown flags and variables are refused, with the nearest', async (t) => {
  t.throws(
    () => refuseUnknownSettings(['daemon', '--web.lisen', 'x']),
    /--web\.lisen: is no option .*\(--web\.listen\?\)/,
  );
  t.throws(() => overlaysOf({}, { FLINKPROBE_LOG_LEVLE: 'x' }), /FLINKPROBE_LOG_LEVLE: .*\(FLINKPROBE_LOG_LEVEL\?\)/);
  t.throws(() => overlaysOf({ 'log.level': ['a', 'b'] }, {}), /--log\.level: given more than once/);
  t.doesNotThrow(() => refuseUnknownSettings(['daemon', '--log.level=debug', '--config', 'x']));
});

t.test(
  'variables that Kubernetes makes for a Service named flinkprobe are none, nor are places of secrets',
  async (t) => {
    const environment = {
      FLINKPROBE_SERVICE_HOST: '10.0.0.1',
      FLINKPROBE_SERVICE_PORT: '9799',
      FLINKPROBE_SERVICE_PORT_HTTP: '9799',
      FLINKPROBE_PORT: 'tcp://10.0.0.1:9799',
      FLINKPROBE_PORT_9799_TCP_ADDR: '10.0.0.1',
      FLINKPROBE_REST_TOKEN: 'secret',
    };
    t.strictSame(overlaysOf({}, environment, ['FLINKPROBE_REST_TOKEN']), []);
    t.throws(() => overlaysOf({}, environment), /^FLINKPROBE_REST_TOKEN: is no setting/);
  },
);

t.test('config show says where each setting came from, and of secrets the places only', async (t) => {
  const hash = `scrypt$16384$8$1$${'A'.repeat(22)}==$${'B'.repeat(43)}=`;
  writeFileSync(
    FILE,
    `${LEAST}    rest: { url: "https://jm:8081", token: { environment: REST_TOKEN } }
web: { basic_auth_users: { admin: { password_hash: ${hash} } } }
notify: [{ type: webhook, url: "https://chat.example/hooks/T0P-S3CRET" }]
`,
  );
  const lines = settingsView(FILE, '/state', overlaysOf({ 'log.level': 'warn' }, { FLINKPROBE_CONNECTIONS: '9' }));
  const line = (key: string): string[] | undefined => lines.find((one) => one.startsWith(`${key} `))?.split(/ {2,}/);
  t.strictSame(line('clusters[0].name'), ['clusters[0].name', 'prod', `${FILE}:3`]);
  t.strictSame(line('log.level'), ['log.level', 'warn', '--log.level']);
  t.strictSame(line('connections'), ['connections', '9', 'FLINKPROBE_CONNECTIONS']);
  t.strictSame(line('web.listen'), ['web.listen', '127.0.0.1:9799', 'default']);
  t.strictSame(line('clusters[0].rest.token.environment')?.[1], 'REST_TOKEN');
  t.notMatch(lines.join('\n'), /S3CRET|scrypt|AAAA/);
});

/** Values of every key, right ones and wrong ones. */
const DURATIONS = ['0s', '500ms', '5s', '1m', '2h', '400d', '1.5m', '5', 'x', '', 5] as const;
const value = fc.oneof(
  fc.constantFrom(...DURATIONS),
  fc.constantFrom('none', 'off', 'on', 'quick', 'high', null, true, 0, 3, -1),
);
const anySchedule = fc.oneof(
  value,
  fc.record({ every: value, jitter: value }, { requiredKeys: [] }),
  fc.record(
    { cron: fc.constantFrom('0 3 * * *', 'x'), time_zone: fc.constantFrom('UTC', 'Nowhere') },
    { requiredKeys: [] },
  ),
);
const anyCluster = fc.record(
  {
    name: fc.constantFrom('a', 'b', '-', ''),
    schedule: anySchedule,
    profile: value,
    timeout: value,
    run_timeout: value,
    parallel: value,
    restart_watch: fc.oneof(value, fc.record({ every: value, verify_after: value }, { requiredKeys: [] })),
    active: value,
    kubernetes: fc.record(
      {
        deployment: fc.constantFrom('orders', 'Orders', '', 5),
        selector: fc.constantFrom('app=orders', '', null),
        namespace: fc.constantFrom('flink', '-flink', 'a/b'),
        api: fc.constantFrom('https://k', 'k'),
      },
      { requiredKeys: [] },
    ),
    targets: fc.constantFrom([], ['jm'], 'jm', ['']),
    captures: fc.constantFrom(['a.pcap'], ['-']),
    capture: fc.record(
      { interfaces: fc.constantFrom([], ['lo']), folder: fc.constant('x'), every: value },
      { requiredKeys: [] },
    ),
    unknown: value,
  },
  { requiredKeys: ['name'] },
);
const anySettings = fc.record(
  {
    version: fc.constantFrom(1, 1, 1, 2),
    clusters: fc.array(anyCluster, { maxLength: 2 }),
    connections: value,
    log: fc.record(
      { level: fc.constantFrom('info', 'loud'), format: fc.constantFrom('json', 'xml') },
      { requiredKeys: [] },
    ),
    web: fc.record(
      { listen: fc.constantFrom('a:1', 'a:65535', 'a:65536', ':1', '[::1]:80', 'a') },
      { requiredKeys: [] },
    ),
    state: fc.record({ retention: value, size: fc.constantFrom('1GiB', '1B', '1') }, { requiredKeys: [] }),
  },
  { requiredKeys: ['version', 'clusters'] },
);
/** What the form cannot say: editors accept it, the daemon does not. */
const BEYOND_FORM =
  /is not from|is longer than every|is no cron expression|is no time zone|name of an earlier one|is no http or https URL/;

t.test(
  'the JSON Schema accepts what the loader accepts, and refuses what it refuses but for what a form cannot say',
  async () => {
    const schema = settingsJsonSchema() as Record<string, unknown>;
    fc.assert(
      fc.property(anySettings, (settings) => {
        const text = JSON.stringify(settings);
        const loader = said(text);
        const editor = faults(JSON.parse(text), schema, schema);
        if (loader === 'good') return editor.length === 0;
        return editor.length > 0 || loader.split('\n').every((line) => BEYOND_FORM.test(line));
      }),
      { numRuns: 400 },
    );
  },
);

t.test('the example of the documentation is loaded, and uses every key of a cluster at least by name', async (t) => {
  const file = path.join(root, 'docs/flinkprobe.example.yaml');
  const { settings } = await readSettings(file, '/state').catch((error: Error) => t.bailout(error.message) as never);
  t.ok(settings.clusters.length > 1);
  const text = readFileSync(file, 'utf8');
  const schema = settingsJsonSchema() as { properties: { clusters: { items: { properties: object } } } };
  for (const key of Object.keys(schema.properties.clusters.items.properties)) t.ok(text.includes(`${key}:`), key);
});
