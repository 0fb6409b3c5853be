import { createHash } from 'node:crypto';
import type { CertificateRecord } from '../types.ts';
import { type Leaf, type LeafChange, leafChanges } from './certificate-changes.ts';
import type { CertificateSighting, CertificateSightings } from './certificate-sightings.ts';
import { ofCluster, timeText } from './clusters.ts';
import type { Database } from './database.ts';

const HASH_BYTES = 16;

/** Places where another leaf is served than before. `at`: milliseconds since the epoch. */
export function writeCertificates(
  database: Database,
  cluster: number,
  { seen, looked, hasLeft }: CertificateSightings,
  at: number,
): readonly LeafChange[] {
  const there = database.all<There>(
    'SELECT id, hash, place, last_seen FROM certificates WHERE cluster = ? AND gone_at IS NULL',
    [cluster],
  );
  const known = new Map(there.map(({ id, hash }) => [hex(hash), id]));
  const shown = seen.map((sighting) => ({ sighting, hash: hashOf(sighting) }));
  const still = new Set(shown.map(({ hash }) => known.get(hex(hash))));
  const unseen = there.filter(({ id }) => !still.has(id));
  const left = unseen.filter(({ place }) => looked.has(place));
  const forsaken = unseen.filter(
    (one) => !looked.has(one.place) && hasLeft(recordAt(database, one.id), at - one.last_seen),
  );
  const come = shown.filter(({ hash }) => !known.has(hex(hash))).map(({ sighting }) => sighting.place);
  const before = leavesAt(database, cluster, new Set([...left.map(({ place }) => place), ...come]));
  for (const { sighting, hash } of shown) {
    const id = known.get(hex(hash)) ?? goneBefore(database, cluster, hash);
    if (id === undefined) insert(database, cluster, sighting, hash, at);
    else database.run('UPDATE certificates SET last_seen = max(last_seen, ?), gone_at = NULL WHERE id = ?', [at, id]);
  }
  for (const { id } of [...left, ...forsaken])
    database.run('UPDATE certificates SET gone_at = ? WHERE id = ?', [at, id]);
  return leafChanges(before, leavesAt(database, cluster, new Set(before.keys())));
}

interface There {
  readonly id: number;
  readonly hash: Uint8Array;
  readonly place: string;
  readonly last_seen: number;
}

function recordAt(database: Database, id: number): Omit<CertificateSighting, 'place'> {
  const row = database.get<{ body: string }>('SELECT body FROM certificate_texts WHERE certificate = ?', [id]);
  return JSON.parse(row?.body ?? '{}') as Omit<CertificateSighting, 'place'>;
}

function goneBefore(database: Database, cluster: number, hash: Uint8Array): number | undefined {
  const row = database.get<{ id: number }>('SELECT id FROM certificates WHERE cluster = ? AND hash = ?', [
    cluster,
    hash,
  ]);
  return row?.id;
}

/** Leaves that are or were served at these places. */
function leavesAt(database: Database, cluster: number, places: ReadonlySet<string>): ReadonlyMap<string, Leaf[]> {
  const leaves = new Map<string, Leaf[]>();
  for (const place of places) {
    const rows = database.all<{ gone_at: number | null; body: string }>(
      `SELECT gone_at, body FROM certificates
       JOIN certificate_texts ON certificate_texts.certificate = certificates.id WHERE cluster = ? AND place = ?`,
      [cluster, place],
    );
    const own = rows.flatMap(({ gone_at, body }): Leaf[] => {
      const record = JSON.parse(body) as Omit<CertificateSighting, 'place'>;
      return record.role === 'leaf' && record.source === 'served' ? [{ ...record, goneAt: gone_at }] : [];
    });
    leaves.set(place, own);
  }
  return leaves;
}

function insert(
  database: Database,
  cluster: number,
  { place, ...record }: CertificateSighting,
  hash: Uint8Array,
  at: number,
): void {
  const { id } = database.run(
    'INSERT INTO certificates (cluster, hash, place, first_seen, last_seen) VALUES (?, ?, ?, ?, ?)',
    [cluster, hash, place, at, at],
  );
  database.run('INSERT INTO certificate_texts (certificate, body) VALUES (?, ?)', [id, JSON.stringify(record)]);
}

/** What is still there before what is gone; the one that ends first, first. */
export function listCertificates(database: Database, cluster: string | undefined): readonly CertificateRecord[] {
  const scope = ofCluster(database, 'certificates', cluster);
  if (scope === undefined) return [];
  const rows = database.all<{
    name: string;
    first_seen: number;
    last_seen: number;
    gone_at: number | null;
    body: string;
  }>(
    `SELECT clusters.name, first_seen, last_seen, gone_at, body FROM certificates
     JOIN clusters ON clusters.id = certificates.cluster
     JOIN certificate_texts ON certificate_texts.certificate = certificates.id WHERE 1 ${scope.where}`,
    scope.values,
  );
  const records = rows.map(
    (row): CertificateRecord => ({
      cluster: row.name,
      ...(JSON.parse(row.body) as Omit<CertificateSighting, 'place'>),
      firstSeenAt: timeText(row.first_seen),
      lastSeenAt: timeText(row.last_seen),
      ...(row.gone_at === null ? {} : { goneAt: timeText(row.gone_at) }),
    }),
  );
  return records.sort(
    (a, b) =>
      Number(a.goneAt !== undefined) - Number(b.goneAt !== undefined) ||
      Date.parse(a.certificate.notAfter) - Date.parse(b.certificate.notAfter),
  );
}

function hashOf({ place, role, source, path, certificate }: CertificateSighting): Uint8Array {
  const identity = JSON.stringify([place, role, source, path ?? null, certificate.sha256]);
  return createHash('sha256').update(identity).digest().subarray(0, HASH_BYTES);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
