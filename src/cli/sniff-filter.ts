import { storageEndpoints } from '../flink/storage-endpoint.ts';
import { zookeeperServers } from '../flink/zookeeper-quorum.ts';
import type { ChannelId } from '../model/channel.ts';
import type { EffectiveConfiguration, Probe } from '../model/probe.ts';
import { ALL_TCP, filterOfPorts } from '../net/live-capture-filter.ts';

/** A BPF expression, and why it is that one. */
export interface PlannedFilter {
  readonly filter: string;
  /** One sentence. */
  readonly because: string;
}

/** Channels whose port is another at every start, unless it is set (`*.port: 0` is Flink's default). */
const RANDOM: readonly ChannelId[] = ['blob-server', 'taskmanager-rpc', 'taskmanager-data', 'metrics-query-service'];

/**
 * Captures the ports that Flink listens on, where configurations name all of them. Where a port is random, a filter
 * that leaves it out would hide that channel, and its clear text would pass unseen: then all of TCP is captured.
 */
export function planFilter(configurations: readonly EffectiveConfiguration[], probes: readonly Probe[]): PlannedFilter {
  if (configurations.length === 0)
    return { filter: ALL_TCP, because: 'no configuration names the ports: all of TCP is captured' };
  const ports = new Set(probes.flatMap((probe) => probe.defaultPorts));
  for (const configuration of configurations) {
    for (const probe of probes) {
      const written = configuredPorts(probe, configuration);
      for (const port of written ?? []) ports.add(port);
      const isSure = !RANDOM.includes(probe.id) || (written !== undefined && written.length > 0);
      if (isSure || probe.expect(configuration) === undefined) continue;
      const [key] = probe.settings.port;
      return {
        filter: ALL_TCP,
        because: `the port of ${probe.id} is random (${key ?? 'no key'} is not set): all of TCP is captured`,
      };
    }
    for (const { port } of storageEndpoints(configuration)) ports.add(port ?? 443);
    for (const { port } of zookeeperServers(configuration)) ports.add(port);
  }
  return { filter: filterOfPorts(ports), because: `${ports.size} ports of the configurations and Flink's defaults` };
}

/** Ports that the first key that is set gives: `6124`, `50100-50200`, `50100,50102-50104`; undefined: random or none. */
function configuredPorts(probe: Probe, configuration: EffectiveConfiguration): readonly number[] | undefined {
  const written = probe.settings.port.map((key) => configuration.setting(key)).find((one) => one !== undefined);
  if (written === undefined) return undefined;
  const ports: number[] = [];
  for (const part of written.value.split(',')) {
    const [, first, last] = /^\s*(\d{1,5})\s*(?:-\s*(\d{1,5})\s*)?$/.exec(part) ?? [];
    const from = Number(first ?? 0);
    const to = Number(last ?? from);
    if (from === 0 || to < from || to > 65_535) return undefined;
    for (let port = from; port <= to; port++) ports.push(port);
  }
  return ports;
}
