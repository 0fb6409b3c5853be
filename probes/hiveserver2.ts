import { clearExpectation } from '../src/flink/internal-tls.ts';
import { fixedPort } from '../src/flink/rest-tls.ts';
import type { EffectiveConfiguration, Probe } from '../src/model/probe.ts';
import type { Setting } from '../src/model/report.ts';
import { thrift } from '../src/protocols/thrift.ts';

export const probe: Probe = {
  id: 'hiveserver2',
  title: 'HiveServer2 endpoint of the SQL gateway',
  protection: 'never',
  component: 'sql-gateway',
  carries:
    'SQL statements, their results, user names and passwords that clients send though nobody checks them. Flink’s endpoint has no TLS, no SASL, no authentication.',
  defaultPorts: [10000],
  settings: { port: ['sql-gateway.endpoint.hiveserver2.thrift.port'], tls: [] },
  remedy: {
    text: 'Use the REST endpoint of the SQL gateway, which has TLS (security.ssl.rest.enabled), or put a TLS proxy before the Thrift port and bind it to localhost.',
    settings: { 'sql-gateway.endpoint.type': 'rest' },
  },
  protocols: [thrift],
  port,
  expect: (configuration) => {
    const type = chosen(configuration);
    return type === undefined ? undefined : clearExpectation('hiveserver2', configuration, [type], port(configuration));
  },
};

/** The endpoint type where HiveServer2 is among them. */
function chosen(configuration: EffectiveConfiguration): Setting | undefined {
  const type = configuration.setting('sql-gateway.endpoint.type');
  return type !== undefined && /(?:^|[[,;\s])hiveserver2(?:$|[\],;\s])/i.test(type.value) ? type : undefined;
}

function port(configuration: EffectiveConfiguration): Setting | undefined {
  if (chosen(configuration) === undefined) {
    return undefined;
  }
  const setting = configuration.settingOr('sql-gateway.endpoint.hiveserver2.thrift.port', '10000');
  return fixedPort(setting) === undefined ? undefined : setting;
}
