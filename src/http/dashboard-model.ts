import { StoreFailure } from '../daemon/store/failure.ts';
import type { Control, FindingRecord, Happening, RunSummary } from '../daemon/types.ts';
import type { Report } from '../model/report.ts';
import { worstFirst } from '../web/headline.ts';
import { PAGE_LIMITS, type PageModel } from '../web/model.ts';

/** Findings that the store is asked for at most; more are counted by the thousand. */
const MAX_FINDINGS = 2_000;

/** What of the last report the page shows; reports are large, and many readers ask for the same one. */
type Seen = Pick<PageModel, 'coverage' | 'traffic'>;

/** Makes the model of the page; remembers what it read of the last report of each cluster. */
export class PageModels {
  readonly #control: Control;
  readonly #seen = new Map<string, { readonly run: string; readonly seen: Seen }>();

  constructor(control: Control) {
    this.#control = control;
  }

  /** @param name cluster; undefined: the worst one. One that is not there gives a model without a cluster. */
  model(name: string | undefined, role: 'reader' | 'operator'): PageModel {
    const { live } = this.#control;
    // Taken first: what happens meanwhile is told again rather than not at all.
    const seq = live.newest;
    const status = this.#control.status();
    const cluster = status.clusters.find((one) => one.cluster === (name ?? worstFirst(status.clusters)[0]?.cluster));
    const frame = { seq, operator: role === 'operator', status, waivers: this.#control.waivers(), clear: [] };
    if (cluster === undefined) return { ...frame, ...NO_CLUSTER };
    try {
      return { ...frame, cluster, cells: this.#control.cells(cluster.cluster), ...this.#history(cluster.cluster) };
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error;
      // What the daemon knows without its history is still worth a page.
      const { fault } = error;
      return { ...frame, ...NO_CLUSTER, cluster, cells: this.#control.cells(cluster.cluster), problem: fault };
    }
  }

  #history(shown: string): Omit<PageModel, 'seq' | 'operator' | 'status' | 'waivers' | 'clear' | 'cells'> {
    const { store } = this.#control;
    const findings = this.#findings(shown);
    const certificates = store.certificates(shown).filter(({ goneAt }) => goneAt === undefined);
    const runs = store.runs(shown, { limit: PAGE_LIMITS.runs });
    return {
      findings: findings.slice(0, PAGE_LIMITS.findings),
      certificates: certificates.slice(0, PAGE_LIMITS.certificates),
      runs,
      happenings: store.happenings(shown, { limit: PAGE_LIMITS.happenings }).filter(isOfClusters),
      ...this.#seenOf(shown, runs[0]),
      leftOut: {
        findings: Math.max(0, findings.length - PAGE_LIMITS.findings),
        certificates: Math.max(0, certificates.length - PAGE_LIMITS.certificates),
      },
    };
  }

  /** Open ones come first: these are never left out for those that are over. */
  #findings(cluster: string): readonly FindingRecord[] {
    const { store } = this.#control;
    const open = store.findings({ cluster, state: 'open', limit: MAX_FINDINGS });
    const resolved = store.findings({ cluster, state: 'resolved', limit: MAX_FINDINGS });
    return [...open, ...resolved];
  }

  #seenOf(cluster: string, run: RunSummary | undefined): Seen {
    const known = this.#seen.get(cluster);
    if (run === undefined) return { coverage: [] };
    if (known?.run === run.id) return known.seen;
    const seen = seenOf(this.#control.store.report(run.id));
    this.#seen.set(cluster, { run: run.id, seen });
    return seen;
  }
}

const NO_CLUSTER = {
  cells: [],
  findings: [],
  certificates: [],
  runs: [],
  happenings: [],
  coverage: [],
  leftOut: { findings: 0, certificates: 0 },
} as const;

function seenOf(report: Report | undefined): Seen {
  if (report === undefined) return { coverage: [] };
  const { coverage, summary, inputs } = report;
  const captures = inputs.filter(({ kind }) => kind === 'capture' || kind === 'interface');
  if (summary === undefined || captures.length === 0) return { coverage };
  const { connections, clearBytes, tlsBytes } = summary;
  const sum = (of: 'captureDrops' | 'gaps' | 'gapBytes'): number =>
    captures.reduce((all, { quality }) => all + (quality?.[of] ?? 0), 0);
  const lost = { drops: sum('captureDrops'), gaps: sum('gaps'), gapBytes: sum('gapBytes') };
  return { coverage, traffic: { connections, clearBytes, tlsBytes, ...lost } };
}

/** What happens to the daemon itself stands at the foot of the page. */
function isOfClusters({ kind }: Happening): boolean {
  return kind !== 'daemon-started' && kind !== 'daemon-stopped' && kind !== 'reload';
}
