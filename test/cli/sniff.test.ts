import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Report } from '../../src/model/report.ts';
import { ENVIRONMENT, type Ended, flinkprobe, MAIN } from '../support/command-line.ts';
import { readConversation } from '../support/conversation.ts';
import { enterOwnNetwork, isThere } from '../support/own-network.ts';
import { play } from '../support/played.ts';

const lacking = enterOwnNetwork(import.meta.url);
// After that, so that only one of the two processes tells of tests.
const { default: t } = await import('tap');

const live = { skip: lacking ?? (isThere('dumpcap') && isThere('tcpdump') ? false : 'dumpcap or tcpdump not found') };

interface Listening {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** When a line of standard error that matches came, `performance.now()`. */
  heard(line: RegExp): Promise<number>;
}

/** `sniff` in a process of its own, which listens when this resolves. */
async function sniffing(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Listening> {
  const child = spawn(process.execPath, [MAIN, 'sniff', '--verbose', ...args], { env: { ...ENVIRONMENT, ...env } });
  const kept = { stdout: '', stderr: '' };
  const waiting: { readonly line: RegExp; readonly done: (at: number) => void }[] = [];
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      kept[name] += text;
      for (const { line, done } of waiting) if (line.test(kept.stderr)) done(performance.now());
    });
  const ended = new Promise<Ended>((resolve) => child.on('close', (status) => resolve({ status, ...kept })));
  const heard = (line: RegExp): Promise<number> =>
    new Promise((resolve, reject) => {
      if (line.test(kept.stderr)) resolve(performance.now());
      else waiting.push({ line, done: resolve });
      void ended.then(() => reject(new Error(`it ended: ${kept.stderr}`)));
    });
  await heard(/listens to/);
  return { child, ended, heard };
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

t.test('clear data frames are told within two seconds, and the report fails', live, async (t) => {
  const { ended, heard } = await sniffing(['-i', 'lo', '--for', '4s', '--format', 'json']);
  const talk = await play(readConversation('data-1.20.3'));
  const at = await heard(/in clear: \S+ on taskmanager-data/);
  t.comment(`told ${Math.round(at - talk.startedAt)} ms after the first byte`);
  t.ok(at - talk.startedAt < 2000, `${at - talk.startedAt} ms`);
  const { status, stdout } = await ended;
  await talk.end();
  t.equal(status, 1);
  const report = JSON.parse(stdout) as Report;
  t.match(report, {
    command: 'sniff',
    complete: true,
    verdict: 'fail',
    inputs: [{ kind: 'interface', path: 'lo', format: 'pcapng' }],
  });
  t.ok(report.findings.some(({ ruleId }) => ruleId === 'plaintext-state-transfer'));
});

t.test(
  '--write keeps the packets as captured, for the owner only, and analyze says the same of them',
  live,
  async (t) => {
    const file = path.join(t.testdir(), 'kept.pcapng');
    const { ended } = await sniffing(['-i', 'lo', '--for', '2s', '-w', file, '--format', 'json']);
    const talk = await play(readConversation('tls12-rpc-1.20.3'));
    await talk.end();
    const { stdout } = await ended;
    t.equal(statSync(file).mode & 0o777, 0o600);
    const live = JSON.parse(stdout) as Report;
    const later = JSON.parse((await flinkprobe(['analyze', file, '--format', 'json'])).stdout) as Report;
    t.match(live.observations, [{ kind: 'tls', server: { port: talk.port } }]);
    t.same(live.observations, later.observations);
    t.equal(live.inputs[0]!.packets, later.inputs[0]!.packets);
    if (!isThere('capinfos', '-h')) return;
    const { stdout: counted } = spawnSync('capinfos', ['-c', '-M', '-T', '-r', file], { encoding: 'utf8' });
    t.equal(Number(counted.trim().split(/\s+/).at(-1)), live.inputs[0]!.packets);
  },
);

t.test('SIGINT ends with the report of what was seen, marked incomplete: exit 130', live, async (t) => {
  const { child, ended } = await sniffing(['-i', 'lo', '--format', 'json']);
  const talk = await play(readConversation('data-1.20.3'));
  t.teardown(() => talk.end());
  await pause(800);
  child.kill('SIGINT');
  const { status, stdout } = await ended;
  t.equal(status, 130);
  t.match(JSON.parse(stdout), { complete: false, observations: [{ kind: 'plaintext' }] });
});

t.test('a tool that is killed ends it with what was seen, and that is no pass', live, async (t) => {
  const { child, ended } = await sniffing(['-i', 'lo', '--format', 'json']);
  const talk = await play(readConversation('tls12-rpc-1.20.3'));
  t.teardown(() => talk.end());
  await pause(800);
  const { stdout: tool } = spawnSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' });
  process.kill(Number(tool.trim()), 'SIGKILL');
  const { status, stdout, stderr } = await ended;
  t.match(stderr, /dumpcap on lo was ended by SIGKILL; what was seen until then is judged/);
  const report = JSON.parse(stdout) as Report;
  t.match(report, {
    complete: false,
    verdict: /inconclusive|fail/,
    inputs: [{ quality: { problems: [{ reason: 'read-error' }] } }],
  });
  t.ok(report.observations.length > 0);
  t.ok(status === 1 || status === 2);
});

t.test('nothing on the wire is no pass: exit 2', live, async (t) => {
  const { ended } = await sniffing(['-i', 'probe1', '--filter', 'tcp port 1', '--for', '500ms']);
  t.equal((await ended).status, 2);
});

t.test('without a terminal there is no table, and no escape sequence', live, async (t) => {
  const { ended } = await sniffing(['-i', 'lo', '--for', '1500ms']);
  const talk = await play(readConversation('data-1.20.3'));
  const { stdout, stderr } = await ended;
  await talk.end();
  t.notOk((stdout + stderr).includes('\u001b'));
  t.notMatch(stderr, /CHANNEL/);
});

t.test('a filter that is none, an interface that is not there: exit 3, nothing is judged', live, async (t) => {
  const filter = await flinkprobe(['sniff', '-i', 'lo', '--filter', 'tcp prt 80']);
  t.match(filter, { status: 3, stdout: '', stderr: /"tcp prt 80" is no capture filter: .*syntax error/ });
  const none = await flinkprobe(['sniff', '-i', 'nowhere0']);
  t.match(none, { status: 3, stdout: '', stderr: /nowhere0/ });
});

t.test('without the right to capture it says how to get it: exit 3', live, async (t) => {
  if (!isThere('setpriv')) {
    t.pass('setpriv not found');
    return;
  }
  const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--'];
  // The folder of the tests may be closed to others.
  if (spawnSync('setpriv', [...nobody, process.execPath, '--check', MAIN]).status !== 0) {
    t.pass('files not readable for nobody');
    return;
  }
  for (const tool of ['dumpcap', 'tcpdump']) {
    const folder = t.testdir({
      [tool]: t.fixture('symlink', spawnSync('which', [tool], { encoding: 'utf8' }).stdout.trim()),
    });
    accessSync(folder, constants.R_OK);
    const { status, stderr } = spawnSync('setpriv', [...nobody, process.execPath, MAIN, 'sniff', '-i', 'lo'], {
      encoding: 'utf8',
      env: ENVIRONMENT,
    });
    t.equal(status, 3);
    t.match(stderr, /setcap cap_net_raw,cap_net_admin=ep \S*(dumpcap|tcpdump)/);
    t.match(stderr, /wireshark|sudo/);
  }
});

t.test('without any tool it says what to install: exit 3', async (t) => {
  const asked = spawnSync(process.execPath, [MAIN, 'sniff', '-i', 'lo'], {
    encoding: 'utf8',
    env: { ...ENVIRONMENT, PATH: '' },
  });
  t.equal(asked.status, 3);
  t.match(asked.stderr, /no dumpcap and no tcpdump was found.*apt install tcpdump.*--print-command/);
});

t.test('--print-command needs neither rights nor tools', async (t) => {
  const asked = spawnSync(process.execPath, [MAIN, 'sniff', '--print-command', '-i', 'eth0', '-w', '/tmp/x.pcap'], {
    encoding: 'utf8',
    env: { ...ENVIRONMENT, PATH: '' },
  });
  t.match(asked, { status: 0, stdout: 'tcpdump -i eth0 -n -s 0 -B 65536 -U -w /tmp/x.pcap -- tcp\n', stderr: '' });
});

t.test('a filter is made of ports only where configurations name all of them', async (t) => {
  const ports = [
    'taskmanager.rpc.port: 6122',
    'taskmanager.data.port: 6121',
    'blob.server.port: 6124-6125',
    'metrics.internal.query-service.port: 6126',
  ];
  const folder = t.testdir({
    known: { 'config.yaml': ports.join('\n') },
    random: { 'config.yaml': ports.slice(0, 3).join('\n') },
  });
  const filterOf = async (name: string): Promise<string> =>
    (await flinkprobe(['sniff', '--print-command', '-i', 'eth0', '--conf', path.join(folder, name)])).stdout;
  t.match(await filterOf('known'), /-- 'tcp and \(.*portrange 6121-6126.*8081.*\)'/);
  t.match(await filterOf('random'), /-- tcp$/m, 'a random port would be hidden by any list');
});

t.test('values that can mean nothing are refused: exit 3', async (t) => {
  for (const [args, what] of [
    [['--for', '5'], /--for/],
    [['-i', '-w'], /interface|Not enough/],
    [['--filter', ''], /--filter: is empty/],
    [['--buffer-size', '0'], /--buffer-size/],
    [['--expect', 'nothing'], /--expect/],
  ] as const) {
    const { status, stderr } = await flinkprobe(['sniff', ...args]);
    t.equal(status, 3, args.join(' '));
    t.match(stderr, what);
  }
});

t.test('help tells of it', async (t) => {
  const asked = spawnSync(process.execPath, [MAIN, 'sniff', '--help'], { encoding: 'utf8', env: ENVIRONMENT });
  t.match(asked.stdout, /--print-command/);
  t.ok(readFileSync(MAIN).length > 0);
});
