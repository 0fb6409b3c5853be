import { fixedPort, restExpectation, restTlsSwitch } from '../src/flink/rest-tls.ts';
import type { EffectiveConfiguration, Probe } from '../src/model/probe.ts';
import type { Expectation, Setting } from '../src/model/report.ts';
import { get } from '../src/protocols/asks.ts';
import { http } from '../src/protocols/http.ts';

const PORT_KEYS = ['rest.bind-port', 'rest.port', 'web.port', 'jobmanager.web.port'] as const;

function port(configuration: EffectiveConfiguration): Setting | undefined {
  const setting = configuration.setting(...PORT_KEYS);
  return fixedPort(setting) === undefined ? undefined : setting;
}

export const probe: Probe = {
  id: 'rest',
  title: 'REST endpoint and web UI',
  protection: 'rest',
  component: 'jobmanager',
  carries:
    'Jars, job submissions, the whole configuration, logs and the addresses of all processes; whoever reaches it may run code in the cluster.',
  defaultPorts: [8081],
  settings: { port: PORT_KEYS, tls: ['security.ssl.rest.enabled'] },
  remedy: {
    text: 'Give the JobManager a REST keystore, switch REST TLS on and, since Flink has no log-in, demand client certificates; without a truststore Flink asks nobody for one.',
    settings: {
      'security.ssl.rest.enabled': 'true',
      'security.ssl.rest.keystore': '/path/to/rest.p12',
      'security.ssl.rest.keystore-password': '<password>',
      'security.ssl.rest.key-password': '<password>',
      'security.ssl.rest.truststore': '/path/to/rest-trust.p12',
      'security.ssl.rest.truststore-password': '<password>',
      'security.ssl.rest.authentication-enabled': 'true',
    },
  },
  protocols: [http],
  ask: get('/config'),
  port,
  expect(configuration: EffectiveConfiguration): Expectation {
    return restExpectation('rest', configuration, [restTlsSwitch(configuration)], port(configuration));
  },
};
