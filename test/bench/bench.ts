import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { clearBulk, type Generated, manyHandshakes, tlsBulk } from './generate.ts';
import { identities } from './identities.ts';
import { inTurn, type Measured, machine, median, option, say, type Task } from './measure.ts';

/**
 * Makes large captures and runs `cat`, tshark, pcap-parser and flinkprobe over them in turn.
 *
 * Usage: node dist/test/bench/bench.js [--folder DIR] [--size GB] [--handshakes N] [--long GB] [--runs N]
 */
const here = path.dirname(fileURLToPath(import.meta.url));
/** The command as the package installs it. */
const main = path.join(here, '../../bundle/cli/main.js');
const folder = option('folder', path.join(here, '../../../bench-data'));
const size = Number(option('size', '1')) * 1e9;
const handshakes = Number(option('handshakes', '6000'));
const long = Number(option('long', '0')) * 1e9;
const runs = Number(option('runs', '5'));
const hasTshark = spawnSync('tshark', ['--version']).status === 0;

async function made(name: string, make: (file: string) => Promise<Generated> | Generated): Promise<string> {
  const file = path.join(folder, name);
  try {
    if (statSync(file).size > 0) return file;
  } catch {
    // not there yet
  }
  const generated = await make(file);
  writeFileSync(`${file}.txt`, `${generated.packets} packets, ${generated.bytes} bytes\n`);
  return file;
}

function tshark(file: string): string[] {
  const fields = ['tls.handshake.type', 'tls.handshake.version', 'tls.handshake.ciphersuite', 'x509af.utcTime'];
  return [
    'tshark',
    '-o',
    'tcp.reassemble_out_of_order:TRUE',
    '-r',
    file,
    '-Y',
    'tls.handshake',
    '-T',
    'fields',
    ...fields.flatMap((field) => ['-e', field]),
  ];
}

async function compare(title: string, file: string): Promise<void> {
  const commands = new Map<string, Task>([
    ['cat', { command: ['cat', file], runs }],
    ['flinkprobe analyze', { command: [process.execPath, main, 'analyze', file], runs }],
    ['flinkprobe analyze -, by a pipe', { command: [process.execPath, main, 'analyze', '-'], runs, input: file }],
    ['pcap-parser, count only', { command: [process.execPath, path.join(here, 'count.js'), file], runs: 2 }],
  ]);
  if (hasTshark) commands.set('tshark, handshake fields, reassembly', { command: tshark(file), runs: 1 });
  const measured = await inTurn(commands);
  print(title, file, measured);
}

function print(title: string, file: string, measured: ReadonlyMap<string, Measured>): void {
  const ours = median(measured.get('flinkprobe analyze')!.wall);
  say(`\n### ${title} (${(statSync(file).size / 1e9).toFixed(2)} GB)\n`);
  say('| command | seconds, median (min – max) | peak RSS, MiB | time of it / flinkprobe |');
  say('|---|---|---|---|');
  for (const [name, { wall, peak }] of measured) {
    const range = `${median(wall).toFixed(2)} (${wall[0]!.toFixed(2)} – ${wall.at(-1)!.toFixed(2)})`;
    say(`| ${name} | ${range} | ${peak.toFixed(0)} | ${(median(wall) / ours).toFixed(2)} |`);
  }
}

async function startUp(): Promise<void> {
  const measured = await inTurn(
    new Map([
      ['node -e 0', { command: [process.execPath, '-e', '0'], runs: 15 }],
      ['flinkprobe --version', { command: [process.execPath, main, '--version'], runs: 15 }],
      ['flinkprobe --help', { command: [process.execPath, main, '--help'], runs: 5 }],
    ]),
  );
  const bare = median(measured.get('node -e 0')!.wall);
  say('\n### Start-up\n\n| command | seconds, median | / bare Node |\n|---|---|---|');
  for (const [name, { wall }] of measured)
    say(`| ${name} | ${median(wall).toFixed(3)} | ${(median(wall) / bare).toFixed(2)} |`);
}

mkdirSync(folder, { recursive: true });
say(machine());
const all = identities(8);
await startUp();
await compare(
  'TLS bulk, 1.5 % of segments out of order',
  await made('tls.pcap', (file) => tlsBulk(file, all[0]!, size)),
);
await compare('Clear shuffle', await made('clear.pcap', (file) => clearBulk(file, size)));
await compare(
  `${handshakes} handshakes, 8 certificates`,
  await made('handshakes.pcap', (file) => manyHandshakes(file, all, handshakes)),
);
if (long > 0) {
  const file = await made('long.pcap', (target) => tlsBulk(target, all[0]!, long));
  const measured = await inTurn(
    new Map([['flinkprobe analyze', { command: [process.execPath, main, 'analyze', file], runs: 1 }]]),
  );
  print('A long capture', file, measured);
}
