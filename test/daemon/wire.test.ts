import { readConversation } from '../support/conversation.ts';
import { enterOwnNetwork, isThere } from '../support/own-network.ts';
import { play } from '../support/played.ts';
import { until } from '../support/until.ts';
import { eventsOf, watching } from './watching.ts';

const lacking = enterOwnNetwork(import.meta.url);
// After that, so that only one of the two processes tells of tests.
const { default: t } = await import('tap');

const live = { skip: lacking ?? (isThere('tcpdump') ? false : 'tcpdump not found') };

t.test('a clear transfer between TaskManagers is told within two seconds, and judged soon after', live, async (t) => {
  const heard = await watching(t, { interfaces: ['lo'] });
  await until('running', () => heard.wire.status.state === 'running');
  const talk = await play(readConversation('data-1.20.3'));
  t.teardown(() => talk.end());
  await until('told', () => eventsOf(heard, 'clear-transfer').length > 0);
  const [first] = eventsOf(heard, 'clear-transfer');
  const took = first!.at - talk.startedAt;
  t.comment(`told ${Math.round(took)} ms after the first byte`);
  t.ok(took < 2000, `${took} ms`);
  t.match(first!.data, {
    cluster: 'prod',
    channel: 'taskmanager-data',
    server: { host: '127.0.0.1', port: talk.port },
  });
  const [connection] = eventsOf(heard, 'connection');
  t.match(connection!.data, {
    cluster: 'prod',
    channel: 'taskmanager-data',
    server: { port: talk.port },
    kind: 'plaintext',
  });
  await until('a report', () => heard.reports.length > 0);
  const failed = heard.reports[0]!.findings.filter(({ verdict }) => verdict === 'fail');
  t.match(
    failed.find(({ ruleId }) => ruleId === 'plaintext-state-transfer'),
    { channel: 'taskmanager-data', endpoint: { port: talk.port } },
  );
  t.match(heard.reports[0], {
    command: 'sniff',
    complete: true,
    verdict: 'fail',
    inputs: [{ kind: 'interface', path: 'lo' }],
  });
});

t.test('TLS is no transfer, and its report has nothing in clear', live, async (t) => {
  const heard = await watching(t, { everyMs: 1500 });
  await until('running', () => heard.wire.status.state === 'running');
  const talk = await play(readConversation('tls13-data-1.20.3'));
  t.teardown(() => talk.end());
  await until('a report', () =>
    heard.reports.some(({ observations }) => observations.some(({ kind }) => kind === 'tls')),
  );
  t.same(eventsOf(heard, 'clear-transfer'), []);
  const status = heard.wire.status;
  t.ok(status.tlsBytes > 0);
  t.equal(status.clearBytes, 0);
  t.match(heard.reports.at(-1)!.observations, [{ kind: 'tls', tls: { version: 'TLSv1.3' } }]);
});

t.test('stopped, it leaves no process behind, and what it saw last is judged', live, async (t) => {
  const heard = await watching(t, {});
  await until('running', () => heard.wire.status.state === 'running');
  const talk = await play(readConversation('rpc-1.20.3'));
  t.teardown(() => talk.end());
  await until('seen', () => heard.wire.status.connections > 0);
  await heard.wire.stop();
  t.equal(heard.wire.status.state, 'stopped');
  t.ok(heard.reports.at(-1)!.observations.some(({ server }) => server.port === talk.port));
  for (const pid of heard.pids) t.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});
