import t from 'tap';
import { probe } from '../../probes/queryable-state.ts';
import { configuration } from '../support/configuration.ts';

t.test('exists only where it is turned on, and cannot have TLS', async (t) => {
  t.equal(probe.expect(configuration({ 'security.ssl.internal.enabled': 'true' })), undefined);
  t.equal(probe.port(configuration({})), undefined);
  const on = { 'queryable-state.enable': 'true', 'security.ssl.internal.enabled': 'true' };
  t.match(probe.expect(configuration(on)), {
    channel: 'queryable-state',
    tls: 'impossible',
    clientAuthentication: 'none',
    port: 9069,
    because: [{ key: 'queryable-state.enable', line: 1 }],
  });
});

t.test('takes the proxy’s port under its new and its old name', async (t) => {
  for (const key of ['queryable-state.proxy.ports', 'query.proxy.ports']) {
    t.equal(probe.port(configuration({ 'queryable-state.enable': 'true', [key]: '7000' }))?.value, '7000');
    t.equal(probe.port(configuration({ 'queryable-state.enable': 'true', [key]: '7000-7010' })), undefined);
  }
});

t.test('its remedy turns it off', async (t) => {
  t.equal(probe.expect(configuration(probe.remedy.settings)), undefined);
});
