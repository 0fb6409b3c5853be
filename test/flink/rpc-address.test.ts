import t from 'tap';
import { parseRpcAddress } from '../../src/flink/rpc-address.ts';

t.test('RPC addresses of all versions are taken apart', (t) => {
  const base = { system: 'flink', host: 'tm1', port: 6122 };
  t.strictSame(parseRpcAddress('pekko.ssl.tcp://flink@tm1:6122/user/rpc/taskmanager_0'), {
    ...base,
    library: 'pekko',
    transport: 'ssl.tcp',
  });
  t.strictSame(parseRpcAddress('akka.tcp://flink@tm1:6122/user/rpc/taskmanager_0'), {
    ...base,
    library: 'akka',
    transport: 'tcp',
  });
  t.match(parseRpcAddress('pekko.tcp://flink-metrics@[2001:db8::1]:41321'), { host: '2001:db8::1', port: 41_321 });
  t.match(parseRpcAddress('pekko.tcp://flink@10.0.0.7:1/x'), { host: '10.0.0.7', port: 1 });
  t.end();
});

t.test('anything else is none', (t) => {
  for (const text of [
    ...['', 'pekko://flink/user/rpc/taskmanager_0', 'tcp://flink@tm1:6122', 'pekko.udp://flink@tm1:1'],
    ...['pekko.tcp://flink@tm1:0', 'pekko.tcp://flink@tm1:65536', 'pekko.tcp://flink@tm1', 'pekko.tcp://flink@:1'],
    ...['pekko.tcp://flink@a b:1', 'pekko.tcp://flink@tm1:1x', 'xpekko.tcp://flink@tm1:1', 'pekko.tcp://flink@[tm1]:1'],
  ]) {
    t.equal(parseRpcAddress(text), undefined, text);
  }
  t.end();
});
