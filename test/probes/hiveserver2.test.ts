import t from 'tap';
import { probe } from '../../probes/hiveserver2.ts';
import { configuration } from '../support/configuration.ts';

t.test('exists where the gateway has that endpoint, and cannot have TLS', async (t) => {
  t.equal(probe.expect(configuration({})), undefined);
  t.equal(probe.expect(configuration({ 'sql-gateway.endpoint.type': 'rest' })), undefined);
  const lines = { 'sql-gateway.endpoint.type': 'hiveserver2', 'security.ssl.rest.enabled': 'true' };
  t.match(probe.expect(configuration(lines)), { tls: 'impossible', port: 10000 });
});

t.test('listens on the configured port', async (t) => {
  const lines = { 'sql-gateway.endpoint.type': 'hiveserver2', 'sql-gateway.endpoint.hiveserver2.thrift.port': '10001' };
  t.equal(probe.port(configuration(lines))?.value, '10001');
});

t.test('its remedy is another endpoint', async (t) => {
  t.equal(probe.expect(configuration(probe.remedy.settings)), undefined);
});
