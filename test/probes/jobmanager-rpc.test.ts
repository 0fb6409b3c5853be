import t from 'tap';
import { probe } from '../../probes/jobmanager-rpc.ts';
import { configuration } from '../support/configuration.ts';

const on = { 'security.ssl.internal.enabled': 'true', 'jobmanager.rpc.port': '6123' };

t.test('is an internal channel that speaks flink-rpc', async (t) => {
  t.equal(probe.id, 'jobmanager-rpc');
  t.equal(probe.protection, 'internal');
  t.same(
    probe.protocols.map((protocol) => protocol.name),
    ['flink-rpc'],
  );
});

t.test('promises mutual TLS where internal TLS is on, at the configured port', async (t) => {
  t.match(probe.expect(configuration(on, '1.20.3')), {
    channel: 'jobmanager-rpc',
    tls: 'required',
    clientAuthentication: 'required',
    port: 6123,
  });
  t.match(probe.port(configuration(on)), { key: 'jobmanager.rpc.port', value: '6123', line: 2 });
});

t.test('promises clear text where it is opted out, and says by which line', async (t) => {
  t.match(probe.expect(configuration({ ...on, 'pekko.ssl.enabled': 'false' }, '1.20.3')), {
    tls: 'forbidden',
    clientAuthentication: 'none',
    because: [{ key: 'pekko.ssl.enabled', value: 'false', line: 3 }],
  });
});

t.test('promises clear text by default', async (t) => {
  t.match(probe.expect(configuration({}, '1.20.3')), {
    tls: 'forbidden',
    because: [{ key: 'security.ssl.internal.enabled', origin: 'default' }],
  });
});

t.test('its remedy is what it promises TLS by', async (t) => {
  t.equal(probe.expect(configuration(probe.remedy.settings))?.tls, 'required');
  const { settings } = probe.remedy;
  t.same(
    Object.keys(settings).filter((key) => settings[key] === 'true'),
    probe.settings.tls,
  );
  for (const key of ['keystore', 'keystore-password', 'key-password', 'truststore', 'truststore-password']) {
    t.ok(settings[`security.ssl.internal.${key}`], `Flink does not start without ${key}`);
  }
});

t.test('listens on 6123 where nothing is said', async (t) => {
  t.match(probe.port(configuration({}, '1.20.3')), { value: '6123', origin: 'default' });
});

t.test('bind-port is what it listens on', async (t) => {
  const lines = { 'jobmanager.rpc.port': '6123', 'jobmanager.rpc.bind-port': '7123' };
  t.equal(probe.port(configuration(lines))?.value, '7123');
});

t.test('under ZooKeeper the port is random unless the high availability key says so', async (t) => {
  for (const key of ['high-availability.type', 'high-availability']) {
    const lines = { 'jobmanager.rpc.port': '6123', [key]: 'zookeeper' };
    t.equal(probe.port(configuration(lines)), undefined, key);
    t.equal(probe.port(configuration({ ...lines, 'high-availability.jobmanager.port': '7000' }))?.value, '7000', key);
  }
});
