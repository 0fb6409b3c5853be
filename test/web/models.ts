import type { ClusterStatus, FindingRecord } from '../../src/daemon/types.ts';
import type { Finding } from '../../src/model/report.ts';
import { htmlText, TAGS } from '../../src/web/html-text.ts';
import type { PageModel } from '../../src/web/model.ts';
import { pageView, type View } from '../../src/web/view-page.ts';

export const AT = '2026-11-22T12:00:00.000Z';

export const NO_FINDINGS = { critical: 0, high: 0, medium: 0, low: 0, info: 0 } as const;

/** A cluster whose last run found nothing. */
export function calmCluster(name = 'a', more: Partial<ClusterStatus> = {}): ClusterStatus {
  const run = { id: 'r1', cluster: name, trigger: 'schedule', startedAt: AT, finishedAt: AT, verdict: 'pass' } as const;
  return {
    cluster: name,
    state: 'idle',
    lateMs: 0,
    missedRuns: 0,
    open: NO_FINDINGS,
    lastRun: { ...run, complete: true, failed: NO_FINDINGS, inconclusive: 0, waived: 0 },
    ...more,
  };
}

/** A page on which all is well. */
export function calmModel(
  more: Partial<PageModel> = {},
  clusters: readonly ClusterStatus[] = [calmCluster(), calmCluster('b')],
): PageModel {
  const [cluster] = clusters;
  return {
    seq: 10,
    operator: true,
    status: {
      version: '1.0.0',
      startedAt: AT,
      now: AT,
      lastReload: { at: AT, ok: true },
      store: { path: 'x.db', state: 'open', bytes: 0 },
      clusters,
      outbox: 0,
      eventLoopLagMs: { p50: 0, p99: 0 },
    },
    ...(cluster === undefined ? {} : { cluster }),
    cells: [{ cluster: 'a', channel: 'rest', member: 'jm', verdict: 'pass', served: 'tls', findings: [] }],
    findings: [],
    certificates: [],
    runs: [],
    happenings: [],
    waivers: [],
    coverage: [],
    members: [],
    clear: [],
    connections: [],
    leftOut: { findings: 0, certificates: 0 },
    ...more,
  };
}

export function record(more: Partial<Finding> = {}, firstSeenAt: string = AT): FindingRecord {
  const finding: Finding = {
    ruleId: 'plaintext-channel',
    severity: 'critical',
    verdict: 'fail',
    channel: 'taskmanager-data',
    endpoint: { host: '10.0.0.2', port: 6121, member: 'tm-1' },
    title: 'Channel in clear where TLS is expected',
    message: 'It is in clear.',
    expected: 'TLS',
    observed: 'clear',
    evidence: [],
    witnesses: { wire: 'fail', handshake: 'not-heard', promise: 'fail', record: 'not-heard' },
    remediation: { text: 'Turn it on.', settings: {}, command: null },
    references: [],
    fingerprint: 'f1',
    waived: null,
    ...more,
  };
  return { cluster: 'a', finding, firstSeenAt, lastSeenAt: AT, lastRun: 'r1', openings: 1 };
}

/** The page as the server writes it. */
export function pageText(model: PageModel, more: Partial<View> = {}): string {
  return htmlText(pageView({ ...TAGS, model, query: { status: 'open' }, now: AT, live: 'live', ...more }));
}

/** What people read of it. */
export function plainText(html: string): string {
  return html
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#39;/g, "'")
    .replace(/\s+/g, ' ');
}
