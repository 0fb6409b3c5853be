import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { SOURCE_OCTETS_MAX } from '../../src/cli/configuration-files.ts';
import { readConfigurations } from '../../src/cli/configuration-sources.ts';
import { parseConfigurations } from '../../src/cli/configurations.ts';
import type { ParsedConfiguration } from '../../src/flink/config.ts';
import { flinkprobe } from '../support/command-line.ts';
import { shared, source } from '../support/sources.ts';

async function members(conf: readonly string[], D: readonly string[] = []): Promise<readonly ParsedConfiguration[]> {
  return parseConfigurations({ configurations: await readConfigurations({ conf, D }) });
}

async function refusal(conf: string, ...D: readonly string[]): Promise<string> {
  try {
    await members([conf], D);
  } catch (error) {
    return (error as Error).message;
  }
  return 'read';
}

const deployment = shared('deployment.yaml');

t.test('MEMBER= names a source of one process, and chooses or comes before the names of several', async (t) => {
  const names = async (conf: string): Promise<unknown> => (await members([conf])).map(({ member }) => member);
  t.strictSame(await names(deployment), ['jobmanager', 'taskmanager']);
  t.strictSame(await names(`taskmanager=${deployment}`), ['taskmanager']);
  t.strictSame(await names(`prod=${deployment}`), ['prod-jobmanager', 'prod-taskmanager']);
  t.strictSame(await names(`tm1=${shared('flink.env')}`), ['tm1']);
});

t.test('members of one name from two sources are told apart by their files', async (t) => {
  const names = (await members([deployment, shared('compose.yaml'), `jobmanager=${shared('conf')}`])).map(
    ({ member }) => member,
  );
  const told = ['deployment-jobmanager', 'deployment-taskmanager', 'compose-jobmanager', 'compose-taskmanager'];
  t.strictSame(names, [...told, 'jobmanager'], 'what the user named keeps its name');
});

t.test('what a Compose file mounts is followed from its own folder', async (t) => {
  const [jobmanager] = await members([shared('compose.yaml')]);
  t.match(jobmanager!.setting('security.ssl.internal.enabled'), { value: 'true', line: 5, origin: 'file' });
  t.equal(jobmanager!.file, path.join(path.dirname(shared('compose.yaml')), 'conf/config.yaml'));
  const text = 'services:\n  jm: {image: flink:1.20.3, command: jobmanager, env_file: jm.env}\n';
  const file = source('compose.yaml', text);
  writeFileSync(path.join(path.dirname(file), 'jm.env'), 'FLINK_PROPERTIES="\nrest.port: 12\n"\n');
  const [jm] = await members([file]);
  t.match(jm!.setting('rest.port'), { value: '12', line: 2, origin: 'environment' });
});

t.test('-D wins in every configuration, and what it overrides is kept', async (t) => {
  for (const one of await members([deployment, shared('conf')], ['rest.port=9', 'rest.port=10'])) {
    t.match(one.setting('rest.port'), { value: '10', origin: 'dynamic' });
    t.equal(one.overridden('rest.port')[0]?.value, '9');
  }
});

t.test('-D refuses secrets by name, and never repeats them', async (t) => {
  for (const secret of [
    'security.ssl.internal.key-password=CANARY',
    's3.secret-key=CANARY',
    'fs.s3a.secret.key=CANARY',
    'fs.azure.account.key.store.blob.core.windows.net=CANARY',
    'fs.azure.sas.box.store.blob.core.windows.net=CANARY',
    'fs.oss.accessKeySecret=CANARY',
    'fs.gs.auth.service.account.private.key=CANARY',
    'metrics.reporter.influx.password=CANARY',
    'metrics.reporter.dghttp.apikey=CANARY',
    'env.java.opts.all=-Djavax.net.ssl.keyStorePassword=CANARY',
  ]) {
    const message = await refusal(deployment, secret);
    t.match(message, /^-D: \S+ is a secret, and arguments are seen/, secret);
    t.notMatch(message, 'CANARY');
  }
  t.equal(await refusal(deployment, 'security.delegation.tokens.enabled=false'), 'read');
  t.equal(await refusal(deployment, 'fs.s3a.aws.credentials.provider=x.Y'), 'read');
  t.match(await refusal(deployment, 'CANARY'), /^-D: wants key=value/);
  await t.rejects(readConfigurations({ conf: [], D: ['a=b'] }), { message: '-D: means nothing without --conf' });
});

t.test('what cannot be read is named with its place', async (t) => {
  t.match(await refusal('/nowhere/at/all'), /^--conf: \/nowhere\/at\/all: no such file or folder$/);
  t.match(
    await refusal(source('c.yaml', Uint8Array.of(97, 58, 32, 98, 10, 99, 0))),
    /c\.yaml:2:2: a zero byte: binary/,
  );
  t.match(
    await refusal(source('c.yaml', Uint8Array.of(97, 58, 32, 10, 32, 0xe4, 10))),
    /c\.yaml:2:2: no text in UTF-8/,
  );
  t.match(
    await refusal(source('big.yaml', Buffer.alloc(SOURCE_OCTETS_MAX + 1, 'a'))),
    /big\.yaml:1:1: larger than 8 MiB/,
  );
  t.match(await refusal(source('c.json', '{"name": "x"}')), /c\.json:1:\d+: has no key of Flink; there are: /);
  t.match(await refusal(path.dirname(source('x.txt', ''))), /holds neither config\.yaml nor flink-conf\.yaml$/);
});

t.test('a manifest of 10,000 objects is read within seconds', async (t) => {
  const one = `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\ndata:\n  text: |\n    ${'x'.repeat(80)}\n`;
  const file = source('big.yaml', `${one.repeat(10_000)}---\n${readFileSync(deployment, 'utf8')}`);
  const started = Date.now();
  t.equal((await members([file])).length, 2);
  t.ok(Date.now() - started < 20_000, `${Date.now() - started} ms`);
});

/** What Linux shows of a process, as files: arguments and variables end with NUL. */
function processFolder(args: readonly string[], environment: readonly string[]): string {
  const folder = path.dirname(source('cmdline', args.map((one) => `${one}\0`).join('')));
  writeFileSync(path.join(folder, 'environ'), environment.map((one) => `${one}\0`).join(''));
  const conf = path.join(folder, 'root/opt/flink/conf');
  mkdirSync(conf, { recursive: true });
  writeFileSync(path.join(conf, 'config.yaml'), 'rest.port: 1\ntaskmanager.rpc.port: 6122\n');
  symlinkSync('.', path.join(folder, 'cwd'));
  return folder;
}

const TASK_MANAGER = [
  'java',
  '-Xmx1g',
  '-Dlog.file=/x.log',
  '-Djavax.net.ssl.keyStorePassword=CANARY',
  '-classpath',
  '/opt/flink/lib/a.jar',
  'org.apache.flink.runtime.taskexecutor.TaskManagerRunner',
  '--configDir',
  '/opt/flink/conf',
  '-D',
  'taskmanager.cpu.cores=2.0',
  '-Drest.port=2',
];

t.test('a running process: its own file in its own root, then -D behind the main class', async (t) => {
  const folder = processFolder(TASK_MANAGER, ['PATH=/bin', 'FLINK_PROPERTIES=rest.port: 3\ns3.secret-key: CANARY']);
  const [one] = await members([folder]);
  t.equal(one!.member, 'taskmanager');
  t.match(one!.setting('rest.port'), { value: '2', file: `${folder}/cmdline`, origin: 'dynamic' });
  t.equal(one!.setting('taskmanager.rpc.port')?.file, path.join(folder, 'root/opt/flink/conf/config.yaml'));
  t.equal(one!.setting('taskmanager.cpu.cores')?.value, '2.0');
  t.equal(one!.setting('log.file'), undefined, 'the JVM has its own -D');
  const names = one!.exposed.map(({ kind, name }) => `${kind} ${name}`);
  t.ok(names.includes('argument javax.net.ssl.keyStorePassword'));
  t.ok(names.includes('variable FLINK_PROPERTIES s3.secret-key'));
  t.notMatch(JSON.stringify(one!.exposed), 'CANARY');
  const [named] = await members([`tm1=${folder}`]);
  t.equal(named!.member, 'tm1');
});

const elsewhere = process.platform === 'linux' ? false : 'no /proc';

t.test('so is one that really runs', { skip: elsewhere }, async (t) => {
  const folder = path.dirname(source('config.yaml', 'rest.port: 1\nblob.server.port: 6124\n'));
  const main = 'org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint';
  const args = ['-e', 'setInterval(() => {}, 1000); console.log()', main, '--configDir', folder, '-Drest.port=4'];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { STORE_PASSWORD: 'CANARY' },
  });
  t.teardown(() => child.kill());
  await once(child.stdout, 'data');
  const [one] = await members([`/proc/${child.pid}`]);
  t.equal(one!.member, 'jobmanager');
  t.match(one!.setting('rest.port'), { value: '4', origin: 'dynamic' });
  t.match(one!.overridden('rest.port'), [{ value: '1', file: path.join(folder, 'config.yaml'), line: 1 }]);
  // The test runner gives every child variables of its own.
  const own = one!.exposed.filter(({ kind, name }) => kind === 'argument' || name === 'STORE_PASSWORD');
  t.match(own, [
    { kind: 'variable', name: 'STORE_PASSWORD' },
    { kind: 'argument', name: 'rest.port' },
  ]);
});

t.test('FLINK_CONF_DIR of a process counts where no argument names the folder', async (t) => {
  const folder = processFolder(
    ['java', 'org.apache.flink.runtime.webmonitor.history.HistoryServer'],
    ['FLINK_CONF_DIR=root/opt/flink/conf'],
  );
  const [one] = await members([folder]);
  t.equal(one!.member, 'history-server');
  t.equal(one!.setting('rest.port')?.value, '1', 'relative to its working directory');
});

t.test('a process that is gone, another one, or hidden is told', async (t) => {
  t.match(await refusal('/proc/4194999'), /^--conf: \/proc\/4194999: no such file or folder$/);
  t.match(
    await refusal(processFolder([...TASK_MANAGER.slice(0, 8), '/nowhere'], [])),
    /nowhere: the configuration of the process: no such/,
  );
  t.match(
    await refusal(processFolder(TASK_MANAGER.slice(0, 7), [])),
    /names no folder of its configuration; give that/,
  );
  t.match(await refusal(processFolder(['bash'], [])), /cmdline:1:1: not a process of Flink/);
  if (process.platform === 'linux')
    t.match(await refusal('/proc/self'), /^--conf: \/proc\/self\/cmdline:1:1: not a process/);
});

const asRoot = process.getuid?.() === 0 || process.platform === 'win32';
t.test(
  'an environment that may not be read is a note',
  { skip: asRoot ? 'root reads everything' : false },
  async (t) => {
    const folder = processFolder(TASK_MANAGER, ['A=1']);
    chmodSync(path.join(folder, 'environ'), 0);
    const [one] = await members([folder]);
    t.match(one!.notes, [{ file: `${folder}/environ`, message: /not readable: permission denied/ }]);
    chmodSync(path.join(folder, 'cmdline'), 0);
    t.match(await refusal(folder), /cmdline: not readable: permission denied; ask as the user whose process it is/);
  },
);

t.test('config show tells file, line and way, and what was overridden', async (t) => {
  const { stdout, status } = await flinkprobe([
    'config',
    'show',
    `--conf=${shared('standalone.yaml')}`,
    '-Drest.port=9',
    '-D',
    'a=b',
  ]);
  t.equal(status, 0);
  const file = shared('standalone.yaml').replaceAll(/[.\\/]/g, '.');
  t.match(stdout, new RegExp(`security.ssl.internal.enabled: true .${file}:12, ConfigMap`));
  t.match(
    stdout,
    new RegExp(`security.ssl.internal.enabled: false .${file}:\\d+, -D; overrides ${file}:12, ConfigMap`),
  );
  t.match(stdout, /rest \(port 9\)/);
  t.match(stdout, /2 parts that are no Flink passed over: Service, Kafka/);
});

t.test('without --conf the folder of FLINK_CONF_DIR is read, and that is said', async (t) => {
  const env = { FLINK_CONF_DIR: shared('conf') };
  for (const command of [
    ['config', 'show'],
    ['audit', '--plain'],
  ]) {
    const { stdout, stderr } = await flinkprobe(command, env);
    t.match(stderr, /no --conf: reading .*conf, which FLINK_CONF_DIR of the environment names/);
    t.match(stdout, /config\.yaml/);
  }
  t.notMatch((await flinkprobe(['config', 'show', `--conf=${deployment}`], env)).stderr, 'FLINK_CONF_DIR');
  t.match((await flinkprobe(['config', 'show'])).stderr, /--conf SOURCE is needed/);
});

t.test('members of a manifest take part in what members are compared by', async (t) => {
  const { stdout, status } = await flinkprobe(['audit', `--conf=${shared('standalone.yaml')}`, '--format=json']);
  t.equal(status, 1);
  const { findings, inputs } = JSON.parse(stdout);
  const found = findings.filter(({ ruleId }: { ruleId: string }) => ruleId === 'configurations-disagree');
  t.ok(found.length > 0);
  const line = readFileSync(shared('standalone.yaml'), 'utf8').split('\n').indexOf('            - -D') + 1;
  t.match(found[0].file, { path: shared('standalone.yaml'), member: 'taskmanager', line });
  t.match(inputs[0], { kind: 'configuration', path: shared('standalone.yaml') });
});

t.test('no format shows a secret of any source', async (t) => {
  const env = source(
    'e.env',
    'FLINK_PROPERTIES="\nsecurity.ssl.internal.key-password: canary-env\n"\nDB_PASSWORD=canary-db\n',
  );
  const compose = source(
    'c.yaml',
    'services:\n  jm: {image: flink:2.0.0, command: jobmanager -Ds3.secret-key=canary-arg}\n',
  );
  for (const format of ['text', 'json', 'jsonl', 'nagios']) {
    const conf = [shared('deployment-secrets.yaml'), env, compose].map((one) => `--conf=${one}`);
    const { stdout, stderr } = await flinkprobe(['audit', ...conf, `--format=${format}`, '--wide', '--verbose']);
    t.notMatch(stdout + stderr, /canary-(?!argument)/, format);
    if (format === 'json')
      t.match(stdout, /secret-in-environment[\s\S]*secret-in-manifest|secret-in-manifest[\s\S]*secret-in-environment/);
  }
});
