import t from 'tap';
import { rule } from '../../src/rules/port-without-tls.ts';
import { auditFinding, auditFindings, auditVerdict, type Lines, recorded } from '../support/audited.ts';

t.test('Prometheus and JMX of the recorded cluster are told, and nothing else', async (t) => {
  const findings = await auditFindings(rule, [recorded('1.20.3-prom', 'jm')]);
  t.strictSame(findings.map(({ channel, severity }) => `${channel} ${severity}`).sort(), ['jmx low', 'prometheus low']);
});

t.test('a debugger is high where others reach it', async (t) => {
  const agent = (address: string) => ({
    'env.java.opts.taskmanager': `-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=${address}`,
  });
  t.match(await auditFinding(rule, [agent('*:5005')]), { severity: 'high', observed: 'jdwp at *:5005' });
  t.match(await auditFinding(rule, [agent('localhost:5005')]), { severity: 'low' });
});

t.test('reporters that push are told, but over https', async (t) => {
  const pushing = { 'metrics.reporter.g.factory.class': 'org.apache.flink.metrics.influxdb.InfluxdbReporterFactory' };
  t.equal(await auditVerdict(rule, [pushing]), 'fail');
  t.equal(await auditVerdict(rule, [{ ...pushing, 'metrics.reporter.g.scheme': 'https' }]), 'pass');
});

t.test('a cluster without such ports passes', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-all', 'jm')]), 'pass');
  t.equal(await auditVerdict(rule, []), 'not-applicable');
});

t.test('a JMX agent of the JVM is told by what is switched off', async (t) => {
  const options = (...names: readonly string[]): Lines => ({
    'env.java.opts.all': names.map((name) => `-Dcom.sun.management.jmxremote.${name}`).join(' '),
  });
  const open = await auditFinding(rule, [options('port=9010', 'ssl=false', 'authenticate=false')]);
  t.match(open, {
    severity: 'high',
    channel: 'jmx',
    message: /port 9010 without TLS and passwords: who reaches it runs/,
  });
  t.match(await auditFinding(rule, [options('port=9010', 'ssl=false')]), { severity: 'low' });
  const local = options('port=9010', 'host=127.0.0.1', 'ssl=false', 'authenticate=false');
  t.match(await auditFinding(rule, [local]), { severity: 'low' });
  t.equal(await auditVerdict(rule, [options('port=9010')]), 'pass', 'TLS and passwords are the default');
});

t.test('every channel that Flink cannot protect is told where it is switched on', async (t) => {
  for (const [channel, lines] of [
    [
      'prometheus',
      { 'metrics.reporter.prom.factory.class': 'org.apache.flink.metrics.prometheus.PrometheusReporterFactory' },
    ],
    ['jmx', { 'jmx.server.port': '8789' }],
    ['queryable-state', { 'queryable-state.enable': 'true' }],
    [
      'hiveserver2',
      { 'sql-gateway.endpoint.type': 'hiveserver2', 'sql-gateway.endpoint.hiveserver2.thrift.port': '10000' },
    ],
    ['collect-sink', { 'taskmanager.collect-sink.port': '6125' }],
  ] as const) {
    const findings = await auditFindings(rule, [lines], { flinkVersion: '1.20.3' });
    t.ok(
      findings.some((one) => one.channel === channel && /has no TLS in any version/.test(one.message ?? '')),
      `${channel}: ${findings.map((one) => one.channel).join(' ')}`,
    );
  }
});
