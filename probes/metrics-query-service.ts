import { internalExpectation, internalTlsRemedy, portOf, rpcTlsSwitch } from '../src/flink/internal-tls.ts';
import type { EffectiveConfiguration, Probe } from '../src/model/probe.ts';
import type { Setting } from '../src/model/report.ts';
import { heartbeat } from '../src/protocols/asks.ts';
import { pekko } from '../src/protocols/pekko.ts';

export const probe: Probe = {
  id: 'metrics-query-service',
  title: 'Metric query service',
  protection: 'internal',
  component: 'taskmanager',
  carries:
    'Metrics of every process, over a second actor system that listens on a port of its own. It deserializes Java objects like RPC: in clear, whoever reaches the port runs code.',
  // Random unless set.
  defaultPorts: [],
  settings: {
    port: ['metrics.internal.query-service.port'],
    tls: ['security.ssl.internal.enabled', 'pekko.ssl.enabled'],
  },
  remedy: internalTlsRemedy('pekko.ssl.enabled'),
  protocols: [pekko],
  ask: heartbeat,
  port,
  expect: (configuration) =>
    internalExpectation('metrics-query-service', configuration, rpcTlsSwitch(configuration), port(configuration)),
};

function port(configuration: EffectiveConfiguration): Setting | undefined {
  return portOf(configuration, 'metrics.internal.query-service.port');
}
