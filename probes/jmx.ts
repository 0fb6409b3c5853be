import { clearExpectation, portOf } from '../src/flink/internal-tls.ts';
import type { EffectiveConfiguration, Probe } from '../src/model/probe.ts';
import type { Setting } from '../src/model/report.ts';
import { jrmpStream } from '../src/protocols/asks.ts';
import { rmi } from '../src/protocols/rmi.ts';

export const probe: Probe = {
  id: 'jmx',
  title: 'JMX server',
  protection: 'never',
  component: 'taskmanager',
  carries:
    'Management beans of the JVM over RMI, without TLS and without authentication: whoever reaches the port reads arguments and metrics and can run code.',
  defaultPorts: [8789],
  settings: { port: ['jmx.server.port', 'metrics.reporter.jmx.port'], tls: [] },
  remedy: {
    text: 'Flink has no TLS for its JMX server: take jmx.server.port and the JMX reporter’s port out of the configuration, or let a network policy or an SSH tunnel guard the port. Where JMX is needed, the JVM’s own agent can do TLS and passwords (com.sun.management.jmxremote.ssl, .authenticate in env.java.opts.all).',
    settings: {},
  },
  protocols: [rmi],
  ask: jrmpStream,
  port,
  expect: (configuration) => {
    const because = listening(configuration);
    return because.length === 0 ? undefined : clearExpectation('jmx', configuration, because, port(configuration));
  },
};

/** Ports, ranges too, of the JVM-wide server and of JMX reporters. */
function listening(configuration: EffectiveConfiguration): readonly Setting[] {
  return portKeys(configuration).flatMap((key) => configuration.setting(key) ?? []);
}

function portKeys(configuration: EffectiveConfiguration): readonly string[] {
  const reporters = configuration.keys().filter((key) => {
    const name = /^metrics\.reporter\.([^.]+)\.port$/.exec(key)?.[1];
    const of = (suffix: string): Setting | undefined => configuration.setting(`metrics.reporter.${name}.${suffix}`);
    return name !== undefined && (of('factory.class') ?? of('class'))?.value.includes('JMXReporter') === true;
  });
  return ['jmx.server.port', ...reporters];
}

function port(configuration: EffectiveConfiguration): Setting | undefined {
  return portOf(configuration, ...portKeys(configuration));
}
