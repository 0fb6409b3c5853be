import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Report } from '../../src/model/report.ts';
import { missing } from '../support/capture-tools.ts';
import { flinkprobe } from '../support/command-line.ts';
import { readConversation } from '../support/conversation.ts';
import { enterOwnNetwork, isThere } from '../support/own-network.ts';
import { play } from '../support/played.ts';
import { sniffing } from '../support/sniffing.ts';

const lacking = enterOwnNetwork(import.meta.url);
// After that, so that only one of the two processes tells of tests.
const { default: t } = await import('tap');

const live = { skip: lacking ?? (isThere('dumpcap') && isThere('tcpdump') ? false : 'dumpcap or tcpdump not found') };

t.test('clear data frames are told within two seconds, and the report fails', live, async (t) => {
  const { ended, heard } = await sniffing(['-i', 'lo', '--for', '3s', '--format', 'json']);
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
    await t.test('capinfos counts as many', { skip: missing('capinfos') }, async (t) => {
      const { stdout: counted } = spawnSync('capinfos', ['-c', '-M', '-T', '-r', file], { encoding: 'utf8' });
      t.equal(Number(counted.trim().split(/\s+/).at(-1)), live.inputs[0]!.packets);
    });
  },
);

t.test('SIGINT ends with the report of what was seen, marked incomplete: exit 130', live, async (t) => {
  const { child, ended } = await sniffing(['-i', 'lo', '--format', 'json']);
  const talk = await play(readConversation('data-1.20.3'));
  t.teardown(() => talk.end());
  await sleep(800);
  child.kill('SIGINT');
  const { status, stdout } = await ended;
  t.equal(status, 130);
  t.match(JSON.parse(stdout), { complete: false, observations: [{ kind: 'plaintext' }] });
});

t.test('without a terminal there is no table, and no escape sequence', live, async (t) => {
  const { ended } = await sniffing(['-i', 'lo', '--for', '1500ms']);
  const talk = await play(readConversation('data-1.20.3'));
  const { stdout, stderr } = await ended;
  await talk.end();
  t.notOk((stdout + stderr).includes('\u001b'));
  t.notMatch(stderr, /CHANNEL/);
});
