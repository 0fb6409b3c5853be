import type { ClusterSettings } from '../daemon/settings.ts';
import { LiveWire, type WireMeans } from '../daemon/wire.ts';
import { loadProbes } from '../evaluate/directory.ts';
import { waiversFor } from '../evaluate/waivers.ts';
import { Topology } from '../flink/topology.ts';
import type { Waiver } from '../model/waiver.ts';
import { ownSockets } from '../net/own-sockets.ts';
import { LiveView } from '../observe/live.ts';
import { ownTraffic } from '../observe/own-traffic.ts';
import { analyse } from './analysis.ts';
import { readText } from './common.ts';
import { readConfigurations } from './configuration-sources.ts';
import { parseConfigurations } from './configurations.ts';
import { readPolicy } from './policy-option.ts';
import { planFilter } from './sniff-filter.ts';

/** What the daemon gives a live wire. */
export interface LiveWireMeans
  extends Pick<WireMeans, 'keep' | 'publish' | 'log' | 'clock' | 'monotonic' | 'startCapture'> {
  readonly waivers?: () => readonly Waiver[];
}

/**
 * The live wire of a cluster whose settings have a `capture`; not started yet.
 *
 * @throws Unusable where its settings name something that cannot be used
 */
export async function createLiveWire(settings: ClusterSettings, means: LiveWireMeans): Promise<LiveWire | undefined> {
  const { capture } = settings;
  if (capture === undefined) return undefined;
  const probes = await loadProbes();
  const read = () => readConfigurations({ conf: settings.configurations });
  const common = {
    ...(settings.names === undefined ? {} : { names: readText('names', settings.names) }),
    ...(settings.flinkVersion === undefined ? {} : { flinkVersion: settings.flinkVersion }),
  };
  const configurations = await parseConfigurations({ ...common, configurations: await read() });
  const policy = await readPolicy(settings.policy);
  const topology = new Topology(probes, configurations);
  if (common.names !== undefined) topology.addHosts(common.names);
  const { channels } = capture;
  const wanted = channels === undefined ? probes : probes.filter(({ id }) => channels.includes(id));
  return new LiveWire({
    cluster: settings.name,
    settings: capture,
    filter: capture.filter ?? planFilter(configurations, wanted).filter,
    openView: (options) => new LiveView({ ...options, probes, topology, leaveOut: ownTraffic(ownSockets) }),
    judge: async (run) =>
      analyse({
        ...common,
        captures: [],
        live: { run, topology },
        configurations: await read(),
        ...(policy === undefined ? {} : { policy }),
        ...(means.waivers === undefined ? {} : { waivers: waiversFor(settings.name, means.waivers()) }),
        expect: [],
        failOn: settings.failOn,
        now: means.clock(),
      }),
    keep: means.keep,
    publish: means.publish,
    log: means.log,
    clock: means.clock,
    ...(means.monotonic === undefined ? {} : { monotonic: means.monotonic }),
    ...(means.startCapture === undefined ? {} : { startCapture: means.startCapture }),
  });
}
