import { fixedPort, isOn, restExpectation, restTlsSwitch } from '../src/flink/rest-tls.ts';
import type { EffectiveConfiguration, Probe } from '../src/model/probe.ts';
import type { Expectation, Setting } from '../src/model/report.ts';
import { get } from '../src/protocols/asks.ts';
import { http } from '../src/protocols/http.ts';

const PORT_KEYS = ['sql-gateway.endpoint.rest.bind-port', 'sql-gateway.endpoint.rest.port'] as const;

/** The first release whose gateway reads `security.ssl.rest.*` (FLINK-31223); 1.20.0 is another. */
const FIRST_WITH_TLS = '1.19.1';

function port(configuration: EffectiveConfiguration): Setting | undefined {
  const setting = configuration.setting(...PORT_KEYS);
  return fixedPort(setting) === undefined ? undefined : setting;
}

/** Before FLINK-31223 the keys did not reach the gateway: it speaks clear HTTP whatever they say. */
function ignored(rest: Setting): Setting[] {
  const value = `false: before Flink ${FIRST_WITH_TLS} the SQL gateway ignores security.ssl.rest.* (FLINK-31223)`;
  return [{ key: 'sql-gateway.endpoint.rest', value, origin: 'default' }, ...(isOn(rest) ? [] : [rest])];
}

export const probe: Probe = {
  id: 'sql-gateway',
  title: 'SQL gateway',
  protection: 'rest',
  component: 'sql-gateway',
  carries:
    'SQL statements, the results of queries and session handles; whoever reaches it may run any statement and load jars.',
  defaultPorts: [8083],
  settings: { port: PORT_KEYS, tls: ['security.ssl.rest.enabled'] },
  remedy: {
    text: 'Switch REST TLS on in the configuration of the gateway; before Flink 1.19.1 it has none: put a TLS proxy in front, or upgrade.',
    settings: { 'security.ssl.rest.enabled': 'true' },
  },
  protocols: [http],
  ask: get('/info'),
  port,
  /** Undefined where no gateway is configured, or one without a REST endpoint. */
  expect(configuration: EffectiveConfiguration): Expectation | undefined {
    const isConfigured = configuration.keys().some((key) => key.startsWith('sql-gateway.'));
    const types = configuration.settingOr('sql-gateway.endpoint.type', 'rest');
    if (!isConfigured || !/(?:^|[[;,\s])rest(?:$|[\];,\s])/.test(types.value)) {
      return undefined;
    }
    const rest = restTlsSwitch(configuration);
    const switches = configuration.atLeast(FIRST_WITH_TLS) ? [rest] : ignored(rest);
    return restExpectation('sql-gateway', configuration, switches, port(configuration));
  },
};
