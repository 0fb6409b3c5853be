import { internalExpectation, internalTlsRemedy, portOf, rpcTlsSwitch } from '../src/flink/internal-tls.ts';
import type { EffectiveConfiguration, Probe } from '../src/model/probe.ts';
import type { Setting } from '../src/model/report.ts';
import { heartbeat } from '../src/protocols/asks.ts';
import { pekko } from '../src/protocols/pekko.ts';

export const probe: Probe = {
  id: 'taskmanager-rpc',
  title: 'TaskManager RPC',
  protection: 'internal',
  component: 'taskmanager',
  carries:
    'Task deployment with user functions and, after a restart, restored state, in Java serialization. In clear, whoever reaches the port runs code in the TaskManager.',
  // Random unless set; native Kubernetes fixes it.
  defaultPorts: [6122],
  settings: {
    port: ['taskmanager.rpc.bind-port', 'taskmanager.rpc.port'],
    tls: ['security.ssl.internal.enabled', 'pekko.ssl.enabled'],
  },
  remedy: internalTlsRemedy('pekko.ssl.enabled'),
  protocols: [pekko],
  ask: heartbeat,
  port,
  expect: (configuration) =>
    internalExpectation('taskmanager-rpc', configuration, rpcTlsSwitch(configuration), port(configuration)),
};

function port(configuration: EffectiveConfiguration): Setting | undefined {
  return portOf(configuration, 'taskmanager.rpc.bind-port', 'taskmanager.rpc.port');
}
