import type { Certificate } from '../../model/report.ts';
import type { Happening, Run } from '../types.ts';
import type { CertificateSighting } from './certificate-sightings.ts';

/** A leaf that is or was served at a place. */
export type Leaf = Omit<CertificateSighting, 'place'> & {
  /** Milliseconds since the epoch; null: it is served. */
  readonly goneAt: number | null;
};

/** One place that serves another leaf than before. */
export interface LeafChange extends Pick<Leaf, 'channel' | 'member' | 'endpoint'> {
  readonly before: Certificate;
  readonly after: Certificate;
}

/**
 * What changed between two looks at the same places. A leaf that is served beside the one before is no change, nor is one
 * that comes back after nobody could look, or after clear text. A place that was never seen with a leaf has none before.
 */
export function leafChanges(
  before: ReadonlyMap<string, readonly Leaf[]>,
  after: ReadonlyMap<string, readonly Leaf[]>,
): readonly LeafChange[] {
  return [...before].flatMap(([place, leaves]): LeafChange[] => {
    const served = (after.get(place) ?? []).filter(({ goneAt }) => goneAt === null);
    const was = lastServed(leaves).find((one) => !served.some((now) => isSame(one, now)));
    const is = served.find((one) => !leaves.some((old) => old.goneAt === null && isSame(old, one))) ?? served[0];
    // Still served by the place's own account: nobody saw it go.
    if (was === undefined || is === undefined) return [];
    const { channel, member, endpoint } = is;
    return [
      {
        channel,
        ...(member === undefined ? {} : { member }),
        ...(endpoint === undefined ? {} : { endpoint }),
        before: was.certificate,
        after: is.certificate,
      },
    ];
  });
}

/** Those that are served; where there are none, those that went last. */
function lastServed(leaves: readonly Leaf[]): readonly Leaf[] {
  const served = leaves.filter(({ goneAt }) => goneAt === null);
  if (served.length > 0) return served;
  const latest = Math.max(...leaves.map(({ goneAt }) => goneAt ?? 0));
  return leaves.filter(({ goneAt }) => goneAt === latest);
}

function isSame(a: Leaf, b: Leaf): boolean {
  return a.certificate.sha256 === b.certificate.sha256;
}

/** One of each member and pair of certificates, with all channels where they were exchanged. */
export function certificateHappenings(
  { cluster, report }: Pick<Run, 'cluster' | 'report'>,
  changes: readonly LeafChange[],
): readonly Happening[] {
  const groups = new Map<string, LeafChange[]>();
  for (const change of changes) {
    const key = [placeOf(change), change.before.sha256, change.after.sha256].join('\n');
    const own = groups.get(key) ?? [];
    groups.set(key, own);
    own.push(change);
  }
  return [...groups.values()].map((group): Happening => {
    const one = group[0]!;
    const channels = [...new Set(group.map(({ channel }) => channel))].sort().join(', ');
    return {
      cluster,
      kind: 'certificate-changed',
      at: report.finishedAt,
      ...(one.member === undefined ? {} : { member: one.member }),
      text: `${placeOf(one)} serves another certificate on ${channels}: ${told(one.after)}; before: ${told(one.before)}`,
    };
  });
}

function placeOf({ member, endpoint }: LeafChange): string {
  return member ?? endpoint?.host ?? 'a server';
}

/** Hexadecimal digits that tell one certificate from another for a person. */
const SHOWN_DIGITS = 16;

function told({ subject, sha256, notAfter }: Certificate): string {
  return `${subject} (SHA-256 ${sha256.slice(0, SHOWN_DIGITS)}…, until ${notAfter.slice(0, 10)})`;
}
