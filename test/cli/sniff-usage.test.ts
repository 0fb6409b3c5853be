import { spawnSync } from 'node:child_process';
import path from 'node:path';
import t from 'tap';
import { ENVIRONMENT, flinkprobe, MAIN } from '../support/command-line.ts';

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
    [['-i', '-w'], /Not enough arguments/],
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
});
