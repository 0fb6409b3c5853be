import { type LiveWireMeans, openLiveWire } from '../../src/cli/live-wire.ts';
import type { LiveData, LiveEventName, Publish } from '../../src/daemon/live-events.ts';
import type { CaptureSettings, ClusterSettings } from '../../src/daemon/settings.ts';
import type { LiveWire } from '../../src/daemon/wire.ts';
import type { Report } from '../../src/model/report.ts';
import { startLiveCapture } from '../../src/net/live-capture.ts';

/** A live wire, and all that it told. */
export interface Heard {
  readonly wire: LiveWire;
  readonly reports: Report[];
  readonly events: { readonly at: number; readonly event: LiveEventName; readonly data: unknown }[];
  readonly pids: number[];
}

function cluster(capture: CaptureSettings): ClusterSettings {
  return { name: 'prod', configurations: [], failOn: 'medium', captures: [], capture } as unknown as ClusterSettings;
}

/** Watches `lo`, or what is given instead, until the test ends. */
export async function watching(
  t: { teardown(done: () => Promise<void>): void },
  capture: Partial<CaptureSettings>,
  others: Pick<LiveWireMeans, 'monotonic'> = {},
): Promise<Heard> {
  const heard: Omit<Heard, 'wire'> = { reports: [], events: [], pids: [] };
  const publish: Publish = (event, data) => void heard.events.push({ at: performance.now(), event, data });
  const settings = { interfaces: ['lo'], everyMs: 60_000, ...capture };
  const { wire } = await openLiveWire(cluster(settings), settings, {
    publish,
    keep: (report) => void heard.reports.push(report),
    log: () => undefined,
    clock: () => Date.now(),
    ...others,
    startCapture: async (options) => {
      const started = await startLiveCapture(options);
      heard.pids.push(...started.streams.map(({ pid }) => pid));
      return started;
    },
  });
  t.teardown(() => wire.stop());
  wire.start();
  return { ...heard, wire };
}

export function eventsOf<Name extends LiveEventName>(
  { events }: Heard,
  name: Name,
): readonly { at: number; data: LiveData[Name] }[] {
  return events.filter(({ event }) => event === name) as unknown as { at: number; data: LiveData[Name] }[];
}
