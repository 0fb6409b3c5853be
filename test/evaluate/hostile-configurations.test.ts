import fc from 'fast-check';
import t from 'tap';
import { configurationSubjects } from '../../src/cli/disk-witness.ts';
import { loadProbes, loadRules } from '../../src/evaluate/directory.ts';
import { evaluate } from '../../src/evaluate/engine.ts';
import { parseFlinkConfiguration } from '../../src/flink/config.ts';
import { expectations } from '../../src/flink/expectation.ts';
import { readStores } from '../../src/observe/key-stores.ts';
import { INTERNAL, REST } from '../support/audited.ts';
import { NOW } from '../support/lab.ts';

const [rules, probes] = await Promise.all([loadRules(), loadProbes()]);

const SAMPLE = Object.entries({
  ...INTERNAL,
  ...REST,
  'security.ssl.algorithms': 'TLS_RSA_WITH_AES_128_CBC_SHA,SSL_RSA_WITH_RC4_128_SHA',
  'security.ssl.protocol': 'TLSv1.2,TLSv1.3',
  'security.ssl.internal.cert.fingerprint': '61:56',
  'security.ssl.internal.protocl': 'x',
  'historyserver.web.port': '8082',
  'sql-gateway.endpoint.rest.port': '8083',
  'high-availability.type': 'zookeeper',
  'high-availability.zookeeper.quorum': 'zk:2181',
  's3.endpoint': 'http://s3:9000',
  'execution.checkpointing.dir': 's3://bucket/x',
  'env.java.opts.all': '-agentlib:jdwp=address=*:5005 -Da.password=b',
  'metrics.reporter.prom.factory.class': 'org.apache.flink.metrics.prometheus.PrometheusReporterFactory',
})
  .map(([key, value]) => `${key}: ${value}\n`)
  .join('');

/** Rules that threw for a configuration of this text. */
function thrown(text: string, name: string, flinkVersion: string | undefined): readonly string[] {
  const version = flinkVersion === undefined ? {} : { flinkVersion };
  const files = [{ name, text }];
  const parsed = [parseFlinkConfiguration(files, { member: 'jm', ...version })];
  const given = [{ member: 'jm', path: '/nowhere', files }];
  const stores = readStores([{ member: 'jm', path: '/nowhere', configuration: parsed[0]! }], [], NOW);
  const subjects = configurationSubjects({ configurations: given, machine: 'own' }, parsed, probes, stores);
  const { errors } = evaluate(rules, [], expectations(parsed, probes), {
    now: NOW,
    probes,
    configurations: subjects,
    stores: stores.subjects,
    jdkVersion: '17.0.18',
    ...version,
  });
  return errors.map(({ ruleId, message }) => `${ruleId}: ${message}`);
}

t.test('no rule throws for the whole sample', async (t) => {
  for (const version of ['1.17.2', '1.20.3', '2.3.0', undefined])
    for (const name of ['config.yaml', 'flink-conf.yaml']) t.strictSame(thrown(SAMPLE, name, version), []);
});

t.test('no rule throws for mutated configurations', async () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(SAMPLE.length), fc.nat(8), fc.string({ maxLength: 6, unit: 'binary' })), {
        maxLength: 5,
      }),
      fc.constantFrom('config.yaml', 'flink-conf.yaml'),
      fc.constantFrom('1.17.2', '1.20.3', '2.3.0', 'nonsense', undefined),
      (edits, name, version) => {
        let text = SAMPLE;
        for (const [at, length, put] of edits) text = text.slice(0, at) + put + text.slice(at + length);
        return thrown(text, name, version).length === 0;
      },
    ),
    { numRuns: 200 },
  );
});
