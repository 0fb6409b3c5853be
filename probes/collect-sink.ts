import { clearExpectation, portOf } from '../src/flink/internal-tls.ts';
import type { EffectiveConfiguration, Probe } from '../src/model/probe.ts';
import type { Setting } from '../src/model/report.ts';
import { collectSink } from '../src/protocols/collect-sink.ts';

export const probe: Probe = {
  id: 'collect-sink',
  title: 'Collect sink socket',
  protection: 'never',
  component: 'taskmanager',
  carries:
    'Result rows of SELECT in the SQL client and gateway and of executeAndCollect, from TaskManager to JobManager. A plain socket even with internal TLS on.',
  // Random unless set.
  defaultPorts: [],
  settings: { port: ['taskmanager.collect-sink.port'], tls: [] },
  remedy: {
    text: 'Flink has no TLS for it: write results to a sink that has (Kafka, JDBC, files) instead of collecting them, or encrypt between the hosts (WireGuard, IPsec, mesh). A fixed port lets a network policy admit the JobManager alone.',
    settings: {},
  },
  protocols: [collectSink],
  port,
  expect: (configuration) => {
    const setting = port(configuration);
    return setting === undefined ? undefined : clearExpectation('collect-sink', configuration, [setting], setting);
  },
};

function port(configuration: EffectiveConfiguration): Setting | undefined {
  return portOf(configuration, 'taskmanager.collect-sink.port');
}
