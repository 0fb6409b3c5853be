import t from 'tap';
import { probe } from '../../probes/taskmanager-data.ts';
import { configuration } from '../support/configuration.ts';

const on = { 'security.ssl.internal.enabled': 'true', 'taskmanager.data.port': '6121' };

t.test('is an internal channel that speaks flink-data', async (t) => {
  t.equal(probe.id, 'taskmanager-data');
  t.equal(probe.protection, 'internal');
  t.same(
    probe.protocols.map((protocol) => protocol.name),
    ['flink-data'],
  );
});

t.test('promises mutual TLS where internal TLS is on, at the configured port', async (t) => {
  t.match(probe.expect(configuration(on, '1.20.3')), {
    channel: 'taskmanager-data',
    tls: 'required',
    clientAuthentication: 'required',
    port: 6121,
  });
  t.match(probe.port(configuration(on)), { key: 'taskmanager.data.port', value: '6121', line: 2 });
});

t.test('promises clear text where it is opted out, and says by which line', async (t) => {
  t.match(probe.expect(configuration({ ...on, 'taskmanager.data.ssl.enabled': 'false' }, '1.20.3')), {
    tls: 'forbidden',
    clientAuthentication: 'none',
    because: [{ key: 'taskmanager.data.ssl.enabled', value: 'false', line: 3 }],
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

t.test('opting RPC out leaves the data plane under TLS', async (t) => {
  const lines = { 'security.ssl.internal.enabled': 'true', 'pekko.ssl.enabled': 'false' };
  t.equal(probe.expect(configuration(lines))?.tls, 'required');
});
