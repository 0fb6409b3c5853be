import t from 'tap';
import { probe } from '../../probes/metrics-query-service.ts';
import { configuration } from '../support/configuration.ts';

const on = { 'security.ssl.internal.enabled': 'true', 'metrics.internal.query-service.port': '6126' };

t.test('is an internal channel that speaks flink-rpc', async (t) => {
  t.equal(probe.id, 'metrics-query-service');
  t.equal(probe.protection, 'internal');
  t.same(
    probe.protocols.map((protocol) => protocol.name),
    ['flink-rpc'],
  );
});

t.test('promises mutual TLS where internal TLS is on, at the configured port', async (t) => {
  t.match(probe.expect(configuration(on, '1.20.3')), {
    channel: 'metrics-query-service',
    tls: 'required',
    clientAuthentication: 'required',
    port: 6126,
  });
  t.match(probe.port(configuration(on)), { key: 'metrics.internal.query-service.port', value: '6126', line: 2 });
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

t.test('is random where nothing is said', async (t) => {
  t.equal(probe.port(configuration({})), undefined);
});
