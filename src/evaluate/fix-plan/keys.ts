import type { Channel } from '../../model/channel.ts';
import type { StoreFamily } from '../../model/rule.ts';
import type { Effect } from './draft.ts';

export const INTERNAL_SWITCH = 'security.ssl.internal.enabled';
export const REST_SWITCH = 'security.ssl.rest.enabled';
export const FORMER_SWITCH = 'security.ssl.enabled';
export const HISTORY_SWITCH = 'historyserver.web.ssl.enabled';
export const PROTOCOL = 'security.ssl.protocol';
export const ALGORITHMS = 'security.ssl.algorithms';

/** Off, they leave one internal channel in clear; they are on by default. */
export const INTERNAL_OPT_OUTS = [
  'pekko.ssl.enabled',
  'akka.ssl.enabled',
  'taskmanager.data.ssl.enabled',
  'blob.service.ssl.enabled',
] as const;

/** What both ends of an internal channel have to agree on, besides the stores. */
export const AGREED_KEYS: readonly string[] = [
  INTERNAL_SWITCH,
  PROTOCOL,
  ALGORITHMS,
  ...INTERNAL_OPT_OUTS,
  'security.ssl.internal.cert.fingerprint',
];

const INTERNAL_CHANNELS: readonly Channel[] = [
  'jobmanager-rpc',
  'taskmanager-rpc',
  'metrics-query-service',
  'taskmanager-data',
  'blob-server',
];
const REST_CHANNELS: readonly Channel[] = ['rest', 'history-server', 'sql-gateway'];

export function familyOfChannel(channel: Channel): StoreFamily | undefined {
  if (INTERNAL_CHANNELS.includes(channel)) return 'internal';
  return REST_CHANNELS.includes(channel) ? 'rest' : undefined;
}

/** `security.ssl.rest.…`, `security.ssl.internal.…`; the common keys belong to both. */
export function familyOfKey(key: string): StoreFamily | undefined {
  const name = /^security\.ssl\.(internal|rest)\./.exec(key)?.[1];
  return name === 'internal' || name === 'rest' ? name : undefined;
}

/** Which processes notice that this key is another. */
export function effectOf(key: string): Effect {
  if (/^security\.ssl\.rest\.|^historyserver\./.test(key)) return 'rest';
  if (/^security\.ssl\./.test(key) || (INTERNAL_OPT_OUTS as readonly string[]).includes(key)) return 'internal';
  return 'process';
}

/** `GlobalConfiguration.SENSITIVE_KEYS`, what cloud file systems call theirs, and passwords with a letter amiss. */
const SENSITIVE =
  /p[a-z]{0,3}s[a-z]{0,2}w[a-z]{0,2}r?d|passphrase|secret|fs\.azure\.account\.key|api-?key|access-?key|auth-params|service-key|token|basic-auth|jaas|http-headers|credential|private-?key/i;

/** Whether the value of a key is never shown. */
export function isSensitiveKey(key: string): boolean {
  return SENSITIVE.test(key);
}

/** Whether a line of a file may hold a secret, comments included: it is then not shown even as context. */
export function mayHoldSecret(line: string): boolean {
  return SENSITIVE.test(line) || /:\/\/[^/\s@]+:[^/\s@]+@/.test(line);
}

export function isOn(value: string | undefined): boolean {
  return value?.trim().toLowerCase() === 'true';
}

/** A comma list, as Flink takes it. */
export function listOf(value: string | undefined): readonly string[] {
  return (value ?? '')
    .replace(/^\[|\]$/g, '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** `security.ssl.FAMILY.NAME`, and the common key that stands in for it. */
export function storeKeys(family: StoreFamily, name: string): readonly [string, string] {
  return [`security.ssl.${family}.${name}`, `security.ssl.${name}`];
}

/** Folder of the file that a path names, as Flink's machine writes it. */
export function folderOf(path: string): string {
  const at = path.lastIndexOf('/');
  return at <= 0 ? (at === 0 ? '/' : '.') : path.slice(0, at);
}
