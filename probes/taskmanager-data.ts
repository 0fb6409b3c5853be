import { internalExpectation, internalTlsRemedy, portOf } from '../src/flink/internal-tls.ts';
import type { EffectiveConfiguration, Probe } from '../src/model/probe.ts';
import type { Setting } from '../src/model/report.ts';
import { addCredit } from '../src/protocols/asks.ts';
import { flinkData } from '../src/protocols/flink-data.ts';

export const probe: Probe = {
  id: 'taskmanager-data',
  title: 'TaskManager data exchange',
  protection: 'internal',
  component: 'taskmanager',
  carries:
    'Every record that moves between TaskManagers, and the barriers of checkpoints. In clear, all data of all jobs can be read on the way, and anyone may subscribe to it.',
  // Random unless set; 6121 is a habit of fixed set-ups.
  defaultPorts: [6121],
  settings: {
    port: ['taskmanager.data.bind-port', 'taskmanager.data.port'],
    tls: ['security.ssl.internal.enabled', 'taskmanager.data.ssl.enabled'],
  },
  remedy: internalTlsRemedy('taskmanager.data.ssl.enabled'),
  protocols: [flinkData],
  ask: addCredit,
  port,
  expect: (configuration) =>
    internalExpectation(
      'taskmanager-data',
      configuration,
      configuration.settingOr('taskmanager.data.ssl.enabled', 'true'),
      port(configuration),
    ),
};

function port(configuration: EffectiveConfiguration): Setting | undefined {
  return portOf(configuration, 'taskmanager.data.bind-port', 'taskmanager.data.port');
}
