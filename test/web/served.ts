import path from 'node:path';
import { bundleWeb } from '../../src/build/web.ts';
import { daemonMeans } from '../../src/cli/daemon-parts.ts';
import { runCluster } from '../../src/cli/daemon-run.ts';
import { Daemon, type LoadedSettings } from '../../src/daemon/daemon.ts';
import { LagMeter } from '../../src/daemon/lag.ts';
import { RunIds } from '../../src/daemon/run-id.ts';
import type { ClusterSettings } from '../../src/daemon/settings.ts';
import { settingsOf } from '../../src/daemon/settings-values.ts';
import { openStore } from '../../src/daemon/store/store.ts';
import type { Run, Store } from '../../src/daemon/types.ts';
import { createDashboard } from '../../src/http/dashboard.ts';
import { createServer } from '../../src/http/server.ts';
import { root } from '../support/repository.ts';
import { temporary } from '../support/temporary.ts';

/** A daemon with its page on loopback: real Flink 1.20.3 before and after a restart that lost TLS on its data plane. */
export interface Served {
  readonly address: string;
  readonly daemon: Daemon;
  readonly store: Store;
  /** Of the page, by name. */
  readonly assets: ReadonlyMap<string, Uint8Array>;
  stop(): Promise<void>;
}

export const AFTER = 'prod-eu';
/** The same Flink with no TLS at all. */
export const CLEAR = 'staging';

const RECORDINGS: Readonly<Record<string, string>> = { [AFTER]: '1.20.3-int-dataoff', [CLEAR]: '1.20.3-off' };

const HOUR = 3_600_000;
/** Addresses of the members. */
const HOSTS = path.join(root, 'captures', 'hosts.txt');

export async function served(): Promise<Served> {
  const folder = temporary();
  const written = settingsOf(
    {
      version: 1,
      clusters: [
        { name: AFTER, schedule: { every: '1h' }, names: HOSTS },
        { name: CLEAR, schedule: 'none', names: HOSTS },
      ],
    },
    { folder, stateFolder: folder },
  );
  const clusters = written.clusters.map((one) => ({ ...one, ...recording(RECORDINGS[one.name]!) }));
  const settings = { ...written, clusters };
  const loaded: LoadedSettings = { settings, waivers: [] };
  const store = openStore({ path: path.join(folder, 'history.db') });
  await remember(settings.clusters[0]!, store);
  const lag = new LagMeter();
  const means = daemonMeans({
    load: async () => loaded,
    store,
    log: () => undefined,
    lag,
    applied: () => undefined,
  });
  const daemon = new Daemon(loaded, means);
  const { files: assets } = await bundleWeb(root);
  const server = await createServer(
    daemon,
    { host: '127.0.0.1', port: 0, users: [], insecure: 'refuse', probe: { allow: 'configured' } },
    { probe: () => Promise.reject(new Error('nothing is asked here')), dashboard: createDashboard(daemon, assets) },
  );
  daemon.start();
  for (const name of daemon.clusters()) daemon.runNow(name, 'restart');
  const stop = async (): Promise<void> => {
    await Promise.all([server.close(), daemon.stop()]);
    lag.stop();
  };
  try {
    await settled(daemon);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    address: server.address,
    daemon,
    store,
    assets,
    stop,
  };
}

/** Until every cluster was run and none is running. */
async function settled(daemon: Daemon): Promise<void> {
  for (;;) {
    const { problems } = daemon.readiness();
    if (problems.length > 0) throw new Error(problems.join('; '));
    const { clusters } = daemon.status();
    if (clusters.every(({ cluster, state }) => state === 'idle' && daemon.cells(cluster).length > 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A month in which the cluster was as the first recording shows it, with a restart and a rotation that went well. */
async function remember(cluster: ClusterSettings, store: Store): Promise<void> {
  const before = { ...cluster, ...recording('1.20.3-int-gcm') };
  const signal = new AbortController().signal;
  const report = await runCluster({ settings: before, trigger: 'capture', signal }, [], () => undefined);
  const ids = new RunIds();
  const now = Date.now();
  const took = Date.parse(report.finishedAt) - Date.parse(report.startedAt);
  for (let hours = 720; hours > 0; hours -= 12) {
    const at = now - hours * HOUR;
    const times = { startedAt: time(at), finishedAt: time(at + took) };
    const run: Run = { id: ids.next(at), cluster: cluster.name, trigger: 'schedule', report: { ...report, ...times } };
    store.commit(run, { resolveAfter: 1 });
  }
  const note = (
    hours: number,
    kind: 'restart' | 'rotation-written' | 'rotation-served',
    member: string,
    text: string,
  ) => store.note({ cluster: cluster.name, kind, at: time(now - hours * HOUR), member, text });
  note(500, 'rotation-written', 'tm1', 'internal.keystore of tm1 was written: restart tm1 for it to be served');
  note(497, 'restart', 'tm1', 'tm1 came back');
  note(496, 'rotation-served', 'tm1', 'tm1 serves the new certificate');
  note(0.02, 'restart', 'tm2', 'tm2 came back');
}

const time = (at: number): string => new Date(at).toISOString();

/** Paths as they stand in reports, and so in pictures: below the folder that the tests run in. */
function recording(name: string): { readonly captures: string[]; readonly configurations: string[] } {
  const captures = path.relative('', path.join(root, 'captures'));
  return {
    captures: [path.join(captures, `${name}.pcap.gz`)],
    configurations: ['jm', 'tm1', 'tm2'].map((member) => `${member}=${path.join(captures, `${name}.conf`, member)}`),
  };
}
