import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import type { Report } from '../../src/model/report.ts';
import { ENVIRONMENT, flinkprobe, MAIN, spawned } from '../support/command-line.ts';
import { temporary } from '../support/temporary.ts';
import { readVector } from '../support/vectors.ts';

const folder = temporary();
const at = (name: string): string => path.join(folder, name);

const BINARY = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 151 + (index >> 3)) & 0xff));
mkdirSync(at('folder'));
mkdirSync(at('bad'));
mkdirSync(at('state'));
symlinkSync('nowhere', at('dangling'));
writeFileSync(at('empty'), '');
writeFileSync(at('binary'), BINARY);
writeFileSync(at('tabs.yaml'), 'rest:\n  port: 8081\n\tbind: x\n');
writeFileSync(at('twice.yaml'), 'rest.port: 8081\nrest.address: a\nrest.port: 8082\n');
writeFileSync(at('latin1.yaml'), Buffer.from('rest.port: 8081\nrest.address: M\xfcnchen\n', 'latin1'));
writeFileSync(at('big.yaml'), 'rest.port: 8081\n'.repeat(600_000));
writeFileSync(at('bad/config.yaml'), BINARY);
writeFileSync(at('huge.p12'), Buffer.alloc(17 * 1024 * 1024, 0x30));
copyFileSync(path.join('test/vectors/ssl', 'internal.p12'), at('good.p12'));
chmodSync(at('good.p12'), 0o600);
const madeFifo = spawnSync('mkfifo', [at('fifo')]).status === 0;

interface Case {
  readonly name: string;
  readonly args: readonly string[];
  readonly exit: 2 | 3;
  /** On standard error where nothing was judged, else in the notes of the input. */
  readonly said: RegExp;
}

const place = (name: string): string => at(name).replace(/[.\\]/g, '\\$&');
const said = (name: string, rest: string): RegExp => new RegExp(`${place(name)}${rest}`);

/** Options that take a file; none of these can be opened as one, so that nothing is judged. */
const UNOPENABLE: readonly Case[] = ['--conf', '--keystore', '--log'].flatMap((option): readonly Case[] => [
  { name: `${option} gone`, args: [option, at('gone')], exit: 3, said: said('gone', ': no such file') },
  {
    name: `${option} dangling link`,
    args: [option, at('dangling')],
    exit: 3,
    said: said('dangling', ': no such file'),
  },
  { name: `${option} below a file`, args: [option, at('empty/x')], exit: 3, said: said('empty/x', ': ') },
]);

const CASES: readonly Case[] = [
  ...UNOPENABLE,
  { name: '--conf empty folder', args: ['--conf', at('folder')], exit: 3, said: said('folder', ': holds neither') },
  { name: '--conf binary', args: ['--conf', at('binary')], exit: 3, said: said('binary', ':1:\\d+: ') },
  {
    name: '--conf folder with a binary',
    args: ['--conf', at('bad')],
    exit: 3,
    said: said('bad/config.yaml', ':1:\\d+: '),
  },
  { name: '--conf no YAML', args: ['--conf', at('tabs.yaml')], exit: 3, said: said('tabs.yaml', ':3:\\d+: ') },
  { name: '--conf 10 MB', args: ['--conf', at('big.yaml')], exit: 3, said: said('big.yaml', ':1:1: larger than') },
  { name: '--keystore folder', args: ['--keystore', at('folder')], exit: 3, said: said('folder', ': is a folder') },
  { name: '--keystore device', args: ['--keystore', '/dev/null'], exit: 3, said: /\/dev\/null: is no file/ },
  { name: '--keystore binary', args: ['--keystore', at('binary')], exit: 2, said: /is none of PEM, PKCS#12, JKS/ },
  { name: '--keystore 17 MB', args: ['--keystore', at('huge.p12')], exit: 2, said: /larger than 16777216 bytes/ },
  { name: '--log folder', args: ['--log', at('folder')], exit: 3, said: said('folder', ': is a folder') },
  { name: '--log empty', args: ['--log', at('empty')], exit: 2, said: /empty: 0 bytes/ },
  { name: '--log binary', args: ['--log', at('binary')], exit: 2, said: /no line of it is one that Flink writes/ },
  { name: '--state-dir gone', args: ['--state-dir', at('gone')], exit: 2, said: /no such/ },
  { name: '--state-dir dangling link', args: ['--state-dir', at('dangling')], exit: 2, said: /no such/ },
  { name: '--state-dir file', args: ['--state-dir', at('binary')], exit: 2, said: /no (?:folder|directory)|is a file/ },
];

t.test('wrong input ends with 2 or 3 and names the file and the place', async (t) => {
  for (const { name, args, exit, said: expected } of CASES) {
    const { status, stdout, stderr } = await flinkprobe(['audit', ...args, '--format', 'json']);
    t.equal(status, exit, name);
    t.match(exit === 3 ? stderr : stdout, expected, name);
    if (exit === 3) t.equal(stdout, '', `${name}: nothing was judged`);
    else t.equal((JSON.parse(stdout) as Report).verdict, 'inconclusive', name);
  }
});

t.test('what one input cannot tell does not silence the others', async (t) => {
  const password = { PW: 'flinkpw' };
  const args = [
    'audit',
    '--keystore',
    at('good.p12'),
    '--keystore-password-env',
    'PW',
    '--now',
    '2026-11-23T00:00:00Z',
  ];
  for (const wrong of [
    ['--log', at('binary')],
    ['--state-dir', at('gone')],
    ['--keystore', at('binary')],
  ]) {
    const { status, stdout } = await flinkprobe([...args, ...wrong, '--format', 'json'], password);
    const report = JSON.parse(stdout) as Report;
    t.equal(status, 2, wrong.join(' '));
    t.equal(report.inputs.find(({ path: file }) => file === at('good.p12'))?.format, 'PKCS12', wrong.join(' '));
    t.ok(
      report.inputs.some(({ path: file }) => file === wrong[1]),
      'the wrong one is listed',
    );
  }
});

t.test('duplicate keys and lines that are no UTF-8 are told with their line, and the rest is judged', async (t) => {
  for (const [name, line] of [
    ['twice.yaml', 3],
    ['latin1.yaml', 2],
  ] as const) {
    const { stdout, stderr, status } = await flinkprobe(['audit', '--conf', at(name), '--format', 'json']);
    t.match(stdout + stderr, new RegExp(`${place(name)}[":,\\s\\w]*\\b${line}\\b`), name);
    t.ok(status === 1 || status === 3, `${name}: ${status}`);
  }
});

t.test('a log whose gzip is cut gives what stands before the cut', async (t) => {
  const whole = gzipSync(readVector('logs/1.20.3-all/jm.log'));
  writeFileSync(at('cut.log.gz'), whole.subarray(0, whole.length - 40));
  const { status, stdout } = await flinkprobe(['audit', '--log', at('cut.log.gz'), '--format', 'json']);
  const report = JSON.parse(stdout) as Report;
  t.equal(status, 2);
  t.ok(report.observations.length > 0, 'results so far');
  const [problem] = report.inputs[0]?.problems ?? [];
  t.match(problem, { file: at('cut.log.gz'), message: /compressed data are damaged/ });
  t.ok((problem?.line ?? 0) > 10, 'the line that was reached');
});

t.test('100 MB of log, and a line of 50 MB, are read in bounded memory', async (t) => {
  const line = '2026-11-23 00:00:00,000 INFO  org.apache.flink.Some [] - nothing that matters here.\n';
  const block = Buffer.from(line.repeat(12_000));
  const file = openSync(at('large.log'), 'w');
  writeSync(file, readVector('logs/1.20.3-all/jm.log'));
  for (let written = 0; written < 50e6; written += block.length) writeSync(file, block);
  for (let written = 0; written < 50e6; written += block.length) writeSync(file, Buffer.alloc(block.length, 0x78));
  closeSync(file);
  const before = process.resourceUsage().maxRSS;
  const { status, stdout } = await flinkprobe(['audit', '--log', at('large.log'), '--format', 'json']);
  const report = JSON.parse(stdout) as Report;
  t.equal(status, 0);
  t.ok(report.observations.length > 0);
  t.match(report.inputs[0]?.problems, [{ message: /longer than 32 KiB: only their beginnings were read/ }]);
  t.ok(process.resourceUsage().maxRSS - before < 64 * 1024, 'KiB more than before');
});

t.test(
  'a pipe gives a log and a configuration, and is no key store',
  { skip: madeFifo ? false : 'mkfifo not found' },
  (t) => {
    const through = (option: string, source: string) =>
      spawnSync(
        'sh',
        [
          '-c',
          `cat "$1" > "$2" & exec "$3" "$4" audit "$5" "$2" --plain`,
          'sh',
          source,
          at('fifo'),
          process.execPath,
          MAIN,
          option,
        ],
        {
          encoding: 'utf8',
          env: ENVIRONMENT,
          timeout: 20_000,
        },
      );
    t.match(through('--log', 'test/vectors/logs/1.20.3-all/jm.log').stdout, /^input\tlog\t/);
    t.match(through('--conf', at('twice.yaml')).stdout, /^input\tconfiguration\t/);
    const store = spawned(['audit', '--keystore', at('fifo')]);
    t.equal(store.status, 3);
    t.match(store.stderr, /fifo: is no file/);
    t.end();
  },
);

/** Root reads everything: as nobody, where it may read the command. */
function unprivileged(args: readonly string[]) {
  const isRoot = process.getuid?.() === 0;
  return spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    env: ENVIRONMENT,
    ...(isRoot ? { uid: 65534, gid: 65534 } : {}),
  });
}

const cannotBeDenied =
  process.platform === 'win32' || unprivileged(['--version']).status !== 0 ? 'no other user to be' : false;

t.test('files that may not be read are named with the reason', { skip: cannotBeDenied }, (t) => {
  chmodSync(folder, 0o755);
  for (const name of ['closed.yaml', 'closed.p12', 'closed.log']) {
    writeFileSync(at(name), 'rest.port: 1\n');
    chmodSync(at(name), 0);
  }
  mkdirSync(at('closed'));
  chmodSync(at('closed'), 0);
  for (const [option, name, exit] of [
    ['--conf', 'closed.yaml', 3],
    ['--keystore', 'closed.p12', 3],
    ['--log', 'closed.log', 3],
    ['--state-dir', 'closed', 2],
  ] as const) {
    const { status, stdout, stderr } = unprivileged(['audit', option, at(name), '--wide']);
    t.equal(status, exit, `${option}: ${stderr}`);
    t.match(stdout + stderr, /permission|may not be read by this user/, option);
  }
  t.end();
});
