import { parentPort } from 'node:worker_threads';
import type { LiveData, LiveEventName } from '../daemon/live-events.ts';
import type { LogLevel } from '../daemon/log.ts';
import type { ClusterSettings } from '../daemon/settings.ts';
import { WireCompanion } from '../daemon/wire-companion.ts';
import type { Report } from '../model/report.ts';
import type { Waiver } from '../model/waiver.ts';
import { type LiveWireMeans, openLiveWire } from './live-wire.ts';

/** What the thread of watched folders is told; `cluster` is a number of whoever tells. */
export type FolderOrder = { readonly cluster: number } & (
  | { readonly kind: 'begin'; readonly settings: ClusterSettings; readonly waivers: readonly Waiver[] }
  | { readonly kind: 'waivers'; readonly waivers: readonly Waiver[] }
  | { readonly kind: 'reloaded' }
  | { readonly kind: 'end' }
);

/** What it tells; nothing of a cluster comes behind its `ended`. */
export type FolderNews = { readonly cluster: number } & (
  | { readonly kind: 'published'; readonly event: LiveEventName; readonly data: LiveData[LiveEventName] }
  | { readonly kind: 'kept'; readonly report: Report }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly fields: object; readonly text: string }
  | { readonly kind: 'ended' }
);

interface Watched {
  readonly wire: WireCompanion | undefined;
  waivers: readonly Waiver[];
}

/** A program: the thread in which the daemon reads the folders that it watches (`folder-thread.ts`). */
if (parentPort === null) throw new Error('is a worker thread, and no command');
const port = parentPort;
const tell = (news: FolderNews): void => port.postMessage(news);
const watched = new Map<number, Watched>();

port.on('message', (order: FolderOrder) => {
  const { cluster } = order;
  const one = watched.get(cluster);
  if (order.kind === 'begin') watched.set(cluster, { wire: begin(cluster, order.settings), waivers: order.waivers });
  else if (order.kind === 'end') void end(cluster);
  else if (order.kind === 'reloaded') one?.wire?.reloaded();
  else if (one !== undefined) one.waivers = order.waivers;
});

function begin(cluster: number, settings: ClusterSettings): WireCompanion | undefined {
  const { capture, name } = settings;
  if (capture === undefined) return undefined;
  const means: Pick<LiveWireMeans, 'publish' | 'log' | 'clock'> = {
    publish: (event, data) => tell({ cluster, kind: 'published', event, data }),
    log: (level, fields, text) => tell({ cluster, kind: 'log', level, fields, text }),
    clock: () => Date.now(),
  };
  return new WireCompanion({
    ...means,
    cluster: name,
    settings: capture,
    open: () =>
      openLiveWire(settings, capture, {
        ...means,
        keep: (report) => tell({ cluster, kind: 'kept', report }),
        waivers: () => watched.get(cluster)?.waivers ?? [],
      }),
  });
}

async function end(cluster: number): Promise<void> {
  await watched.get(cluster)?.wire?.stop();
  watched.delete(cluster);
  tell({ cluster, kind: 'ended' });
}
