import type { Control } from '../daemon/control.ts';
import type { LiveData } from '../daemon/live-events.ts';
import { StoreFailure } from '../daemon/store/failure.ts';
import type {
  CertificateRecord,
  DaemonStatus,
  FindingRecord,
  Happening,
  RunSummary,
  WaiverStatus,
} from '../daemon/types.ts';
import type { Report } from '../model/report.ts';
import { shownOf, withoutTexts } from '../web/findings-list.ts';
import { worstFirst } from '../web/headline.ts';
import {
  type ClearTransfer,
  PAGE_LIMITS,
  type PageCertificate,
  type PageModel,
  type Recording,
  type SeenConnection,
} from '../web/model.ts';
import type { PageQuery } from '../web/query.ts';

/** Findings that the store is asked for at most; more are counted by the thousand. */
const MAX_FINDINGS = 2_000;

/** What of the last report the page shows; reports are large, and many readers ask for the same one. */
type Seen = Pick<PageModel, 'coverage' | 'traffic' | 'recording' | 'members'>;

/** Makes the model of the page; remembers what it read of the last report of each cluster. */
export class PageModels {
  readonly #control: Control;
  readonly #seen = new Map<string, { readonly run: string; readonly seen: Seen }>();

  constructor(control: Control) {
    this.#control = control;
  }

  /** Of the cluster that the query names, else of the worst one. One that is not there gives a model without a cluster. */
  model(query: PageQuery, role: 'reader' | 'operator'): PageModel {
    const { live } = this.#control;
    // Taken first: what happens meanwhile is told again rather than not at all.
    const seq = live.newest;
    const status = this.#control.status();
    const wanted = wantedOf(query, status);
    const cluster = status.clusters.find((one) => one.cluster === wanted);
    const frame = {
      seq,
      operator: role === 'operator',
      status,
      waivers: this.#control.waivers().filter(isFor(wanted)),
      clear: [],
      connections: [],
    };
    if (cluster === undefined) return { ...frame, ...NO_CLUSTER };
    try {
      const shown = {
        ...frame,
        cluster,
        cells: this.#control.cells(cluster.cluster),
        ...this.#wireOf(cluster.cluster),
      };
      return { ...shown, ...this.#history(cluster.cluster, query) };
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error;
      // What the daemon knows without its history is still worth a page.
      const { fault } = error;
      return { ...frame, ...NO_CLUSTER, cluster, cells: this.#control.cells(cluster.cluster), problem: fault };
    }
  }

  /** The whole text of the finding that the query names, which the model leaves out. */
  finding(query: PageQuery): FindingRecord | undefined {
    const wanted = wantedOf(query, this.#control.status());
    if (wanted === undefined || !this.#control.clusters().includes(wanted)) return undefined;
    return this.#findings(wanted).find(({ finding }) => finding.fingerprint === query.finding);
  }

  /** What the ring still holds of what crossed the wire, before this page was opened as after it. */
  #wireOf(cluster: string): Pick<PageModel, 'clear' | 'connections'> {
    const { live } = this.#control;
    const clear: ClearTransfer[] = [];
    const connections: SeenConnection[] = [];
    for (const { event, data, at } of live.since(live.oldest - 1) ?? []) {
      if ((data as { readonly cluster?: string }).cluster !== cluster) continue;
      if (event === 'clear-transfer') clear.push({ ...(data as LiveData['clear-transfer']), at });
      if (event === 'connection') connections.push(data as SeenConnection);
    }
    return {
      clear: clear.slice(-PAGE_LIMITS.clear).reverse(),
      connections: connections.slice(-PAGE_LIMITS.connections).reverse(),
    };
  }

  #history(
    shown: string,
    query: PageQuery,
  ): Omit<PageModel, 'seq' | 'operator' | 'status' | 'waivers' | 'clear' | 'connections' | 'cells'> {
    const { store } = this.#control;
    const findings = this.#findings(shown);
    const certificates = store.certificates(shown).filter(({ goneAt }) => goneAt === undefined);
    const runs = store.runs(shown, { limit: PAGE_LIMITS.runs });
    const listed = findings.slice(0, PAGE_LIMITS.findings);
    const detail = shownOf(listed, query);
    return {
      findings: listed.map((one) => (one === detail ? one : withoutTexts(one))),
      certificates: certificates.slice(0, PAGE_LIMITS.certificates).map(withoutDetails),
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
    if (run === undefined) return NOTHING_SEEN;
    if (known?.run === run.id) return known.seen;
    const { recording, ...others } = seenOf(this.#control.store.report(run.id));
    // What was rotated into a watched folder is the wire of now.
    const seen = recording === undefined || run.trigger === 'live' ? others : { ...others, recording };
    this.#seen.set(cluster, { run: run.id, seen });
    return seen;
  }
}

/** Name of the cluster that is meant, whether it is there or not; undefined: there is none. */
function wantedOf({ cluster }: PageQuery, { clusters }: DaemonStatus): string | undefined {
  return cluster ?? worstFirst(clusters)[0]?.cluster;
}

function withoutDetails({ certificate, cluster: _, ...record }: CertificateRecord): PageCertificate {
  const { sha256, subject, serialNumber, notAfter } = certificate;
  return { ...record, certificate: { sha256, subject, serialNumber, notAfter } };
}

const NO_CLUSTER = {
  cells: [],
  findings: [],
  certificates: [],
  runs: [],
  happenings: [],
  coverage: [],
  members: [],
  leftOut: { findings: 0, certificates: 0 },
} as const;

const NOTHING_SEEN: Seen = { coverage: [], members: [] };

function seenOf(report: Report | undefined): Seen {
  if (report === undefined) return NOTHING_SEEN;
  const { coverage, summary, inputs } = report;
  const members = membersOf(report);
  const captures = inputs.filter(({ kind }) => kind === 'capture' || kind === 'interface');
  if (summary === undefined || captures.length === 0) return { coverage, members };
  const { connections, clearBytes, tlsBytes } = summary;
  const sum = (of: 'captureDrops' | 'gaps' | 'gapBytes'): number =>
    captures.reduce((all, { quality }) => all + (quality?.[of] ?? 0), 0);
  const lost = { drops: sum('captureDrops'), gaps: sum('gaps'), gapBytes: sum('gapBytes') };
  const recording = recordingOf(report);
  return {
    coverage,
    members,
    traffic: { connections, clearBytes, tlsBytes, ...lost },
    ...(recording === undefined ? {} : { recording }),
  };
}

/** Who was asked is no recording, whatever was read besides. */
function recordingOf({ inputs }: Report): Recording | undefined {
  if (inputs.some(({ kind }) => kind === 'target' || kind === 'rest' || kind === 'interface')) return undefined;
  const captures = inputs.filter(({ kind }) => kind === 'capture');
  const from = captures.flatMap(({ firstPacketAt }) => firstPacketAt ?? []).sort()[0];
  const to = captures
    .flatMap(({ lastPacketAt }) => lastPacketAt ?? [])
    .sort()
    .at(-1);
  return from === undefined || to === undefined ? undefined : { from, to };
}

/** Also those of which only others tell: a configuration, a client's name. */
function membersOf({ processes = [], expectations, observations }: Report): readonly string[] {
  const names = [
    ...processes.map(({ member }) => member),
    ...expectations.map(({ member }) => member),
    ...observations.flatMap(({ server, client }) => [server.member, client?.member]),
  ];
  return [...new Set(names.filter((name) => typeof name === 'string'))].slice(0, PAGE_LIMITS.members);
}

/** A waiver of another cluster says nothing of this one. */
function isFor(cluster: string | undefined): (waiver: WaiverStatus) => boolean {
  return ({ scope }) => scope.cluster === undefined || scope.cluster === cluster;
}

/** What happens to the daemon itself stands at the foot of the page. */
function isOfClusters({ kind }: Happening): boolean {
  return kind !== 'daemon-started' && kind !== 'daemon-stopped' && kind !== 'reload';
}
