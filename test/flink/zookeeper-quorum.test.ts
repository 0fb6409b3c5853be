import t from 'tap';
import { parseFlinkConfiguration } from '../../src/flink/config.ts';
import { Topology } from '../../src/flink/topology.ts';
import { zookeeperServers } from '../../src/flink/zookeeper-quorum.ts';

const configuration = (quorum: string) =>
  parseFlinkConfiguration(
    [{ name: 'config.yaml', text: `high-availability.zookeeper.quorum: ${JSON.stringify(quorum)}\n` }],
    {
      member: 'jm',
    },
  );

t.test('reads hosts, ports and the port that is left out', async (t) => {
  t.strictSame(zookeeperServers(configuration('zk1:2281, ZK2 ,[2001:db8::1]:2182/flink')), [
    { host: 'zk1', port: 2281 },
    { host: 'zk2', port: 2181 },
    { host: '2001:db8::1', port: 2182 },
  ]);
  t.strictSame(zookeeperServers(configuration('')), []);
});

t.test('a configured ZooKeeper is the high-availability channel, whatever its port', async (t) => {
  const topology = new Topology([], [configuration('zk:2281')]);
  topology.addHosts('10.0.0.8 zk\n10.0.0.9 other');
  t.strictSame(topology.channelOf('10.0.0.8', 2281), { channel: 'high-availability', basis: 'configuration' });
  t.equal(topology.channelOf('10.0.0.9', 2281), undefined);
  t.equal(topology.channelOf('10.0.0.8', 2181), undefined);
});
