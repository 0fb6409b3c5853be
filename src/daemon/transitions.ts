import { type Finding, type Report, SEVERITIES } from '../model/report.ts';
import { isUnheardOf, type Sights, sightOf, sightsAfter, sightsOf } from './sights.ts';
import type { CommitSettings, Run, Transition, TransitionKind } from './types.ts';

/** A finding as it stands after the runs of its cluster so far. */
export interface Track {
  /** As it was last told, with its waiver as it stands; `firstSeen` and `change` as the last run left them. */
  readonly finding: Finding;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  /** Id of the run that told it last. */
  readonly lastRun: string;
  readonly openings: number;
  /** Absent while it is open. */
  readonly resolvedAt?: string;
  /** Runs in a row that looked and did not tell it, while it is open. */
  readonly misses: number;
  /** Runs in a row that told it, while it is resolved. */
  readonly hits: number;
  readonly sights: Sights;
}

export interface Followed {
  /** One of each finding that is open after the run, and one of each that it resolved. */
  readonly transitions: readonly Transition[];
  /** All that were told, and of the others those that changed. */
  readonly tracks: readonly Track[];
}

/**
 * How long an endpoint that no run names or sees any more keeps its findings open: an address that was given up says
 * nothing of what is mended, and would accuse for ever. Milliseconds.
 */
export const FORGOTTEN_AFTER_MS: number = 7 * 24 * 3600 * 1000;

/**
 * What a run changes of the findings of its cluster.
 *
 * A run opens what it tells, complete or not. It resolves only what it was able to see (`sights.ts`), and only where
 * `resolveAfter` runs in a row that were able to did not tell it; what was resolved is opened again once as many in a
 * row told it. Where a rule cannot decide what failed before, it still fails.
 *
 * `known`: every finding of the cluster that is open, and those that the run tells.
 */
export function follow(run: Run, known: readonly Track[], settings: CommitSettings): Followed {
  const { report } = run;
  const told = new Map<string, Finding>();
  for (const finding of report.findings) if (!told.has(finding.fingerprint)) told.set(finding.fingerprint, finding);
  const before = new Map(known.map((track) => [track.finding.fingerprint, track]));
  const after = Math.max(1, settings.resolveAfter);
  const steps: Step[] = [];
  for (const [fingerprint, finding] of told) steps.push(tell(run, finding, before.get(fingerprint), after));
  for (const [fingerprint, track] of before) if (!told.has(fingerprint)) steps.push(miss(report, track, settings));
  const changed = steps.filter(({ track, was }) => track !== was);
  return {
    tracks: changed.map(({ track }) => track),
    transitions: steps.flatMap(({ kind, track }) =>
      kind === undefined
        ? []
        : [
            {
              cluster: run.cluster,
              run: run.id,
              at: report.finishedAt,
              kind,
              finding: track.finding,
              firstSeenAt: track.firstSeenAt,
            },
          ],
    ),
  };
}

interface Step {
  readonly was?: Track;
  readonly track: Track;
  /** Absent: it is resolved, and stays so. */
  readonly kind?: TransitionKind;
}

function tell(run: Run, finding: Finding, was: Track | undefined, after: number): Step {
  const seen = {
    lastSeenAt: later(run.report.finishedAt, was?.lastSeenAt),
    lastRun: run.id,
    misses: 0,
    hits: 0,
    sights: sightsOf(run.report, finding),
  };
  const firstSeenAt = was?.firstSeenAt ?? run.report.finishedAt;
  const opened = (kind: 'opened' | 'reopened', openings: number): Step => ({
    ...(was === undefined ? {} : { was }),
    track: { ...seen, finding: marked(finding, kind, firstSeenAt), firstSeenAt, openings },
    kind,
  });
  if (was === undefined) return opened('opened', 1);
  if (was.resolvedAt !== undefined) {
    const hits = was.hits + 1;
    if (hits >= after) return opened('reopened', was.openings + 1);
    return { was, track: { ...was, hits, lastSeenAt: seen.lastSeenAt, lastRun: run.id } };
  }
  if (was.finding.verdict === 'fail' && finding.verdict !== 'fail') {
    // It could not decide this time. Who waives it waives what is known of it.
    const kind = waiving(was.finding, finding) ?? 'still';
    return {
      was,
      track: { ...was, finding: marked({ ...was.finding, waived: finding.waived }, kind, firstSeenAt) },
      kind,
    };
  }
  const kind = waiving(was.finding, finding) ?? compared(was.finding, finding);
  return {
    was,
    track: { ...seen, finding: marked(finding, kind, firstSeenAt), firstSeenAt, openings: was.openings },
    kind,
  };
}

function miss(report: Report, was: Track, { resolveAfter, expectedTaskManagers }: CommitSettings): Step {
  const after = Math.max(1, resolveAfter);
  const sight = sightOf(report, was.finding, was.sights, expectedTaskManagers);
  if (was.resolvedAt !== undefined) {
    return sight === 'not-seen' || was.hits === 0 ? { was, track: was } : { was, track: { ...was, hits: 0 } };
  }
  const misses = sight === 'not-seen' ? was.misses : was.misses + 1;
  const isForgotten =
    report.complete &&
    Date.parse(report.finishedAt) - Date.parse(was.lastSeenAt) > FORGOTTEN_AFTER_MS &&
    isUnheardOf(report, was.finding);
  if ((sight !== 'not-seen' && misses >= after) || isForgotten) {
    const finding = marked(was.finding, 'resolved', was.firstSeenAt);
    return { was, track: { ...was, finding, misses, resolvedAt: report.finishedAt }, kind: 'resolved' };
  }
  const { waived } = was.finding;
  const kind = waived !== null && dayOf(report.finishedAt) > dayOf(waived.until) ? 'unwaived' : 'still';
  const finding = marked(kind === 'unwaived' ? { ...was.finding, waived: null } : was.finding, kind, was.firstSeenAt);
  const sights = sightsAfter(report, was.finding, was.sights);
  const isSame =
    misses === was.misses && sights === was.sights && finding.change === was.finding.change && kind === 'still';
  return { was, track: isSame ? was : { ...was, finding, misses, sights }, kind };
}

function marked(finding: Finding, kind: TransitionKind, firstSeen: string): Finding {
  return { ...finding, firstSeen, change: CHANGE[kind] };
}

const CHANGE: Readonly<Record<TransitionKind, NonNullable<Finding['change']>>> = {
  opened: 'new',
  reopened: 'new',
  worsened: 'weaker',
  eased: 'unchanged',
  resolved: 'fixed',
  waived: 'unchanged',
  unwaived: 'unchanged',
  still: 'unchanged',
};

function waiving(before: Finding, now: Finding): 'waived' | 'unwaived' | undefined {
  if (before.waived === null) return now.waived === null ? undefined : 'waived';
  return now.waived === null ? 'unwaived' : undefined;
}

function compared(before: Finding, now: Finding): 'worsened' | 'eased' | 'still' {
  const difference = weight(now) - weight(before);
  if (difference === 0) return 'still';
  return difference > 0 ? 'worsened' : 'eased';
}

/** What is sure outweighs what is not, whatever its severity. */
function weight({ verdict, severity }: Finding): number {
  const grade = SEVERITIES.length - SEVERITIES.indexOf(severity);
  return verdict === 'fail' ? SEVERITIES.length + grade : grade;
}

/** A clock that was set back does not make a finding younger. */
function later(at: string, than: string | undefined): string {
  return than !== undefined && than > at ? than : at;
}

/** `2026-12-31`, the form of a waiver's last day, in UTC. */
function dayOf(time: string): string {
  return time.slice(0, '2026-12-31'.length);
}
