import t from 'tap';
import { probe } from '../../probes/checkpoint-storage.ts';
import { configuration, recordedConfiguration } from '../support/configurations.ts';

t.test('sees that a recorded cluster with all TLS switches on sends its state in clear', (t) => {
  const recorded = recordedConfiguration('1.20.3-s3-http-int-tm1-config.yaml', 'tm1', '1.20.3');
  const expectation = probe.expect(recorded);
  t.match(expectation, { tls: 'optional', clientAuthentication: 'none', port: 9000 });
  t.same(
    expectation?.because.map((setting) => [setting.key, setting.value]),
    [
      ['execution.checkpointing.dir', 's3://flink/ck'],
      ['s3.endpoint', 'http://s3:9000'],
    ],
  );
  t.end();
});

t.test('lets the worst of several places count', (t) => {
  const text = 'state.checkpoints.dir: abfss://c@a/x\nstate.savepoints.dir: wasb://c@a/x';
  t.match(probe.expect(configuration(text)), { tls: 'optional', because: [{ key: 'state.savepoints.dir' }] });
  t.end();
});

t.test('expects TLS of an https endpoint, and nothing where no setting tells', (t) => {
  t.match(probe.expect(configuration('state.checkpoints.dir: s3://b/x\ns3.endpoint: https://s3')), {
    tls: 'required',
    port: 443,
  });
  t.equal(probe.expect(configuration('state.checkpoints.dir: hdfs:///x')), undefined);
  t.equal(probe.expect(configuration('rest.port: 1')), undefined);
  t.end();
});
