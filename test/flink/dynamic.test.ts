import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { parseFlinkConfiguration } from '../../src/flink/config.ts';
import { dynamicProperties, flinkMainClass, roleOf, shellWords } from '../../src/flink/dynamic.ts';
import { temporary } from '../support/temporary.ts';

t.test('properties joined and apart, with several equals signs, without a value', async (t) => {
  const args = ['taskmanager', '-Da=1', '-D', 'b=x=y', '-Dflag', '-D', '--other', '-Dc=', '-X', '-D'];
  t.strictSame(dynamicProperties(args), [
    { key: 'a', value: '1', index: 1 },
    { key: 'b', value: 'x=y', index: 2 },
    { key: 'flag', value: 'true', index: 4 },
    { key: '--other', value: 'true', index: 5 },
    { key: 'c', value: '', index: 7 },
  ]);
});

const bash = spawnSync('bash', ['--version']).status === 0 ? false : 'bash not found';

t.test('words are those of a shell', { skip: bash }, async (t) => {
  const lines = [
    `jobmanager.sh start-foreground -Da=b  "-Dc=d e" '-Df=$HOME' -Dg="h i"j\\ k`,
    `exec /opt/flink/bin/taskmanager.sh start -D "a=\\"b\\\\" -D''x=''`,
    `a\\\n  b\tc`,
  ];
  for (const line of lines) {
    const { stdout } = spawnSync('bash', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' });
    t.strictSame(shellWords(line), stdout.split('\0').slice(0, -1), line);
  }
});

t.test('any text is split without a crash, and quoted words come back', async () => {
  fc.assert(fc.property(fc.string(), (text) => shellWords(text).every((word) => typeof word === 'string')));
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      const line = words.map((word) => `'${word.replaceAll("'", `'"'"'`)}'`).join(' ');
      const split = shellWords(line);
      return split.length === words.length && split.every((word, index) => word === words[index]);
    }),
  );
});

t.test("commands of the image, Flink's scripts and its main classes name the process", async (t) => {
  t.equal(roleOf(['/docker-entrypoint.sh', 'taskmanager']), 'taskmanager');
  t.equal(roleOf(['standalone-job', '--job-classname', 'x.TaskManager']), 'jobmanager');
  t.equal(roleOf(['/opt/flink/bin/kubernetes-taskmanager.sh']), 'taskmanager');
  t.equal(roleOf(['org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint']), 'jobmanager');
  t.equal(roleOf(['org.apache.flink.container.entrypoint.StandaloneApplicationClusterEntryPoint']), 'jobmanager');
  t.equal(roleOf(['org.apache.flink.runtime.taskexecutor.TaskManagerRunner']), 'taskmanager');
  t.equal(roleOf(['history-server']), 'history-server');
  t.equal(roleOf(['sql-gateway']), 'sql-gateway');
  t.equal(roleOf(['bash', '-c', 'sleep']), undefined);
  t.equal(flinkMainClass(['java', '-Dx=org.apache.flink.A', 'org.apache.flink.B', 'org.apache.flink.C']), 2);
});

/** `bin/config-parser-utils.sh` of a distribution runs this; docker-entrypoint.sh from 1.19 on runs that. */
function byFlink(version: string, folder: string, args: readonly string[]): Map<string, string> {
  const home = distribution(version);
  const jars = [path.join(home, 'bin/bash-java-utils.jar'), path.join(home, `lib/flink-dist-${version}.jar`)];
  const main = 'org.apache.flink.runtime.util.bash.BashJavaUtils';
  const command = ['-cp', jars.join(path.delimiter), main, 'UPDATE_AND_GET_FLINK_CONFIGURATION', '--configDir', folder];
  const { status, stdout, stderr } = spawnSync('java', [...command, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const text = [...stdout.matchAll(/^BASH_JAVA_UTILS_EXEC_RESULT:(.*)$/gm)].map(([, line]) => `${line}\n`).join('');
  const name = existsSync(path.join(folder, 'flink-conf.yaml')) ? 'flink-conf.yaml' : 'config.yaml';
  const written = parseFlinkConfiguration([{ name, text }], { member: null });
  return new Map(written.keys().map((key) => [key, written.setting(key)!.value]));
}

function distribution(version: string): string {
  return path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'flinkprobe', 'flink', version);
}

function lacking(version: string): string | false {
  if (!existsSync(path.join(distribution(version), 'bin/bash-java-utils.jar'))) return `Flink ${version} not found`;
  return spawnSync('java', ['-version']).status === 0 ? false : 'Java not found';
}

const FILES = {
  'config.yaml': 'rest.port: 8081\nsecurity:\n  ssl:\n    internal:\n      enabled: true\n',
  'flink-conf.yaml': 'rest.port: 8081\nsecurity.ssl.internal.enabled: true\n',
} as const;

for (const [version, name] of [
  ['1.20.3', 'config.yaml'],
  ['1.20.3', 'flink-conf.yaml'],
  ['2.2.1', 'config.yaml'],
] as const) {
  t.test(`Flink ${version} puts -D on top of ${name} as we do`, { skip: lacking(version) }, async (t) => {
    const folder = temporary();
    mkdirSync(path.join(folder, 'conf'));
    writeFileSync(path.join(folder, 'conf', name), FILES[name]);
    const args = [
      '-Drest.port=1',
      '-D',
      'rest.port=9',
      '-D',
      'security.ssl.internal.enabled=false',
      '-Da.b=x=y',
      '-Dflag',
    ];
    const entries = dynamicProperties(args).map(({ key, value }) => ({ key, value, line: 1 }));
    const ours = parseFlinkConfiguration([{ name, text: FILES[name] }], {
      member: null,
      flinkVersion: version,
      layers: [{ kind: 'entries', origin: 'dynamic', entries }],
    });
    const theirs = byFlink(version, path.join(folder, 'conf'), args);
    t.ok(theirs.size >= 4);
    t.strictSame(
      Object.fromEntries(ours.keys().map((key) => [key, ours.setting(key)!.value])),
      Object.fromEntries([...theirs].sort(([a], [b]) => ours.keys().indexOf(a) - ours.keys().indexOf(b))),
    );
  });
}
