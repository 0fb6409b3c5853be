import t from 'tap';
import { probe } from '../../probes/collect-sink.ts';
import { configuration } from '../support/configuration.ts';

t.test('cannot have TLS, internal TLS or not', async (t) => {
  const lines = { 'taskmanager.collect-sink.port': '6130', 'security.ssl.internal.enabled': 'true' };
  t.match(probe.expect(configuration(lines)), { tls: 'impossible', clientAuthentication: 'none', port: 6130 });
});

t.test('is random where no port is configured', async (t) => {
  t.equal(probe.port(configuration({})), undefined);
  t.equal(probe.port(configuration({ 'taskmanager.collect-sink.port': '0' })), undefined);
});
