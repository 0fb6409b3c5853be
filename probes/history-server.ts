import { fixedPort, restExpectation, restTlsSwitch } from '../src/flink/rest-tls.ts';
import type { EffectiveConfiguration, Probe } from '../src/model/probe.ts';
import type { Expectation, Setting } from '../src/model/report.ts';
import { get } from '../src/protocols/asks.ts';
import { http } from '../src/protocols/http.ts';

function port(configuration: EffectiveConfiguration): Setting | undefined {
  const setting = configuration.setting('historyserver.web.port');
  return fixedPort(setting) === undefined ? undefined : setting;
}

export const probe: Probe = {
  id: 'history-server',
  title: 'History server',
  protection: 'rest',
  component: 'history-server',
  carries: 'Archived jobs with their plans, exceptions, and the configuration and JVM options of their JobManagers.',
  defaultPorts: [8082],
  settings: {
    port: ['historyserver.web.port'],
    tls: ['historyserver.web.ssl.enabled', 'security.ssl.rest.enabled'],
  },
  remedy: {
    text: 'Switch both keys on: REST TLS alone leaves the history server in clear, and so does its own key alone, without a warning.',
    settings: { 'historyserver.web.ssl.enabled': 'true', 'security.ssl.rest.enabled': 'true' },
  },
  protocols: [http],
  ask: get('/config'),
  port,
  /** Undefined where nothing of a history server is configured: few clusters run one. */
  expect(configuration: EffectiveConfiguration): Expectation | undefined {
    if (!configuration.keys().some((key) => key.startsWith('historyserver.'))) {
      return undefined;
    }
    const own = configuration.settingOr('historyserver.web.ssl.enabled', 'false');
    return restExpectation('history-server', configuration, [own, restTlsSwitch(configuration)], port(configuration));
  },
};
