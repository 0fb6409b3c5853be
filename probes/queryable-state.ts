import { clearExpectation } from '../src/flink/internal-tls.ts';
import { fixedPort, isOn } from '../src/flink/rest-tls.ts';
import type { EffectiveConfiguration, Probe } from '../src/model/probe.ts';
import type { Setting } from '../src/model/report.ts';
import { strayResult } from '../src/protocols/asks.ts';
import { queryableState } from '../src/protocols/queryable-state.ts';

export const probe: Probe = {
  id: 'queryable-state',
  title: 'Queryable state',
  protection: 'never',
  component: 'taskmanager',
  carries:
    'Keyed state of running jobs, by key, to anyone who asks. Flink has neither TLS nor authentication for it, and internal TLS does not cover it.',
  defaultPorts: [9069, 9067],
  settings: { port: ['queryable-state.proxy.ports', 'queryable-state.server.ports'], tls: [] },
  remedy: {
    text: 'Turn queryable state off (it is deprecated since 1.18) and serve results through a sink of your own; until then let a network policy or a tunnel between hosts (WireGuard, IPsec, mesh) guard both ports.',
    settings: { 'queryable-state.enable': 'false' },
  },
  protocols: [queryableState],
  ask: strayResult,
  port,
  expect: (configuration) => {
    const enabled = enabling(configuration);
    return enabled === undefined
      ? undefined
      : clearExpectation('queryable-state', configuration, [enabled], port(configuration));
  },
};

function enabling(configuration: EffectiveConfiguration): Setting | undefined {
  const setting = configuration.settingOr('queryable-state.enable', 'false');
  return isOn(setting) ? setting : undefined;
}

/** The proxy's: clients speak to it. The state server's is 9067 by default. */
function port(configuration: EffectiveConfiguration): Setting | undefined {
  if (enabling(configuration) === undefined) {
    return undefined;
  }
  const setting = configuration.settingOr('queryable-state.proxy.ports', '9069', 'query.proxy.ports');
  return fixedPort(setting) === undefined ? undefined : setting;
}
