import type { StateTransferKind } from '../../model/report.ts';

/** What crossed, in words for people; the kinds themselves stand in evidence. */
const WORDS: Readonly<Record<StateTransferKind, string>> = {
  'keyed-state-inline': 'keyed state',
  'operator-state-inline': 'operator state',
  'state-inline': 'state',
  'state-handle': 'handles of state',
  'restore-state': 'state to restore from',
  'checkpoint-metadata': 'checkpoint metadata',
  'keyed-state-file': 'keyed state',
  'operator-state-file': 'operator state',
  'rocksdb-sst': 'RocksDB tables',
  'rocksdb-manifest': 'RocksDB manifests',
  'rocksdb-options': 'RocksDB options',
  'changelog-file': 'changelogs of state',
  'unidentified-state-file': 'files of state',
  'queryable-state': 'queryable state',
  records: "the job's records",
  'query-results': 'query results',
  'user-code': 'user code',
  file: 'files',
  'job-submission': 'job submissions',
};

/** `keyed state, operator state and records`: each once. */
export function contentsText(kinds: readonly StateTransferKind[]): string {
  const words = [...new Set(kinds.map((kind) => WORDS[kind]))];
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
