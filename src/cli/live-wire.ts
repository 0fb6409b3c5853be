import { createHash } from 'node:crypto';
import type { CaptureSettings, ClusterSettings } from '../daemon/settings.ts';
import { LiveWire, type WireMeans } from '../daemon/wire.ts';
import type { OpenedWire } from '../daemon/wire-companion.ts';
import { loadProbes } from '../evaluate/directory.ts';
import { waiversFor } from '../evaluate/waivers.ts';
import type { ParsedConfiguration } from '../flink/config.ts';
import { Topology } from '../flink/topology.ts';
import type { Policy } from '../model/policy.ts';
import type { Probe } from '../model/probe.ts';
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
export async function openLiveWire(
  settings: ClusterSettings,
  capture: CaptureSettings,
  means: LiveWireMeans,
): Promise<OpenedWire & { readonly wire: LiveWire }> {
  const probes = await loadProbes();
  const told = await readFiles(settings, capture, probes);
  const { common, configurations, policy, filter } = told;
  const topology = new Topology(probes, configurations);
  if (common.names !== undefined) topology.addHosts(common.names);
  const wire = new LiveWire({
    cluster: settings.name,
    settings: capture,
    filter,
    openView: (options) => new LiveView({ ...options, probes, topology, leaveOut: ownTraffic(ownSockets) }),
    judge: async (run) =>
      analyse({
        ...common,
        captures: [],
        live: { run, topology },
        configurations: await configurationsOf(settings),
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
  const digest = digestOf(told);
  return { wire, isOutdated: async () => digestOf(await readFiles(settings, capture, probes)) !== digest };
}

/** What the files of a cluster say to whoever watches its wire. */
interface Told {
  readonly common: { readonly names?: string; readonly flinkVersion?: string };
  readonly configurations: readonly ParsedConfiguration[];
  readonly policy: Policy | undefined;
  readonly filter: string;
}

async function readFiles(settings: ClusterSettings, capture: CaptureSettings, probes: readonly Probe[]): Promise<Told> {
  const common = {
    ...(settings.names === undefined ? {} : { names: readText('names', settings.names) }),
    ...(settings.flinkVersion === undefined ? {} : { flinkVersion: settings.flinkVersion }),
  };
  const configurations = await parseConfigurations({ ...common, configurations: await configurationsOf(settings) });
  const policy = await readPolicy(settings.policy);
  const { channels } = capture;
  const wanted = channels === undefined ? probes : probes.filter(({ id }) => channels.includes(id));
  return { common, configurations, policy, filter: capture.filter ?? planFilter(configurations, wanted).filter };
}

function configurationsOf({ configurations }: ClusterSettings): ReturnType<typeof readConfigurations> {
  return readConfigurations({ conf: configurations });
}

/** Of settings in force, not of text: a comment changes nothing. Secrets may be among them. */
function digestOf({ common, configurations, policy, filter }: Told): string {
  const inForce = configurations.map((one) => [one.member, one.keys().map((key) => [key, one.setting(key)?.value])]);
  return createHash('sha256')
    .update(JSON.stringify([common, inForce, policy ?? null, filter]))
    .digest('hex');
}
