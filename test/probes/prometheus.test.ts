import t from 'tap';
import { probe } from '../../probes/prometheus.ts';
import { configuration, recordedConfiguration } from '../support/configurations.ts';

t.test('finds the reporter of a recorded configuration, which cannot do TLS', (t) => {
  const recorded = recordedConfiguration('1.20.3-prom-tm1-config.yaml', 'tm1', '1.20.3');
  t.match(probe.expect(recorded), { tls: 'impossible', clientAuthentication: 'none', port: 9249, member: 'tm1' });
  t.end();
});

t.test('takes the port of the reporter whatever its name, the default where none is set, none for a range', (t) => {
  const factory = 'org.apache.flink.metrics.prometheus.PrometheusReporterFactory';
  t.equal(
    probe.port(configuration(`metrics.reporter.x.factory.class: ${factory}\nmetrics.reporter.x.port: 9300`))?.value,
    '9300',
  );
  t.match(probe.port(configuration(`metrics.reporter.x.factory.class: ${factory}`)), {
    value: '9249',
    origin: 'default',
  });
  const range = configuration(`metrics.reporter.x.factory.class: ${factory}\nmetrics.reporter.x.port: 9249-9260`);
  t.equal(probe.port(range), undefined);
  t.ok(probe.expect(range));
  t.end();
});

t.test('leaves reporters that open no port alone', (t) => {
  const push = 'org.apache.flink.metrics.prometheus.PrometheusPushGatewayReporterFactory';
  t.equal(probe.expect(configuration(`metrics.reporter.p.factory.class: ${push}`)), undefined);
  t.equal(probe.expect(configuration('rest.port: 1')), undefined);
  t.end();
});
