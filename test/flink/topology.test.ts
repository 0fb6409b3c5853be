import { readFileSync } from 'node:fs';
import t from 'tap';
import { probe as blobServer } from '../../probes/blob-server.ts';
import { probe as checkpointStorage } from '../../probes/checkpoint-storage.ts';
import { probe as jobmanagerRpc } from '../../probes/jobmanager-rpc.ts';
import { probe as rest } from '../../probes/rest.ts';
import { probe as taskmanagerData } from '../../probes/taskmanager-data.ts';
import { probe as taskmanagerRpc } from '../../probes/taskmanager-rpc.ts';
import { type ParsedConfiguration, parseFlinkConfiguration } from '../../src/flink/config.ts';
import { Topology } from '../../src/flink/topology.ts';

const PROBES = [blobServer, checkpointStorage, jobmanagerRpc, rest, taskmanagerData, taskmanagerRpc];
const HOSTS = ['10.77.0.9', '10.77.0.1'] as const;

function configuration(member: string | null, text: string): ParsedConfiguration {
  return parseFlinkConfiguration([{ name: 'config.yaml', text }], { member });
}

function recorded(member: string, name: string): ParsedConfiguration {
  return configuration(
    member,
    readFileSync(new URL(`../../../test/vectors/flink-conf/${name}`, import.meta.url), 'utf8'),
  );
}

t.test('names addresses by a hosts file, first name first, comments left out', (t) => {
  const topology = new Topology(PROBES);
  topology.addHosts('# lab\n10.77.0.1 jm jobmanager\n\n10.77.0.2\ttm1 # the first\n::1bad\nfd00::3 tm2\r\n');
  t.equal(topology.member('10.77.0.1', 6123), 'jm');
  t.equal(topology.member('10.77.0.2'), 'tm1');
  t.equal(topology.member('fd00::3'), 'tm2');
  t.equal(topology.member('10.77.0.7'), undefined);
  t.equal(topology.member('jm'), 'jm', 'a name stands for itself');
  t.end();
});

t.test('learns members, ports and versions from what traffic says of itself', (t) => {
  const topology = new Topology(PROBES);
  topology.learn({ kind: 'member', side: 1, host: 'jm', member: 'jm', component: 'jobmanager' }, HOSTS);
  topology.learn({ kind: 'channel-port', side: 1, host: 'jm', port: 41000, channel: 'blob-server' }, HOSTS);
  topology.learn({ kind: 'member', host: 'tm1', member: 'tm1', component: 'taskmanager' }, HOSTS);
  topology.learn({ kind: 'channel-port', host: 'tm1', port: 42000, channel: 'taskmanager-data' }, HOSTS);
  topology.learn({ kind: 'flink-version', version: '1.20.3' }, HOSTS);
  t.equal(topology.member('10.77.0.1'), 'jm');
  t.same(topology.channelOf('10.77.0.1', 41000), { channel: 'blob-server', basis: 'discovery' });
  t.equal(topology.component('10.77.0.1', 50000), 'jobmanager');
  t.equal(topology.channelOf('10.77.0.2', 42000), undefined, 'nobody said yet where tm1 is');
  topology.learn({ kind: 'member', side: 0, host: 'tm1', component: 'taskmanager' }, ['10.77.0.2', '10.77.0.1']);
  t.same(topology.channelOf('10.77.0.2', 42000), { channel: 'taskmanager-data', basis: 'discovery' });
  t.same(topology.flinkVersions(), ['1.20.3']);
  t.end();
});

t.test('takes the port of a side from the connection where the hint has none', (t) => {
  const topology = new Topology(PROBES);
  topology.learn(
    { kind: 'channel-port', side: 1, channel: 'checkpoint-storage', component: 'object-store' },
    HOSTS,
    [40000, 9000],
  );
  t.same(topology.channelOf('10.77.0.1', 9000), { channel: 'checkpoint-storage', basis: 'discovery' });
  t.equal(topology.component('10.77.0.1', 9000), 'object-store');
  t.equal(topology.channelOf('10.77.0.9', 40000), undefined);
  t.end();
});

t.test('calls configured ports of recorded clusters, by name where addresses have names and by port where not', (t) => {
  const parsed = [recorded('jm', '1.20.3-all-jm-config.yaml'), recorded('tm1', '1.20.3-wd-mixed-tm1-config.yaml')];
  const topology = new Topology(PROBES, parsed);
  for (const [port, channel] of [
    [6123, 'jobmanager-rpc'],
    [6124, 'blob-server'],
    [6121, 'taskmanager-data'],
    [6122, 'taskmanager-rpc'],
    [8081, 'rest'],
  ] as const) {
    t.same(topology.channelOf('10.77.0.1', port), { channel, basis: 'configuration' }, channel);
  }
  t.equal(topology.channelOf('10.77.0.1', 50123), undefined);
  t.end();
});

t.test('keeps different ports of different members apart', (t) => {
  const topology = new Topology(PROBES, [
    configuration('a', 'taskmanager.host: a\ntaskmanager.data.port: 7000\ntaskmanager.rpc.port: 7001\n'),
    configuration('b', 'taskmanager.host: b\ntaskmanager.data.port: 7001\ntaskmanager.rpc.port: 7000\n'),
  ]);
  topology.addHosts('10.0.0.1 a\n10.0.0.2 b\n');
  t.equal(topology.channelOf('10.0.0.1', 7000)?.channel, 'taskmanager-data');
  t.equal(topology.channelOf('10.0.0.2', 7000)?.channel, 'taskmanager-rpc');
  t.equal(topology.member('10.0.0.2'), 'b');
  t.end();
});

t.test('calls a process by its configuration where that gives its address', (t) => {
  const topology = new Topology(PROBES, [configuration('worker-1', 'taskmanager.host: 10.0.0.7\n')]);
  t.equal(topology.member('10.0.0.7'), 'worker-1');
  const named = new Topology(PROBES, [configuration('worker-1', 'taskmanager.host: node7\n')]);
  named.learn({ kind: 'member', side: 0, host: 'node7', component: 'taskmanager' }, ['10.0.0.7', '10.0.0.1']);
  t.equal(named.member('10.0.0.7'), 'worker-1');
  t.end();
});

t.test('knows the object store that a configuration names', (t) => {
  const topology = new Topology(PROBES, [recorded('tm1', '1.20.3-s3-http-int-tm1-config.yaml')]);
  t.same(topology.channelOf('10.77.0.8', 9000), { channel: 'checkpoint-storage', basis: 'configuration' });
  topology.addHosts('10.77.0.8 s3\n10.77.0.5 other\n');
  t.same(topology.channelOf('10.77.0.8', 9000), { channel: 'checkpoint-storage', basis: 'configuration' });
  t.equal(topology.channelOf('10.77.0.5', 9000), undefined, 'another host by name');
  t.end();
});

t.test("falls back to Flink's default ports, never to those of other systems", (t) => {
  const topology = new Topology(PROBES);
  t.same(topology.channelOf('10.0.0.1', 6123), { channel: 'jobmanager-rpc', basis: 'port' });
  t.same(topology.channelOf('10.0.0.1', 8081), { channel: 'rest', basis: 'port' });
  t.equal(topology.channelOf('10.0.0.1', 9000), undefined);
  t.equal(topology.channelOf('10.0.0.1', 443), undefined);
  t.end();
});

t.test('gives no name where different processes share an address', (t) => {
  const topology = new Topology(PROBES);
  topology.learn({ kind: 'member', side: 1, host: 'jm', component: 'jobmanager' }, HOSTS);
  topology.learn({ kind: 'member', side: 1, host: 'tm1', component: 'taskmanager' }, HOSTS);
  t.equal(topology.member('10.77.0.1'), undefined);
  t.equal(topology.component('10.77.0.1', 50000), undefined);
  topology.addHosts('10.77.0.1 host1\n');
  t.equal(topology.member('10.77.0.1'), 'host1');
  t.end();
});

t.test('does not take localhost for a name', (t) => {
  const topology = new Topology(PROBES);
  topology.learn({ kind: 'member', side: 1, host: 'localhost', component: 'jobmanager' }, HOSTS);
  t.equal(topology.member('10.77.0.1'), undefined);
  t.end();
});

t.test('names the JobManager by its configuration where one address alone serves its port', async (t) => {
  const jm = parseFlinkConfiguration(
    [{ name: 'config.yaml', text: 'jobmanager.rpc.address: jm\njobmanager.rpc.port: 6123\n' }],
    {
      member: 'tm1',
    },
  );
  const named = (servers: readonly { host: string; port: number }[]): (string | undefined)[] => {
    const topology = new Topology([], [jm]);
    topology.nameSoleServers(servers);
    return servers.map(({ host }) => topology.member(host));
  };
  t.strictSame(
    named([
      { host: '10.0.0.1', port: 6123 },
      { host: '10.0.0.2', port: 6121 },
    ]),
    ['jm', undefined],
  );
  const two = [
    { host: '10.0.0.1', port: 6123 },
    { host: '10.0.0.2', port: 6123 },
  ];
  t.strictSame(named(two), [undefined, undefined], 'two could be it');
});
