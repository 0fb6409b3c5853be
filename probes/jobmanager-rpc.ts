import {
  highAvailabilityType,
  internalExpectation,
  internalTlsRemedy,
  portOf,
  rpcTlsSwitch,
} from '../src/flink/internal-tls.ts';
import { fixedPort } from '../src/flink/rest-tls.ts';
import type { EffectiveConfiguration, Probe } from '../src/model/probe.ts';
import type { Setting } from '../src/model/report.ts';
import { heartbeat } from '../src/protocols/asks.ts';
import { pekko } from '../src/protocols/pekko.ts';

export const probe: Probe = {
  id: 'jobmanager-rpc',
  title: 'JobManager RPC',
  protection: 'internal',
  component: 'jobmanager',
  carries:
    'Registration, task deployment, checkpoint acknowledgements with inline state, in Java serialization. In clear, whoever reaches the port reads state and runs code in the cluster.',
  defaultPorts: [6123],
  settings: {
    port: ['high-availability.jobmanager.port', 'jobmanager.rpc.bind-port', 'jobmanager.rpc.port'],
    tls: ['security.ssl.internal.enabled', 'pekko.ssl.enabled'],
  },
  remedy: internalTlsRemedy('pekko.ssl.enabled'),
  protocols: [pekko],
  ask: heartbeat,
  port,
  expect: (configuration) =>
    internalExpectation('jobmanager-rpc', configuration, rpcTlsSwitch(configuration), port(configuration)),
};

/**
 * Under ZooKeeper the port comes from `high-availability.jobmanager.port` (0: any), whatever `jobmanager.rpc.port`
 * says (`ClusterEntrypoint.getRPCPortRange`).
 */
function port(configuration: EffectiveConfiguration): Setting | undefined {
  const type = highAvailabilityType(configuration).value.toLowerCase();
  const range = configuration.setting('high-availability.jobmanager.port', 'recovery.jobmanager.port');
  if (type === 'zookeeper' || (type !== 'none' && range !== undefined)) {
    return range !== undefined && fixedPort(range) !== undefined ? range : undefined;
  }
  const configured = portOf(configuration, 'jobmanager.rpc.bind-port', 'jobmanager.rpc.port');
  const isSet = configuration.setting('jobmanager.rpc.bind-port', 'jobmanager.rpc.port') !== undefined;
  return isSet ? configured : configuration.settingOr('jobmanager.rpc.port', '6123');
}
