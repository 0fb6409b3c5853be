/** Closed lists of the contract that the model has as types only; `schema.ts` is checked against both. */

export const COMPONENTS = [
  'jobmanager',
  'taskmanager',
  'history-server',
  'sql-gateway',
  'client',
  'object-store',
  'zookeeper',
] as const;

export const CLIENT_CREDENTIALS = [
  'none',
  'stranger',
  'expired-stranger',
  'other-authority',
  'right-authority-not-pinned',
  'identity',
] as const;

export const NO_ANSWER_REASONS = [
  'refused',
  'unreachable',
  'unresolved',
  'timeout',
  'silent',
  'closed-at-once',
  'closed-late',
  'closed-after-bytes',
  'reset',
  'connection-limit',
] as const;

export const UNDECIDED_REASONS = [
  'gap',
  'truncated',
  'malformed',
  'desynchronised',
  'one-sided',
  'unknown-protocol',
  'contradictory',
] as const;

export const STATE_TRANSFER_KINDS = [
  'keyed-state-inline',
  'operator-state-inline',
  'state-inline',
  'state-handle',
  'restore-state',
  'checkpoint-metadata',
  'keyed-state-file',
  'operator-state-file',
  'rocksdb-sst',
  'rocksdb-manifest',
  'rocksdb-options',
  'changelog-file',
  'unidentified-state-file',
  'queryable-state',
  'records',
  'query-results',
  'user-code',
  'file',
  'job-submission',
] as const;

export const CREDENTIAL_KINDS = [
  'basic-authorization',
  'bearer-authorization',
  'other-authorization',
  'cookie',
  'session-password',
  'secret-in-configuration',
] as const;

export const PROBLEM_REASONS = [
  'truncated-record',
  'malformed-block',
  'malformed-header',
  'unsupported-link-type',
  'unsupported-compression',
  'damaged-compression',
  'unknown-interface',
  'interface-changed',
  'read-error',
  'ascii-mode-transfer',
  'limit-reached',
  'readers-disagree',
  'interrupted',
] as const;
