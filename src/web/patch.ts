import type { LiveData, LiveEvent } from '../daemon/live-events.ts';
import type { ClusterStatus, FindingRecord } from '../daemon/types.ts';
import { PAGE_LIMITS, type PageModel } from './model.ts';

/** What a live event asks of the page besides being drawn. */
export interface Patched {
  readonly model: PageModel;
  /** `all`: what the event tells is not enough, the model has to be fetched anew. */
  readonly stale: 'nothing' | 'all';
  /** One sentence for those who listen to the page. */
  readonly news?: string;
}

/** The model after an event. Events of other clusters change only what is told of all of them. */
export function patched(model: PageModel, { seq, at, event, data }: LiveEvent): Patched {
  const next = { ...model, seq };
  const shown = model.cluster?.cluster;
  switch (event) {
    case 'hello':
      // The events that follow begin behind another number: what lies between is lost.
      return { model: next, stale: seq === model.seq ? 'nothing' : 'all' };
    case 'status':
      return nothing(withStatus(next, data as LiveData['status']));
    case 'run-started': {
      const { cluster } = data as LiveData['run-started'];
      return nothing(withCluster(next, cluster, { state: 'running' }));
    }
    case 'run-finished': {
      const run = data as LiveData['run-finished'];
      const known = withCluster(next, run.cluster, { state: 'idle', lastRun: run });
      if (run.cluster !== shown) return nothing(known);
      return { model: { ...known, runs: [run, ...known.runs.filter(({ id }) => id !== run.id)] }, stale: 'all' };
    }
    case 'finding':
      return found(next, data as LiveData['finding']);
    case 'channel': {
      const cell = data as LiveData['channel'];
      if (cell.cluster !== shown) return nothing(next);
      const isSame = (other: typeof cell): boolean =>
        other.channel === cell.channel && other.member === cell.member && other.endpoint?.port === cell.endpoint?.port;
      return nothing({ ...next, cells: [...next.cells.filter((one) => !isSame(one)), cell] });
    }
    case 'happening': {
      const one = data as LiveData['happening'];
      if (one.cluster !== null && one.cluster !== shown) return nothing(next);
      return nothing({ ...next, happenings: [one, ...next.happenings].slice(0, PAGE_LIMITS.happenings) });
    }
    case 'wire': {
      const wire = data as LiveData['wire'];
      return nothing(withCluster(next, wire.cluster, { wire }));
    }
    case 'clear-transfer': {
      const one = data as LiveData['clear-transfer'];
      if (one.cluster !== shown) return nothing(next);
      return nothing({ ...next, clear: [{ ...one, at }, ...next.clear].slice(0, PAGE_LIMITS.clear) });
    }
    case 'connection': {
      const one = data as LiveData['connection'];
      if (one.cluster !== shown) return nothing(next);
      return nothing({ ...next, connections: [one, ...next.connections].slice(0, PAGE_LIMITS.connections) });
    }
    default:
      // Of a later version.
      return nothing(next);
  }
}

function nothing(model: PageModel): Patched {
  return { model, stale: 'nothing' };
}

function withStatus(model: PageModel, status: LiveData['status']): PageModel {
  const cluster = status.clusters.find((one) => one.cluster === model.cluster?.cluster);
  return { ...model, status, ...(cluster === undefined ? {} : { cluster }) };
}

function withCluster(model: PageModel, name: string, change: Partial<ClusterStatus>): PageModel {
  const clusters = model.status.clusters.map((one) => (one.cluster === name ? { ...one, ...change } : one));
  return withStatus(model, { ...model.status, clusters });
}

function found(model: PageModel, told: LiveData['finding']): Patched {
  if (told.cluster !== model.cluster?.cluster) return nothing(model);
  const { finding, kind, at, firstSeenAt, run } = told;
  const before = model.findings.find((one) => one.finding.fingerprint === finding.fingerprint);
  const isOpening = kind === 'opened' || kind === 'reopened';
  const record: FindingRecord = {
    cluster: told.cluster,
    finding,
    firstSeenAt,
    lastSeenAt: kind === 'resolved' ? (before?.lastSeenAt ?? at) : at,
    lastRun: run ?? before?.lastRun ?? '',
    ...(kind === 'resolved' ? { resolvedAt: at } : {}),
    openings: (before?.openings ?? 0) + (isOpening ? 1 : 0) || 1,
  };
  const others = model.findings.filter((one) => one !== before);
  const news = isOpening || kind === 'worsened' || kind === 'resolved' ? `${kind}: ${finding.title}` : undefined;
  return {
    model: { ...model, findings: [record, ...others] },
    stale: 'nothing',
    ...(news === undefined ? {} : { news }),
  };
}
