import t from 'tap';
import { probe } from '../../probes/rest.ts';
import { configuration, recordedConfiguration } from '../support/configurations.ts';

t.test('expects what the recorded configuration with everything on promises', (t) => {
  const all = recordedConfiguration('1.20.3-all-jm-config.yaml', 'jm', '1.20.3');
  t.match(probe.expect(all), {
    channel: 'rest',
    member: 'jm',
    tls: 'required',
    clientAuthentication: 'required',
    basis: 'configuration',
    port: 8081,
    protocols: ['TLSv1.2'],
    cipherSuites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
  });
  t.match(probe.port(all), { key: 'rest.port', value: '8081', line: 6 });
  t.end();
});

t.test('expects clear text where nothing is set', (t) => {
  t.match(probe.expect(configuration('rest.address: jm')), { tls: 'forbidden', because: [{ origin: 'default' }] });
  t.end();
});

t.test('prefers the bind port, knows the old keys, and no random port', (t) => {
  t.equal(probe.port(configuration('rest.port: 1\nrest.bind-port: 2'))?.value, '2');
  t.equal(probe.port(configuration('web.port: 3'))?.value, '3');
  t.equal(probe.port(configuration('rest.bind-port: 50100-50200')), undefined);
  t.equal(probe.port(configuration('rest.port: 0')), undefined);
  t.end();
});
