import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { FORMAT_NAMES } from '../../src/report/formats.ts';
import { appearancesOf, canary, leaksIn } from '../support/canaries.ts';
import { flinkprobe } from '../support/command-line.ts';
import { ethernet, ipv4, pcapFile, tcp } from '../support/frames.ts';
import { mintRsa } from '../support/pki.ts';
import { flinkStandIn } from '../support/targets/flink-stand-in.ts';
import { temporary } from '../support/temporary.ts';

const folder = temporary();
const at = (name: string): string => path.join(folder, name);
/** Files that a command writes. */
const outputs = at('outputs');
mkdirSync(outputs);

const planted: string[] = [];
/** A secret that nothing may show. */
function plant(place: string): string {
  const secret = canary(place);
  planted.push(secret);
  return secret;
}

const STORE_PASSWORD = plant('store-password');
const REST_PASSWORD = plant('rest-password');
const REST_USER = `operator:${REST_PASSWORD}`;

const SETTINGS: Readonly<Record<string, string>> = {
  'security.ssl.internal.enabled': 'true',
  'security.ssl.rest.enabled': 'true',
  'security.ssl.internal.keystore': path.resolve('test/vectors/ssl/internal.p12'),
  'security.ssl.internal.keystore-password': plant('keystore-password'),
  'security.ssl.internal.key-password': plant('key-password'),
  'security.ssl.internal.truststore': path.resolve('test/vectors/ssl/internal-trust.p12'),
  'security.ssl.internal.truststore-password': plant('truststore-password'),
  'security.ssl.rest.keystore': path.resolve('test/vectors/ssl/rest.p12'),
  'security.ssl.rest.keystore-password': plant('rest-keystore-password'),
  'security.ssl.internal.keystorepassword': plant('misspelt'),
  's3.access-key': 'AKIAEXAMPLE',
  's3.secret-key': plant('s3-secret'),
  's3.endpoint': `http://user:${encodeURIComponent(plant('s3-endpoint'))}@minio:9000`,
  'state.checkpoints.dir': 's3://bucket/checkpoints',
  'fs.azure.account.key.a.blob.core.windows.net': plant('azure-key'),
  'fs.oss.accessKeySecret': plant('oss-secret'),
  'env.java.opts.all': `-Djavax.net.ssl.trustStorePassword=${plant('java-options')} -Dx=1`,
  'metrics.reporter.grph.factory.class': 'org.apache.flink.metrics.influxdb.InfluxdbReporterFactory',
  'metrics.reporter.grph.password': plant('reporter'),
  'rest.client.truststore-password': plant('client'),
  'security.kerberos.login.keytab': '/etc/keytab',
  'containerized.master.env.AWS_SECRET_ACCESS_KEY': plant('environment'),
  'kubernetes.jobmanager.annotations': `token:${plant('annotation')}`,
  'historyserver.web.basic-auth-credentials': `admin:${plant('history')}`,
};

const yaml = (lines: Readonly<Record<string, string>>): string =>
  Object.entries(lines)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
    .join('');

mkdirSync(at('conf'));
writeFileSync(at('conf/config.yaml'), yaml(SETTINGS), { mode: 0o644 });
writeFileSync(
  at('secret.yaml'),
  `apiVersion: v1\nkind: Secret\nmetadata: {name: flink}\nstringData:\n  config.yaml: |\n${yaml(SETTINGS).replace(/^/gm, '    ')}\ndata:\n  config.yaml: ${Buffer.from(yaml(SETTINGS)).toString('base64')}\n`,
);
writeFileSync(
  at('compose.yaml'),
  `services:\n  jobmanager:\n    image: flink:1.20.3\n    command: jobmanager -Ds3.secret-key=${plant('compose-argument')}\n    environment:\n      AWS_SECRET_ACCESS_KEY: ${plant('compose-environment')}\n      FLINK_PROPERTIES: |\n${yaml(SETTINGS).replace(/^/gm, '        ')}\n`,
);
writeFileSync(at('broken.yaml'), `s3.secret-key: "${plant('broken')}\n  - : [\n${plant('broken-line')}\n`);

const LOGGED = `2026-11-23 00:00:00,000 INFO  org.apache.flink.configuration.GlobalConfiguration [] - Loading configuration property: `;
const log = [
  ...Object.entries(SETTINGS).map(([key, value]) => `${LOGGED}${key}, ${value}`),
  `${LOGGED}s3.secret-key, ${plant('log-property')}`,
  `2026-11-23 00:00:01,000 INFO  org.apache.flink.runtime.entrypoint.ClusterEntrypoint [] -     -Djavax.net.ssl.keyStorePassword=${plant('log-argument')}`,
  `2026-11-23 00:00:02,000 WARN  org.apache.flink.runtime.rest.RestClient [] - javax.net.ssl.SSLHandshakeException: http://u:${encodeURIComponent(plant('log-url'))}@host/ password=${plant('log-message')}`,
].join('\n');
writeFileSync(at('jm.log'), `${log}\n`);
writeFileSync(at('jm.log.gz'), gzipSync(log));

const identity = mintRsa();
writeFileSync(at('member.pem'), identity.pem + identity.keyPem);
// Lines of a PEM key and its DER, as far as they belong to it alone.
const keyLines = identity.keyPem
  .split('\n')
  .filter((line) => line.length === 64)
  .slice(1);
writeFileSync(at('password'), `${STORE_PASSWORD}\n`);
writeFileSync(at('authorization'), `${REST_USER}\n`);

mkdirSync(at('state'));
writeFileSync(at('state/_metadata'), `\xac\xed\x00\x05state of ${plant('state')}`.repeat(50));
writeFileSync(at('state/plain'), `${plant('state-text')}\n`.repeat(300));

/** One connection in clear: what the client asked, what the server answered. */
function connection(port: number, client: number, request: string, answer: string): readonly Uint8Array[] {
  const there = { sourcePort: client, destinationPort: port } as const;
  const back = { sourcePort: port, destinationPort: client } as const;
  const reverse = { source: [10, 77, 0, 1], destination: [10, 77, 0, 2] } as const;
  const checked = { checksum: 0 } as const;
  return [
    ethernet(0x800, ipv4({}, tcp({ ...there, ...checked, sequence: 100, acknowledgement: 0, flags: 2 }))),
    ethernet(0x800, ipv4(reverse, tcp({ ...back, ...checked, sequence: 500, acknowledgement: 101, flags: 0x12 }))),
    ethernet(0x800, ipv4({}, tcp({ ...there, ...checked, sequence: 101, acknowledgement: 501 }, Buffer.from(request)))),
    ethernet(
      0x800,
      ipv4(
        reverse,
        tcp({ ...back, ...checked, sequence: 501, acknowledgement: 101 + request.length }, Buffer.from(answer)),
      ),
    ),
  ];
}

const basic = Buffer.from(`user:${plant('http-basic')}`).toString('base64');
const body = JSON.stringify({ password: plant('http-body') });
const requests = [
  `GET /jars?token=${encodeURIComponent(plant('http-query'))} HTTP/1.1\r\nHost: u:${encodeURIComponent(plant('http-host'))}@jm:8081\r\nAuthorization: Basic ${basic}\r\nCookie: session=${plant('http-cookie')}\r\nX-Api-Key: ${plant('http-header')}\r\n\r\n`,
  `POST /jars/a.jar/run HTTP/1.1\r\nHost: jm:8081\r\nAuthorization: Bearer ${plant('http-bearer')}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
];
const s3 = `PUT /bucket/chk-1/_metadata HTTP/1.1\r\nHost: minio:9000\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIA/20261123/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=${plant('s3-signature')}\r\nx-amz-security-token: ${plant('s3-token')}\r\nContent-Length: 40\r\n\r\n${plant('s3-object').padEnd(40)}`;
const answer = `HTTP/1.1 200 OK\r\nSet-Cookie: id=${plant('http-set-cookie')}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`;
writeFileSync(
  at('clear.pcap'),
  pcapFile(1, [
    ...requests.flatMap((request, index) => connection(8081, 40_000 + index, request, answer)),
    ...connection(9000, 40_010, s3, answer),
    ...connection(6124, 40_011, `\x00\x00${plant('blob')}`.repeat(3), plant('blob-answer')),
    ...connection(9999, 40_012, `PLAIN \u0000user\u0000${plant('unknown-protocol')}\r\n`, 'ok'),
  ]),
);

const SECRET_ENVIRONMENT = { CANARY_STORE: STORE_PASSWORD, AWS_SECRET_ACCESS_KEY: plant('own-environment') };

/** Each with its formats: on standard output, and as files. */
const FILES = FORMAT_NAMES.filter((one) => one !== 'nagios').flatMap((format) => [
  '--format',
  `${format}=${outputs}/report.${format}`,
]);
const FORMATS: readonly (readonly string[])[] = [
  ['--wide', '--verbose'],
  ['--plain'],
  ['--redact', '--verbose', '--format', 'json'],
  ['--verbose', '--format', 'nagios', ...FILES],
];

const CONF = ['--conf', `jm=${at('conf')}`, '--conf', `tm1=${at('conf')}`];
const WITNESSES = [
  ...CONF,
  ...['--log', `jm=${at('jm.log')}`, '--log', at('jm.log.gz')],
  ...['--keystore', 'test/vectors/ssl/client-other.p12', '--keystore-password-env', 'CANARY_STORE'],
];

const RUNS: Readonly<Record<string, readonly string[]>> = {
  audit: ['audit', ...WITNESSES, '--state-dir', at('state')],
  'audit with a dynamic secret': ['audit', ...CONF, '-D', `s3.secret-key=${plant('dynamic')}`],
  'audit of manifests': ['audit', '--conf', at('secret.yaml'), '--conf', at('compose.yaml')],
  'audit --fix-plan': ['audit', ...WITNESSES, '--fix-plan'],
  'audit --policy': ['audit', ...CONF, '--policy', 'pci'],
  'audit of what is broken': ['audit', '--conf', at('broken.yaml')],
  'audit with a password file': ['audit', '--keystore', at('member.pem'), '--keystore-password-file', at('password')],
  analyze: ['analyze', at('clear.pcap'), ...CONF, '--log', at('jm.log')],
};

function leaks(text: string): readonly string[] {
  return [...leaksIn(text, planted), ...keyLines.filter((line) => text.includes(line))];
}

function writtenFiles(): string {
  return readdirSync(outputs)
    .map((name) => readFileSync(path.join(outputs, name), 'latin1'))
    .join('\n');
}

t.test('a leak would be found, however it is encoded', (t) => {
  const secret = planted[0]!;
  for (const text of [
    `password=${secret};`,
    Buffer.from(`xx${secret}yy`).toString('base64'),
    Buffer.from(`x${secret}yyy`).toString('base64url'),
    Buffer.from(secret).toString('hex'),
    encodeURIComponent(secret),
  ]) {
    t.strictSame(leaks(text), [secret], text);
  }
  t.strictSame(leaks(`line ${keyLines[0]}`), [keyLines[0]]);
  t.strictSame(leaks('c4N4ry+'), []);
  t.equal(new Set(planted).size, planted.length);
  t.end();
});

for (const [name, args] of Object.entries(RUNS)) {
  t.test(`${name} shows no secret in any format`, async (t) => {
    for (const format of FORMATS) {
      const { stdout, stderr, status } = await flinkprobe([...args, ...format], SECRET_ENVIRONMENT);
      const label = format.join(' ').replaceAll(outputs, '');
      t.ok(status !== 4 && (stdout + stderr + writtenFiles()).length > 40, `${label} ended with ${status}`);
      t.strictSame(leaks(stdout), [], `${label} standard output`);
      t.strictSame(leaks(stderr), [], `${label} standard error`);
      t.strictSame(leaks(writtenFiles()), [], `${label} files`);
    }
  });
}

t.test('config show, explain and list show no secret', async (t) => {
  for (const args of [
    ['config', 'show', ...CONF],
    ['config', 'show', '--conf', at('compose.yaml'), '-D', `s3.secret-key=${plant('shown')}`],
    ['config', 'show', '--conf', at('broken.yaml')],
    ['explain', 'secret-in-log'],
    ['list', 'rules'],
  ]) {
    const { stdout, stderr } = await flinkprobe(args, SECRET_ENVIRONMENT);
    t.ok(`${stdout}${stderr}`.length > 20, args.join(' '));
    t.strictSame(leaks(stdout + stderr), [], args.slice(0, 2).join(' '));
  }
});

t.test('the pages that must not show them could: rules tell of the settings', async (t) => {
  const { stdout } = await flinkprobe([...RUNS.audit!, '--wide'], SECRET_ENVIRONMENT);
  t.match(stdout, /secret-in-log/);
  t.match(stdout, /secret-in-java-options/);
  t.match((await flinkprobe(['analyze', at('clear.pcap'), '--wide'])).stdout, /credentials-in-clear/);
});

const cluster = await flinkStandIn({ taskManagers: 1, hosts: 'together' });
const clear = await flinkStandIn({ taskManagers: 1, hosts: 'together', rest: 'clear' });
t.teardown(() => Promise.all([cluster.stop(), clear.stop()]));
writeFileSync(at('ca.pem'), cluster.identity.pem);
writeFileSync(at('cluster.pem'), cluster.identity.pem + cluster.identity.keyPem);
keyLines.push(
  ...cluster.identity.keyPem
    .split('\n')
    .filter((line) => line.length === 64)
    .slice(1),
);

const FAST = ['--timeout', '400ms', '--profile', 'quick'];

t.test(
  'verify shows no secret: not in its formats, its baseline, nor in the capture of its own conversations',
  async (t) => {
    const { host, port } = cluster.endpoint('jm', 'rest');
    const files = (name: string): readonly string[] => [
      '--save-baseline',
      `${outputs}/${name}.json`,
      '--pcap-out',
      `${outputs}/${name}.pcapng`,
    ];
    const common = ['verify', '--rest', `https://${host}:${port}`, '--truststore', at('ca.pem'), ...FAST];
    const keys = [
      '--rest-authorization-file',
      at('authorization'),
      '--identity',
      at('cluster.pem'),
      ...CONF,
      '--log',
      at('jm.log'),
    ];
    for (const [index, format] of FORMATS.entries()) {
      const { stdout, stderr, status } = await flinkprobe(
        [...common, ...keys, ...files(`v${index}`), ...format],
        SECRET_ENVIRONMENT,
      );
      t.not(status, 4, stderr);
      t.ok(statSync(`${outputs}/v${index}.pcapng`).size > 200);
      t.strictSame(leaks(stdout + stderr), [], format.join(' ').replaceAll(outputs, ''));
      t.strictSame(leaks(writtenFiles()), [], `files of ${format.join(' ').replaceAll(outputs, '')}`);
    }
  },
);

t.test('a password for REST that is in clear is in no capture either: REST is not part of it', async (t) => {
  const { host, port } = clear.endpoint('jm', 'rest');
  const rest = ['--rest', `http://${host}:${port}`, '--rest-authorization-file', at('authorization')];
  for (const more of [['--dry-run'], []]) {
    const { stdout, stderr } = await flinkprobe(
      ['verify', ...rest, '--pcap-out', `${outputs}/clear.pcapng`, ...more, ...FAST],
      SECRET_ENVIRONMENT,
    );
    t.strictSame(leaks(stdout + stderr), []);
  }
  t.strictSame(leaks(writtenFiles()), []);
});

t.test('what is wrong with a secret is said without it', async (t) => {
  writeFileSync(at('pin'), '');
  for (const args of [
    ['verify', '127.0.0.1:1', '--identity', at('cluster.pem'), '--identity-password-file', at('password'), ...FAST],
    [
      'verify',
      '127.0.0.1:1',
      '--identity',
      'test/vectors/keystore/rsa-jdk17.p12',
      '--identity-password-env',
      'CANARY_STORE',
      ...FAST,
    ],
    ['audit', '--keystore', 'test/vectors/keystore/rsa.jks', '--keystore-password-env', 'CANARY_STORE'],
    ['audit', '--keystore', 'test/vectors/keystore/encrypted-key.pem', '--keystore-password-file', at('password')],
    ['audit', '--conf', at('conf'), '-D', planted[0]!],
    ['audit', '--conf', at('conf'), '--flink-version', 'x'],
  ]) {
    const { stdout, stderr } = await flinkprobe(args, SECRET_ENVIRONMENT);
    t.ok(`${stdout}${stderr}`.length > 20, args.slice(0, 4).join(' '));
    const allowed = args.includes('-D') ? [planted[0]] : [];
    t.strictSame(
      leaks(stdout + stderr).filter((one) => !allowed.includes(one)),
      [],
      args.slice(0, 4).join(' '),
    );
  }
  t.ok(appearancesOf(planted[0]!).length > 8);
});
