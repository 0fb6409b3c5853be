import { createConnection } from 'node:net';
import type { RunRequest } from '../daemon/cluster.ts';
import type { Companion, CompanionMeans, DaemonMeans, LoadedSettings } from '../daemon/daemon.ts';
import type { LagMeter } from '../daemon/lag.ts';
import type { Log } from '../daemon/log.ts';
import { RestartWatch } from '../daemon/restart-watch.ts';
import { RotationWatch } from '../daemon/rotation-watch.ts';
import { RunIds } from '../daemon/run-id.ts';
import type { Run, Store } from '../daemon/types.ts';
import type { Waiver } from '../model/waiver.ts';
import { FlinkRest } from '../net/flink-rest.ts';
import { ofFamily } from '../observe/active/families.ts';
import { embeddedDefault, recordedBefore, stateFolder } from './daemon-default.ts';
import { argumentsOf, runCluster, SecretFiles } from './daemon-run.ts';
import { Unusable } from './failure.ts';
import { readKeys } from './keys.ts';
import { restAccess } from './rest-access.ts';
import { version } from './version.ts';
import { waiversStatus } from './waivers-status.ts';

export interface LoaderArguments {
  readonly config?: string | undefined;
  readonly listen?: string | undefined;
}

/** Reads the settings, again at every reload. What flags say wins. */
export function loader(args: LoaderArguments): () => Promise<LoadedSettings> {
  const state = stateFolder();
  return async () => {
    const loaded = await read(args.config, state);
    if (args.listen === undefined) return loaded;
    const [, host, port] = /^(\[[0-9A-Fa-f:.]+\]|[^[\]:]+):(\d{1,5})$/.exec(args.listen) ?? [];
    if (host === undefined) throw new Unusable(`--listen: ${JSON.stringify(args.listen)} is no HOST:PORT`);
    const web = { ...loaded.settings.web, host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
    return { ...loaded, settings: { ...loaded.settings, web } };
  };
}

async function read(config: string | undefined, state: string): Promise<LoadedSettings> {
  if (config === undefined) return embeddedDefault(state, (await answers('127.0.0.1', 8081)) ? 'there' : 'absent');
  const { readSettings } = await import('./settings-file.ts');
  return readSettings(config, state);
}

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
  /** Told of settings that came into force, and of every stored run. */
  readonly applied: (loaded: LoadedSettings) => void;
  readonly committed: DaemonMeans['committed'];
}

/** What the daemon works with besides its settings: runs, watches, clocks. */
export function daemonMeans({ load, store, log, lag, applied, committed }: PartsMeans): DaemonMeans {
  let waivers: readonly Waiver[] = [];
  return {
    version: version(),
    run: (request) => runCluster(request, waivers, teller(log, request)),
    store,
    load,
    companions: [restartWatch, rotationWatch],
    committed,
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

function restartWatch(means: CompanionMeans): Companion | undefined {
  const { settings, log } = means;
  if (settings.restartWatch === undefined || settings.rest === undefined) return undefined;
  const abort = new AbortController();
  const secrets = new SecretFiles();
  try {
    const args = argumentsOf(settings, secrets);
    const keys = readKeys(args, (line) => log('warn', { cluster: settings.name }, line));
    const identity = ofFamily(keys.identities, 'rest');
    const trustAnchors = ofFamily(keys.trustAnchors, 'rest');
    const access = restAccess(
      { ...args, rest: settings.rest.url },
      {
        ...(identity === undefined ? {} : { identity }),
        ...(trustAnchors === undefined ? {} : { trustAnchors }),
      },
      abort.signal,
    );
    const watch = new RestartWatch({ ...means, openRest: () => new FlinkRest(access) });
    return {
      stop: () => {
        abort.abort();
        return watch.stop();
      },
    };
  } catch (error) {
    log('error', { cluster: settings.name, problem: (error as Error).message }, 'members are not watched');
    return undefined;
  } finally {
    secrets.remove();
  }
}

function rotationWatch(means: CompanionMeans): Companion | undefined {
  const { keystores, internal, restCredentials: rest } = means.settings;
  const stores = [...keystores, internal.identity, internal.truststore, rest.identity, rest.truststore];
  const files = [...new Set(stores.flatMap((one) => one?.file ?? []))];
  return files.length === 0 ? undefined : new RotationWatch({ ...means, files });
}

/** The recorded cluster begins with the run before its restart, so that the next one has something to be held against. */
export async function seed({ settings, path }: LoadedSettings, store: Store, log: Log): Promise<void> {
  const before = path === undefined ? recordedBefore(settings) : undefined;
  if (before === undefined || store.last(before.name) !== undefined) return;
  const request: RunRequest = { settings: before, trigger: 'capture', signal: new AbortController().signal };
  const report = await runCluster(request, [], teller(log, request));
  const run: Run = { id: new RunIds().next(Date.now()), cluster: before.name, trigger: 'capture', report };
  store.commit(run, { resolveAfter: before.resolveAfter });
}
