import { spawnSync } from 'node:child_process';
import { readConversation } from '../support/conversation.ts';
import { enterOwnNetwork, isThere } from '../support/own-network.ts';
import { play } from '../support/played.ts';
import { until } from '../support/until.ts';
import { watching } from './watching.ts';

const lacking = enterOwnNetwork(import.meta.url);
// After that, so that only one of the two processes tells of tests.
const { default: t } = await import('tap');

const live = { skip: lacking ?? (isThere('tcpdump') ? false : 'tcpdump not found') };

t.test(
  'a capture that is killed begins anew, which the report of that time says, and sees what comes then',
  live,
  async (t) => {
    const heard = await watching(t, {});
    await until('running', () => heard.wire.status.state === 'running');
    process.kill(heard.pids[0]!, 'SIGKILL');
    await until('restarting', () => heard.wire.status.state === 'restarting');
    t.match(heard.wire.status.problem, /tcpdump on lo was ended by SIGKILL/);
    await until('running again', () => heard.wire.status.state === 'running');
    t.equal(heard.pids.length, 2);
    const talk = await play(readConversation('data-1.20.3'));
    t.teardown(() => talk.end());
    await until('a report', () => heard.reports.length > 0);
    t.match(heard.reports[0]!.inputs, [
      { quality: { problems: [{ reason: 'read-error', message: /SIGKILL/ }] } },
      { quality: { problems: [] } },
    ]);
    t.ok(
      heard.reports[0]!.findings.some(
        ({ ruleId, verdict }) => ruleId === 'capture-lost-packets' && verdict === 'inconclusive',
      ),
    );
  },
);

t.test('an interface that disappears is waited for', live, async (t) => {
  const ip = (...args: string[]): number | null => spawnSync('ip', args, { stdio: 'ignore' }).status;
  t.equal(ip('link', 'add', 'gone0', 'type', 'veth', 'peer', 'name', 'gone1'), 0);
  t.equal(ip('link', 'set', 'gone0', 'up'), 0);
  const heard = await watching(t, { interfaces: ['gone0'] });
  await until('running', () => heard.wire.status.state === 'running');
  t.equal(ip('link', 'del', 'gone0'), 0);
  await until('failed', () => heard.wire.status.state === 'failed', 12_000);
  t.match(heard.wire.status.problem, /gone0/);
  ip('link', 'add', 'gone0', 'type', 'veth', 'peer', 'name', 'gone1');
  ip('link', 'set', 'gone0', 'up');
  await until('running again', () => heard.wire.status.state === 'running', 12_000);
});
