import t from 'tap';
import type { Observation } from '../../../src/model/report.ts';
import { connectionKey, judgeLogs, type LogInput } from './log-judgement.ts';
import { gist, loggedLines } from './log-lines.ts';
import type { Member } from './members.ts';

const AT = '2026-01-02 03:04:05,678';
// As Flink 1.18, 1.20 and 2.2 write them.
const RPC = (port: number): string =>
  `${AT} WARN  org.apache.pekko.remote.transport.netty.NettyTransport   [] - Remote connection to [/10.0.0.9:${port}] failed with javax.net.ssl.SSLHandshakeException: no cipher suites in common`;
const BLOB = (port: number): string =>
  `${AT} ERROR org.apache.flink.runtime.blob.BlobServerConnection   [] - Error while executing BLOB connection from /10.0.0.9:${port}.`;
const OLD_DATA = `${AT} ERROR org.apache.flink.runtime.io.network.netty.PartitionRequestQueue [] - Encountered error while consuming partitions`;
const OWN = `${AT} ERROR org.apache.flink.runtime.taskexecutor.TaskExecutor [] - Fatal error occurred in TaskExecutor pekko.ssl.tcp://flink@tm2:6122/user/rpc/taskmanager_0.`;

const ADDRESSES: Readonly<Record<string, Member>> = { jm: 'jm', tm1: 'tm1' };

const probed = (channel: string, host: string, port: number, logLines: number): Observation =>
  ({ vantage: 'active', channel, server: { host, port }, asked: { logLines } }) as unknown as Observation;

function input(
  lines: Readonly<Partial<Record<'jm' | 'tm1', readonly string[]>>>,
  more: Partial<LogInput> = {},
): LogInput {
  return {
    parts: (['jm', 'tm1'] as const).map((member) => ({
      ...{ process: member, member, before: [] },
      during: loggedLines((lines[member] ?? []).join('\n')),
    })),
    profile: 'standard',
    observations: [
      probed('jobmanager-rpc', 'jm', 6123, 8),
      probed('metrics-query-service', 'jm', 6126, 8),
      probed('blob-server', 'jm', 6124, 8),
      probed('taskmanager-data', 'tm1', 6121, 3),
    ],
    memberOf: (host) => ADDRESSES[host],
    connections: new Map<string, readonly number[]>([
      ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => [connectionKey('jm', `10.0.0.9:${n}`), [6123]] as const),
      [connectionKey('jm', '10.0.0.9:20'), [6126]],
      [connectionKey('jm', '10.0.0.9:30'), [6124]],
      [connectionKey('jm', '10.0.0.9:40'), [9999]],
    ]),
    ...more,
  };
}

const counted = (given: LogInput): Readonly<Record<string, number>> =>
  Object.fromEntries(judgeLogs(given).ports.map((one) => [one.channel, one.lines]));

t.test('lines are counted by the port that the named peer was connected to, or by their logger', async (t) => {
  const given = input({ jm: [RPC(1), RPC(2), RPC(20), BLOB(30)], tm1: [OLD_DATA, OLD_DATA] });
  t.same(counted(given), {
    'jobmanager-rpc': 2,
    'metrics-query-service': 1,
    'blob-server': 1,
    'taskmanager-data': 2,
  });
  t.same(judgeLogs(given).differences, []);
});

t.test("where a client's port came again, the logger tells whose line it is", async (t) => {
  const connections = new Map([[connectionKey('jm', '10.0.0.9:5'), [6124, 6123]]]);
  const found = counted(input({ jm: [RPC(5), BLOB(5), RPC(5)] }, { connections }));
  t.match(found, { 'jobmanager-rpc': 2, 'blob-server': 1 });
});

t.test('more lines than a profile may write, and more than the report told, are named', async (t) => {
  const nine = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(RPC);
  t.match(judgeLogs(input({ jm: nine })).differences, [/jobmanager-rpc of jm: 9 lines, 8 are the limit/, /told 8/]);
  t.same(judgeLogs(input({ jm: nine.slice(0, 8) })).differences, []);
  t.match(judgeLogs(input({ jm: nine.slice(0, 3) }, { profile: 'quick' })).differences, [/3 lines, 2 are the limit/]);
  t.match(judgeLogs(input({ tm1: [OLD_DATA, OLD_DATA, OLD_DATA, OLD_DATA] })).differences, [/4 lines, .* told 3/]);
});

t.test('an ERROR that nobody predicted is named, unless the process complained of it before', async (t) => {
  t.match(judgeLogs(input({ tm1: [OWN] })).differences, [
    /tm1: an ERROR line that nobody predicted: TaskExecutor: Fatal/,
  ]);
  const given = input({ tm1: [OWN] });
  const parts = given.parts.map((part) => ({ ...part, before: part.during }));
  t.same(judgeLogs({ ...given, parts }).differences, []);
  const strange = RPC(1).replace('WARN ', 'ERROR');
  t.match(judgeLogs(input({ jm: [strange] })).differences, [/nobody predicted: NettyTransport/]);
});

t.test('lines of other peers are not the probe, those of ports that no report names are', async (t) => {
  t.same(counted(input({ jm: [RPC(77)] }))['jobmanager-rpc'], 0);
  t.same(judgeLogs(input({ jm: [RPC(77)] })).differences, []);
  t.match(judgeLogs(input({ jm: [RPC(40)] })).differences, [/jm: a line of no probed port/]);
});

t.test('the gist of a line is the same each time', async (t) => {
  const [one, two] = loggedLines([BLOB(30), BLOB(31)].join('\n'));
  t.equal(gist(one!), gist(two!));
  t.equal(gist(one!), 'BlobServerConnection: Error while executing BLOB connection from ….');
});
