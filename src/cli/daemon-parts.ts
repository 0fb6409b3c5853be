import { createConnection } from 'node:net';
import type { RunRequest } from '../daemon/cluster.ts';
import type { Companion, CompanionMeans } from '../daemon/companion.ts';
import type { DaemonMeans, LoadedSettings } from '../daemon/daemon.ts';
import type { LagMeter } from '../daemon/lag.ts';
import type { Log } from '../daemon/log.ts';
import { RestartWatch } from '../daemon/restart-watch.ts';
import { RotationWatch } from '../daemon/rotation-watch.ts';
import { RunIds } from '../daemon/run-id.ts';
import type { ClusterSettings, Settings } from '../daemon/settings.ts';
import type { Run, Store } from '../daemon/types.ts';
import { configuredTargets, hostNamed, type NamedHost } from '../http/probe-allow.ts';
import type { WebServer } from '../http/server.ts';
import type { Waiver } from '../model/waiver.ts';
import { FlinkRest } from '../net/flink-rest.ts';
import type { RestAccess } from '../net/flink-rest-types.ts';
import { embeddedDefault, recordedBefore, stateFolder } from './daemon-default.ts';
import { argumentsOf, runCluster } from './daemon-run.ts';
import { overlaysOf, secretVariables } from './daemon-settings-keys.ts';
import { watchedStores } from './daemon-stores.ts';
import { Unusable } from './failure.ts';
import { readKeys } from './keys.ts';
import { podsOf } from './kubernetes-access.ts';
import { liveWire } from './live-companion.ts';
import { restAccess } from './rest-access.ts';
import { version } from './version.ts';
import { waiversStatus } from './waivers-status.ts';

export interface LoaderArguments {
  readonly config?: string | undefined;
  readonly listen?: string | undefined;
}

/** Reads the settings, again at every reload. What flags say wins, then what variables say. Throws `Unusable`. */
export function loader(args: LoaderArguments): () => Promise<LoadedSettings> {
  const state = stateFolder();
  const { FLINKPROBE_CONFIG: variable } = process.env;
  const config = args.config ?? variable;
  if (Array.isArray(config)) throw new Unusable('--config: given more than once');
  return async () => {
    const overlays = overlaysOf({ ...args }, process.env, config === undefined ? [] : secretVariables(config));
    if (config === undefined) {
      const local = (await answers('127.0.0.1', LOCAL_PORT)) ? 'there' : 'absent';
      return embeddedDefault(state, local, overlays);
    }
    const { readSettings } = await import('./settings-file.ts');
    return readSettings(config, state, overlays);
  };
}

const LOCAL_PORT = 8081;

const LOCAL_MS = 500;

/** Whether something listens there. */
function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: LOCAL_MS });
    const end = (found: boolean): void => {
      socket.destroy();
      resolve(found);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}

export interface PartsMeans {
  readonly load: () => Promise<LoadedSettings>;
  readonly store: Store;
  readonly log: Log;
  readonly lag: LagMeter;
  /** Told of settings that came into force. */
  readonly applied: (loaded: LoadedSettings) => void;
  readonly accept?: NonNullable<DaemonMeans['accept']>;
  /** Told of TLS handshakes of the runs, as `WebServer.handshake`. */
  readonly handshake?: WebServer['handshake'];
}

/** What the daemon works with besides its settings: runs, watches, clocks. */
export function daemonMeans({ load, store, log, lag, applied, accept, handshake }: PartsMeans): DaemonMeans {
  let waivers: readonly Waiver[] = [];
  return {
    version: version(),
    run: (request) =>
      runCluster(request, waivers, teller(log, request), (channel, milliseconds) =>
        handshake?.(request.settings.name, channel, milliseconds / 1000),
      ),
    store,
    load,
    companions: [restartWatch, rotationWatch, (means) => liveWire(means, () => waivers)],
    ...(accept === undefined ? {} : { accept }),
    applied: (loaded) => {
      waivers = loaded.waivers;
      applied(loaded);
    },
    waivers: () => waiversStatus(waivers, store, Date.now()),
    log,
    clock: () => Date.now(),
    random: () => Math.random(),
    lag,
  };
}

function teller(log: Log, { settings, trigger }: Pick<RunRequest, 'settings' | 'trigger'>): (line: string) => void {
  return (line) => log('info', { cluster: settings.name, trigger }, line);
}

/** Keys and tokens are renewed while the daemon runs: what is older is read again. */
const ACCESS_MS = 60_000;

function restartWatch(means: CompanionMeans): Companion | undefined {
  const { settings, log, clock } = means;
  const { rest } = settings;
  if (settings.restartWatch === undefined) return undefined;
  const pods = settings.kubernetes === undefined ? {} : { pods: podsOf(settings.kubernetes, settings.timeoutMs) };
  if (rest === undefined || settings.active === 'off') return new RestartWatch({ ...means, ...pods });
  const abort = new AbortController();
  let known: { readonly at: number; readonly access: RestAccess } | undefined;
  const openRest = (): FlinkRest => {
    const at = clock();
    if (known === undefined || Math.abs(at - known.at) > ACCESS_MS) {
      known = { at, access: accessOf(settings, rest.url, { signal: abort.signal, log }) };
    }
    return new FlinkRest(known.access);
  };
  const watch = new RestartWatch({ ...means, ...pods, openRest });
  return {
    stop: () => {
      const stopped = watch.stop();
      abort.abort();
      return stopped;
    },
  };
}

/** Throws `Unusable` for keys and secrets that cannot be read. */
function accessOf(
  settings: ClusterSettings,
  url: string,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Log },
): RestAccess {
  const args = argumentsOf(settings);
  const keys = readKeys(args, (line) => log('warn', { cluster: settings.name }, line));
  return restAccess({ ...args, rest: url }, keys, signal);
}

/** Our own identity is read at every run: nobody has to be restarted for it. */
function rotationWatch(means: CompanionMeans): Companion | undefined {
  const { keystores, configurations } = means.settings;
  if (keystores.length === 0 && configurations.length === 0) return undefined;
  return new RotationWatch({ ...means, files: () => watchedStores(means.settings) });
}

/** The recorded cluster begins with the run before its restart, so that the next one has something to be held against. */
export async function seed({ settings, path }: LoadedSettings, store: Store, log: Log): Promise<void> {
  const before = path === undefined ? recordedBefore(settings) : undefined;
  if (before === undefined || store.runs(before.name, { limit: 1 }).length > 0) return;
  const request: RunRequest = { settings: before, trigger: 'capture', signal: new AbortController().signal };
  try {
    const report = await runCluster(request, [], teller(log, request));
    const run: Run = { id: new RunIds().next(Date.now()), cluster: before.name, trigger: 'capture', report };
    store.commit(run, { resolveAfter: before.resolveAfter });
    const text = 'between the two recordings the cluster was restarted, and lost TLS on its data plane';
    store.note({ cluster: before.name, kind: 'restart', at: new Date().toISOString(), text });
  } catch (error) {
    // It is there to show something: without it the daemon works all the same.
    log('error', { cluster: before.name, err: error }, 'the recording could not be analysed');
  }
}

/**
 * The cluster whose settings name a target of `/probe`, by host and port, else by host; the first one where none does.
 * Hosts are the same as a whole: `jm` is neither `jm2` nor `jm.staging`.
 */
export function clusterNaming(target: string, { clusters }: Pick<Settings, 'clusters'>): ClusterSettings {
  const asked = hostNamed(target);
  const naming = (isNamed: (host: NamedHost) => boolean): ClusterSettings | undefined =>
    clusters.find((one) =>
      configuredTargets({ clusters: [one] })
        .map(hostNamed)
        .some((named) => named !== undefined && isNamed(named)),
    );
  return (
    naming(({ host, port }) => host === asked?.host && port === asked.port) ??
    naming(({ host }) => host === asked?.host) ??
    clusters[0]!
  );
}
