import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadedSettings } from '../daemon/daemon.ts';
import type { ClusterSettings, Settings } from '../daemon/settings.ts';
import { settingsOf } from '../daemon/settings-values.ts';
import type { WrittenSettings } from '../daemon/settings-written.ts';
import type { Overlay } from './daemon-settings-keys.ts';

/** Captures that the package ships. */
const CAPTURES = fileURLToPath(new URL('../../../captures/', import.meta.url));
/** One cluster before and after a restart that lost TLS on its data plane. */
const BEFORE = '1.20.3-int-gcm';
const AFTER = '1.20.3-int-dataoff';
/** Addresses of its members. */
const HOSTS = path.join(CAPTURES, 'hosts.txt');
export const RECORDED = 'recorded';

/** Where a service keeps its state: systemd's, the user's (XDG), or that of Windows. */
export function stateFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { STATE_DIRECTORY, XDG_STATE_HOME, LOCALAPPDATA } = environment;
  if (STATE_DIRECTORY !== undefined && STATE_DIRECTORY !== '') return STATE_DIRECTORY.split(':')[0]!;
  if (process.platform === 'win32' && LOCALAPPDATA !== undefined) return path.join(LOCALAPPDATA, 'flinkprobe');
  return path.join(XDG_STATE_HOME ?? path.join(homedir(), '.local', 'state'), 'flinkprobe');
}

/**
 * What `npm start` shows: a recorded cluster, and Flink on this machine where something answers on one of its ports.
 * Loopback only.
 */
export async function embeddedDefault(
  state: string,
  local: 'there' | 'absent',
  overlays: readonly Overlay[] = [],
): Promise<LoadedSettings> {
  const { checked } = await import('./settings-file.ts');
  const written = checked(embeddedWritten(local), overlays, {
    tell: (faults) => faults.map(({ message }) => message).join('\n'),
  });
  return { settings: settingsOf(written, { folder: state, stateFolder: state }), waivers: [] };
}

function embeddedWritten(local: 'there' | 'absent'): WrittenSettings {
  return {
    version: 1,
    log: { format: 'text' },
    clusters: [
      {
        name: RECORDED,
        schedule: 'none',
        captures: [capture(AFTER)],
        configurations: configurations(AFTER),
        names: HOSTS,
      },
      ...(local === 'absent'
        ? []
        : [{ name: 'this-machine', schedule: { every: '5m' }, rest: { url: 'http://127.0.0.1:8081' } } as const]),
    ],
  };
}

/** The same cluster before the restart: the run that the first one is compared with. */
export function recordedBefore(settings: Settings): ClusterSettings | undefined {
  const after = settings.clusters.find(({ name }) => name === RECORDED);
  return after === undefined
    ? undefined
    : { ...after, captures: [capture(BEFORE)], configurations: configurations(BEFORE) };
}

const capture = (name: string): string => path.join(CAPTURES, `${name}.pcap.gz`);

function configurations(name: string): string[] {
  return ['jm', 'tm1', 'tm2'].map((member) => `${member}=${path.join(CAPTURES, `${name}.conf`, member)}`);
}
