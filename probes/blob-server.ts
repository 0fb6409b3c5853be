import { internalExpectation, internalTlsRemedy, portOf } from '../src/flink/internal-tls.ts';
import type { EffectiveConfiguration, Probe } from '../src/model/probe.ts';
import type { Setting } from '../src/model/report.ts';
import { badAddressing } from '../src/protocols/asks.ts';
import { flinkBlob } from '../src/protocols/flink-blob.ts';

export const probe: Probe = {
  id: 'blob-server',
  title: 'BLOB server',
  protection: 'internal',
  component: 'jobmanager',
  carries:
    'Jars of jobs, large pieces of task deployments, log files. In clear, user code can be read and replaced on the way, which runs foreign code in every TaskManager.',
  // Random unless set; the Docker image and native Kubernetes fix it.
  defaultPorts: [6124],
  settings: { port: ['blob.server.port'], tls: ['security.ssl.internal.enabled', 'blob.service.ssl.enabled'] },
  remedy: internalTlsRemedy('blob.service.ssl.enabled'),
  protocols: [flinkBlob],
  ask: badAddressing,
  port,
  expect: (configuration) =>
    internalExpectation(
      'blob-server',
      configuration,
      configuration.settingOr('blob.service.ssl.enabled', 'true'),
      port(configuration),
    ),
};

function port(configuration: EffectiveConfiguration): Setting | undefined {
  return portOf(configuration, 'blob.server.port');
}
