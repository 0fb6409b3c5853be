import t from 'tap';
import { probe } from '../../probes/sql-gateway.ts';
import { configuration, recordedConfiguration } from '../support/configurations.ts';

const TEXT = 'sql-gateway.endpoint.rest.address: jm\nsecurity.ssl.rest.enabled: true';

t.test('expects TLS of the recorded gateway, whose keys it obeys', (t) => {
  const recorded = recordedConfiguration('1.20.3-gw-rest-jm-config.yaml', 'jm', '1.20.3');
  t.match(probe.expect(recorded), { tls: 'required', clientAuthentication: 'none', port: 8083 });
  t.end();
});

t.test('expects clear text before 1.19.1, whatever the keys say', (t) => {
  for (const version of ['1.16.3', '1.18.1', '1.19.0']) {
    t.match(
      probe.expect(configuration(TEXT, version)),
      { tls: 'forbidden', because: [{ value: /FLINK-31223/ }] },
      version,
    );
  }
  for (const version of ['1.19.1', '1.20.0', '2.3.0', undefined]) {
    t.equal(probe.expect(configuration(TEXT, version))?.tls, 'required', String(version));
  }
  t.end();
});

t.test('has no channel without a gateway, or with a HiveServer2 endpoint alone', (t) => {
  t.equal(probe.expect(configuration('security.ssl.rest.enabled: true')), undefined);
  t.equal(probe.expect(configuration('sql-gateway.endpoint.type: hiveserver2')), undefined);
  t.ok(probe.expect(configuration('sql-gateway.endpoint.type: hiveserver2;rest')));
  t.end();
});
