import type { Database } from './database.ts';
import { StoreFailure } from './failure.ts';

/** `PRAGMA application_id`: `FLKP`. */
const APPLICATION = 0x464c4b50;

/**
 * Each step makes, of a file of the version that its place has, one of the next; `PRAGMA user_version` holds the
 * version. A step is never changed once it was released.
 *
 * Times are milliseconds since the epoch. `runs.seq` is the order in which runs were kept, whatever the clock said.
 */
const STEPS: readonly string[] = [
  `
  CREATE TABLE clusters (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

  -- What reports are made of, each piece once. content: deflated JSON. hash: the first 16 bytes of its SHA-256.
  CREATE TABLE parts (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, content BLOB NOT NULL) STRICT;
  -- All of a report but what varies from run to run. content: JSON, with the parts by id.
  CREATE TABLE shapes (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, content BLOB NOT NULL) STRICT;
  CREATE TABLE shape_parts (shape INTEGER NOT NULL, part INTEGER NOT NULL, PRIMARY KEY (shape, part)) STRICT, WITHOUT ROWID;
  CREATE INDEX shape_parts_by_part ON shape_parts (part);

  CREATE TABLE runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    cluster INTEGER NOT NULL,
    cause TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    complete INTEGER NOT NULL,
    failed TEXT NOT NULL,
    inconclusive INTEGER NOT NULL,
    waived INTEGER NOT NULL,
    left_out INTEGER NOT NULL,
    good INTEGER NOT NULL,
    passing INTEGER NOT NULL,
    shape INTEGER NOT NULL,
    varying BLOB NOT NULL
  ) STRICT;
  CREATE INDEX runs_by_cluster ON runs (cluster);
  CREATE INDEX runs_good ON runs (cluster) WHERE good = 1;
  CREATE INDEX runs_by_passing ON runs (passing);
  CREATE INDEX runs_by_shape ON runs (shape);

  CREATE TABLE findings (
    id INTEGER PRIMARY KEY,
    cluster INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    severity TEXT NOT NULL,
    channel TEXT NOT NULL,
    state TEXT NOT NULL,
    change TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    first_run INTEGER NOT NULL,
    last_run INTEGER NOT NULL,
    last_run_id TEXT NOT NULL,
    resolved_at INTEGER,
    openings INTEGER NOT NULL,
    misses INTEGER NOT NULL,
    hits INTEGER NOT NULL,
    UNIQUE (cluster, fingerprint)
  ) STRICT;
  CREATE INDEX findings_by_state ON findings (cluster, state);
  CREATE INDEX findings_resolved ON findings (resolved_at) WHERE resolved_at IS NOT NULL;
  -- Apart, because the row above is written by every run and this one is not.
  CREATE TABLE finding_texts (finding INTEGER PRIMARY KEY, body TEXT NOT NULL, sights TEXT NOT NULL) STRICT;

  CREATE TABLE transitions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    cluster INTEGER NOT NULL,
    run TEXT NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX transitions_by_time ON transitions (at);

  CREATE TABLE happenings (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    cluster INTEGER,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    member TEXT,
    text TEXT NOT NULL
  ) STRICT;
  CREATE INDEX happenings_by_time ON happenings (at);

  CREATE TABLE certificates (
    id INTEGER PRIMARY KEY,
    cluster INTEGER NOT NULL,
    hash BLOB NOT NULL,
    place TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    gone_at INTEGER,
    UNIQUE (cluster, hash)
  ) STRICT;
  CREATE INDEX certificates_there ON certificates (cluster) WHERE gone_at IS NULL;
  CREATE INDEX certificates_gone ON certificates (gone_at) WHERE gone_at IS NOT NULL;
  CREATE TABLE certificate_texts (certificate INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;

  CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sink TEXT NOT NULL,
    created_at TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_at TEXT NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX outbox_by_time ON outbox (next_at);
  CREATE TABLE memory (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  -- The time line of a cluster where little happens is no walk through those of all others.
  CREATE INDEX transitions_of_cluster ON transitions (cluster, at);
  CREATE INDEX happenings_of_cluster ON happenings (cluster, at);
  -- Whether a run is the first or the last one that told a finding, without a walk through all findings.
  CREATE INDEX findings_by_first_run ON findings (first_run);
  CREATE INDEX findings_by_last_run ON findings (last_run);
  `,
  `
  -- What was served at a place before is no walk through all certificates of the cluster.
  CREATE INDEX certificates_by_place ON certificates (cluster, place);
  -- A run is compared with one that asked, never with what the wire alone showed.
  UPDATE runs SET good = 0 WHERE cause = 'live';
  `,
];

/** Version of the files that this release writes. */
export const VERSION: number = STEPS.length;

/**
 * Brings an open file to {@link VERSION}, each step whole or not at all.
 *
 * @throws StoreFailure `newer`, `foreign`
 */
export function migrate(database: Database, path: string): void {
  const version = database.number('PRAGMA user_version');
  const application = database.number('PRAGMA application_id');
  const isEmpty = database.number('SELECT count(*) FROM sqlite_schema') === 0;
  if (application !== APPLICATION && !(isEmpty && version === 0 && application === 0)) {
    throw new StoreFailure('foreign', `${path}: a SQLite file of another program; give the daemon another state file`);
  }
  if (version > VERSION) {
    throw new StoreFailure(
      'newer',
      `${path}: written by a later flinkprobe (store version ${version}, this one reads up to ${VERSION}); run that one, or give this one another state file`,
    );
  }
  // Only before the first table, and not in a transaction. In a file that has it, it would write all the same.
  if (isEmpty) database.exec('PRAGMA auto_vacuum = INCREMENTAL');
  for (const [index, step] of STEPS.entries()) {
    if (index < version) continue;
    database.atomically(() => {
      database.exec(`${step}; PRAGMA application_id = ${APPLICATION}; PRAGMA user_version = ${index + 1};`);
    });
  }
}
