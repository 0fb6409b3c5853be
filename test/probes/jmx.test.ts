import t from 'tap';
import { probe } from '../../probes/jmx.ts';
import { configuration } from '../support/configuration.ts';

t.test('exists where a port is configured, and cannot have TLS', async (t) => {
  t.equal(probe.expect(configuration({ 'security.ssl.internal.enabled': 'true' })), undefined);
  t.match(probe.expect(configuration({ 'jmx.server.port': '8789' })), {
    tls: 'impossible',
    port: 8789,
    because: [{ key: 'jmx.server.port' }],
  });
});

t.test('a range of ports is a server whose port is not known', async (t) => {
  const it = configuration({ 'jmx.server.port': '8789-8799' });
  t.equal(probe.port(it), undefined);
  t.match(probe.expect(it), { tls: 'impossible', port: undefined });
});

t.test('a JMX reporter of any name listens too; another reporter does not', async (t) => {
  const reporter = (factory: string): Record<string, string> => ({
    'metrics.reporter.beans.factory.class': factory,
    'metrics.reporter.beans.port': '8800',
  });
  t.equal(probe.port(configuration(reporter('org.apache.flink.metrics.jmx.JMXReporterFactory')))?.value, '8800');
  t.equal(
    probe.expect(configuration(reporter('org.apache.flink.metrics.prometheus.PrometheusReporterFactory'))),
    undefined,
  );
});
