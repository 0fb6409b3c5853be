import type { Companion, CompanionMeans } from '../daemon/companion.ts';
import type { WireStatus } from '../daemon/types.ts';
import type { LiveWire } from '../daemon/wire.ts';
import type { Waiver } from '../model/waiver.ts';
import { FolderThread } from './folder-thread.ts';

/** The live wire of a cluster whose settings have a `capture`; loaded only then. Folders are read in a thread. */
export function liveWire(means: CompanionMeans, waivers: () => readonly Waiver[]): Companion | undefined {
  const { capture } = means.settings;
  if (capture === undefined) return undefined;
  return capture.folder === undefined ? new LiveCompanion(means, waivers) : folders.watch({ ...means, waivers });
}

const folders = new FolderThread();

class LiveCompanion implements Companion {
  readonly #beginning: Promise<LiveWire | undefined>;
  #wire: LiveWire | undefined;
  #isStopped = false;

  constructor(means: CompanionMeans, waivers: () => readonly Waiver[]) {
    this.#beginning = this.#begin(means, waivers);
  }

  get wire(): WireStatus | undefined {
    return this.#wire?.status;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const wire = await this.#beginning;
    await wire?.stop();
  }

  /** A wire that cannot be watched costs the wire only. */
  async #begin(means: CompanionMeans, waivers: () => readonly Waiver[]): Promise<LiveWire | undefined> {
    const { settings, log, clock, publish, keep } = means;
    try {
      const { createLiveWire } = await import('./live-wire.ts');
      const wire = await createLiveWire(settings, { keep, publish, log, clock, waivers });
      this.#wire = wire;
      if (!this.#isStopped) wire?.start();
      return wire;
    } catch (error) {
      const problem = (error as Error).message;
      log('error', { cluster: settings.name, problem }, 'the wire is not watched');
      return undefined;
    }
  }
}
