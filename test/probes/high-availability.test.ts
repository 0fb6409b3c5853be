import t from 'tap';
import { probe } from '../../probes/high-availability.ts';
import { configuration } from '../support/configuration.ts';

t.test('exists under ZooKeeper only, by any name of the key', async (t) => {
  t.equal(probe.expect(configuration({})), undefined);
  t.equal(probe.expect(configuration({ 'high-availability.type': 'kubernetes' })), undefined);
  for (const key of ['high-availability.type', 'high-availability', 'recovery.mode']) {
    t.equal(probe.expect(configuration({ [key]: 'zookeeper' }))?.channel, 'high-availability', key);
  }
});

t.test('TLS is promised by the JVM property alone', async (t) => {
  const lines = { 'high-availability.type': 'zookeeper', 'security.ssl.internal.enabled': 'true' };
  t.equal(probe.expect(configuration(lines))?.tls, 'optional');
  const options = '-Dzookeeper.client.secure=true -Dzookeeper.ssl.keyStore.password=hidden';
  const promised = probe.expect(configuration({ ...lines, 'env.java.opts.all': options }));
  t.equal(promised?.tls, 'required');
  t.notMatch(JSON.stringify(promised), /hidden/, 'passwords of the same line stay out of the report');
});

t.test('ZooKeeper’s port is not a port of Flink’s', async (t) => {
  const lines = { 'high-availability.type': 'zookeeper', 'high-availability.zookeeper.quorum': 'zk:2181' };
  t.equal(probe.port(configuration(lines)), undefined);
});
