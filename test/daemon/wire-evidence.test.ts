import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { EvidenceFolder, isEvidence } from '../../src/daemon/wire-evidence.ts';
import type { LiveTransfer } from '../../src/observe/live.ts';
import { readConversation } from '../support/conversation.ts';
import { enterOwnNetwork, isThere } from '../support/own-network.ts';
import { play } from '../support/played.ts';
import { until } from '../support/until.ts';
import { eventsOf, watching } from './watching.ts';

const lacking = enterOwnNetwork(import.meta.url);
// After that, so that only one of the two processes tells of tests.
const { default: t } = await import('tap');

const live = { skip: lacking ?? (isThere('tcpdump') ? false : 'tcpdump not found') };

t.test('evidence is kept for its owner only, and tshark reads it', live, async (t) => {
  const folder = path.join(t.testdir(), 'evidence');
  const heard = await watching(t, { evidence: { folder, bytes: 10_000 } });
  await until('running', () => heard.wire.status.state === 'running');
  const talks = [await play(readConversation('data-1.20.3'))];
  await until('told', () => eventsOf(heard, 'clear-transfer').length > 0);
  const files = readdirSync(folder);
  t.equal(files.length, 1);
  t.match(files[0], /^flinkprobe-evidence-.*_prod_taskmanager-data_127\.0\.0\.1_\d+_.*\.pcapng$/);
  const stat = statSync(path.join(folder, files[0]!));
  t.equal(stat.mode & 0o777, 0o600);
  t.ok(stat.size < 16_000);
  if (isThere('tshark')) {
    const { stdout } = spawnSync(
      'tshark',
      ['-r', path.join(folder, files[0]!), '-T', 'fields', '-e', 'tcp.flags.syn', '-e', 'tcp.port'],
      { encoding: 'utf8' },
    );
    t.match(stdout.split('\n')[0], /^(1|True)/, 'it begins with the SYN');
    t.ok(stdout.includes(String(talks[0]!.port)));
  }
  for (const talk of talks) await talk.end();
});

t.test('files are few, small and for their owner, and the same transfer is kept once an hour', async (t) => {
  const folder = path.join(t.testdir(), 'evidence');
  let clock = 0;
  let set = Date.parse('2026-11-22T12:00:00Z');
  const evidence = new EvidenceFolder(
    folder,
    'pr/od',
    () => set + clock,
    () => clock,
  );
  const told = (port: number): LiveTransfer =>
    ({
      observation: { channel: 'taskmanager-data', server: { host: 'fe80::1', port } },
      transfer: { kind: 'records' },
      evidence: Buffer.alloc(1000),
    }) as unknown as LiveTransfer;
  const first = evidence.keep(told(1))!;
  t.equal(path.dirname(first), folder);
  t.ok(isEvidence(path.basename(first)));
  t.equal(statSync(folder).mode & 0o777, 0o700);
  set += 30 * 86_400_000;
  t.equal(evidence.keep(told(1)), undefined, 'the clock was set');
  set -= 30 * 86_400_000;
  clock += 3_599_000;
  t.equal(evidence.keep(told(1)), undefined);
  clock += 2000;
  t.type(evidence.keep(told(1)), 'string');
  for (let port = 2; port <= 210; port++) {
    clock += 1000;
    evidence.keep(told(port));
  }
  const names = readdirSync(folder);
  t.equal(names.length, 200);
  t.notOk(names.includes(path.basename(first)), 'the oldest is gone');
});

t.test('evidence that could not be written is kept with a later connection, a minute after', async (t) => {
  const folder = path.join(t.testdir(), 'evidence');
  let clock = Date.parse('2026-11-22T12:00:00Z');
  const evidence = new EvidenceFolder(
    folder,
    'prod',
    () => clock,
    () => clock,
  );
  const told = {
    observation: { channel: 'taskmanager-data', server: { host: '10.0.0.1', port: 6121 } },
    transfer: { kind: 'records' },
    evidence: Buffer.alloc(1000),
  } as unknown as LiveTransfer;
  writeFileSync(folder, 'no folder');
  t.throws(() => evidence.keep(told));
  rmSync(folder);
  clock += 59_000;
  t.equal(evidence.keep(told), undefined, 'a disk that is full is not asked for every transfer');
  clock += 2000;
  t.type(evidence.keep(told), 'string');
  t.equal(readdirSync(folder).length, 1);
});
