import type { Companion, CompanionMeans } from '../daemon/companion.ts';
import { WireCompanion } from '../daemon/wire-companion.ts';
import type { Waiver } from '../model/waiver.ts';
import { FolderThread } from './folder-thread.ts';

/** The live wire of a cluster whose settings have a `capture`; loaded only then. Folders are read in a thread. */
export function liveWire(means: CompanionMeans, waivers: () => readonly Waiver[]): Companion | undefined {
  const { settings, publish, log, clock, keep } = means;
  const { capture, name } = settings;
  if (capture === undefined) return undefined;
  if (capture.folder !== undefined) return folders.watch({ ...means, waivers });
  return new WireCompanion({
    cluster: name,
    settings: capture,
    publish,
    log,
    clock,
    open: async () => {
      const { openLiveWire } = await import('./live-wire.ts');
      return openLiveWire(settings, capture, { keep, publish, log, clock, waivers });
    },
  });
}

const folders = new FolderThread();
