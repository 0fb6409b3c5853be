import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Report } from '../../src/model/report.ts';
import { ENVIRONMENT, flinkprobe, MAIN } from '../support/command-line.ts';
import { readConversation } from '../support/conversation.ts';
import { enterOwnNetwork, isThere } from '../support/own-network.ts';
import { play } from '../support/played.ts';
import { isGone, sniffing } from '../support/sniffing.ts';

const lacking = enterOwnNetwork(import.meta.url);
// After that, so that only one of the two processes tells of tests.
const { default: t } = await import('tap');

const live = { skip: lacking ?? (isThere('dumpcap') && isThere('tcpdump') ? false : 'dumpcap or tcpdump not found') };

t.test('Ctrl-C, which the tool hears as well, is no failure of the tool', live, async (t) => {
  const { child, ended } = await sniffing(['-i', 'lo', '--format', 'json'], {}, 'group');
  await sleep(300);
  process.kill(-child.pid!, 'SIGINT');
  const { status, stdout, stderr } = await ended;
  t.equal(status, 130);
  t.notMatch(stderr, /ended/);
  t.match(JSON.parse(stdout), { complete: false, inputs: [{ quality: { problems: [] } }] });
});

t.test('killed, it leaves no tool behind', live, async (t) => {
  const { child, ended } = await sniffing(['-i', 'lo']);
  const { stdout: tool } = spawnSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' });
  t.ok(Number(tool) > 0);
  child.kill('SIGKILL');
  await ended;
  await sleep(500);
  t.ok(isGone(Number(tool)));
});

t.test('a tool that is killed ends it with what was seen, and that is no pass', live, async (t) => {
  const { child, ended } = await sniffing(['-i', 'lo', '--format', 'json']);
  const talk = await play(readConversation('tls12-rpc-1.20.3'));
  t.teardown(() => talk.end());
  await sleep(800);
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

t.test('a filter that is none, an interface that is not there: exit 3, nothing is judged', live, async (t) => {
  const filter = await flinkprobe(['sniff', '-i', 'lo', '--filter', 'tcp prt 80']);
  t.match(filter, { status: 3, stdout: '', stderr: /"tcp prt 80" is no capture filter: .*syntax error/ });
  const none = await flinkprobe(['sniff', '-i', 'nowhere0']);
  t.match(none, { status: 3, stdout: '', stderr: /nowhere0/ });
});

const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--'];

/** Why nobody cannot be played here. The folder of the tests may be closed to others. */
function withoutNobody(): string | false {
  if (!isThere('setpriv')) return 'setpriv not found';
  const read = spawnSync('setpriv', [...nobody, process.execPath, '--check', MAIN]);
  return read.status === 0 ? false : 'files not readable for nobody';
}

const asNobody = { skip: live.skip || withoutNobody() };

t.test('without the right to capture it says how to get it: exit 3', asNobody, async (t) => {
  for (const tool of ['dumpcap', 'tcpdump']) {
    const whole = (program: string): string => spawnSync('which', [program], { encoding: 'utf8' }).stdout.trim();
    const folder = t.testdir({ [tool]: t.fixture('symlink', whole(tool)) });
    const isReachable = spawnSync('setpriv', [...nobody, 'test', '-x', `${folder}/${tool}`]).status === 0;
    const { status, stderr } = spawnSync(whole('setpriv'), [...nobody, process.execPath, MAIN, 'sniff', '-i', 'lo'], {
      encoding: 'utf8',
      env: isReachable ? { ...ENVIRONMENT, PATH: folder } : ENVIRONMENT,
    });
    t.equal(status, 3);
    t.match(stderr, /setcap cap_net_raw,cap_net_admin=ep \S*(dumpcap|tcpdump)/);
    t.match(stderr, /wireshark|sudo/);
  }
});
