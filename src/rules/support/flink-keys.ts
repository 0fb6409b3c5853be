import { distance } from './distance.ts';

/** TLS keys that Flink knows (`SecurityOptions`), and the release since which: `SecurityOptions` of the distributions. */
interface KnownKey {
  readonly key: string;
  /** First release that reads it; absent: all since 1.13. */
  readonly since?: string;
}

const STORES = ['keystore', 'keystore-password', 'key-password', 'truststore', 'truststore-password'] as const;
const SESSION = ['session-cache-size', 'session-timeout', 'handshake-timeout', 'close-notify-flush-timeout'] as const;

export const TLS_KEYS: readonly KnownKey[] = [
  { key: 'security.ssl.enabled' },
  { key: 'security.ssl.internal.enabled' },
  { key: 'security.ssl.rest.enabled' },
  { key: 'security.ssl.rest.authentication-enabled' },
  ...['security.ssl.', 'security.ssl.internal.', 'security.ssl.rest.'].flatMap((prefix) =>
    STORES.map((name) => ({ key: `${prefix}${name}` })),
  ),
  // FLINK-35371
  ...['internal', 'rest'].flatMap((family) =>
    ['keystore-type', 'truststore-type'].map((name) => ({ key: `security.ssl.${family}.${name}`, since: '1.20' })),
  ),
  { key: 'security.ssl.internal.cert.fingerprint' },
  { key: 'security.ssl.rest.cert.fingerprint' },
  { key: 'security.ssl.protocol' },
  { key: 'security.ssl.algorithms' },
  { key: 'security.ssl.verify-hostname' },
  { key: 'security.ssl.rest.verify-hostname', since: '2.3' },
  { key: 'security.ssl.provider' },
  ...['security.ssl.', 'security.ssl.internal.'].flatMap((prefix) => SESSION.map((name) => ({ key: prefix + name }))),
];

/** Switches of single channels. */
export const OPT_OUT_KEYS: readonly KnownKey[] = [
  { key: 'akka.ssl.enabled' },
  { key: 'pekko.ssl.enabled', since: '1.18' },
  { key: 'taskmanager.data.ssl.enabled' },
  { key: 'blob.service.ssl.enabled' },
  { key: 'historyserver.web.ssl.enabled' },
];

/** Keys that guides repeat and no release has, with what they were meant to be. */
export const INVENTED_KEYS: Readonly<Record<string, string>> = {
  'security.ssl.internal.protocol': 'security.ssl.protocol',
  'security.ssl.rest.protocol': 'security.ssl.protocol',
  'security.ssl.internal.algorithms': 'security.ssl.algorithms',
  'security.ssl.rest.algorithms': 'security.ssl.algorithms',
  'security.ssl.rest.client-auth': 'security.ssl.rest.authentication-enabled',
  'security.ssl.internal.cert-fingerprint': 'security.ssl.internal.cert.fingerprint',
  'security.ssl.internal.authentication-enabled': 'security.ssl.internal.enabled',
  'security.ssl.keystore-type': 'security.ssl.internal.keystore-type',
  'security.ssl.truststore-type': 'security.ssl.internal.truststore-type',
};

/** Mistakes of one or two letters are misspellings; more is another key. */
const MISSPELT_MOST = 2;

/** The key of Flink that comes nearest, and how many letters away it is. */
export function nearestKey(key: string): { readonly key: string; readonly distance: number } {
  const all = [...TLS_KEYS, ...OPT_OUT_KEYS].map((one) => ({ key: one.key, distance: distance(key, one.key) }));
  return all.reduce((best, one) => (one.distance < best.distance ? one : best));
}

/** Whether a key that Flink does not know was meant to be one of its TLS keys. */
export function isMeantForTls(key: string): boolean {
  return /^security\.ssl\b/.test(key) || nearestKey(key).distance <= MISSPELT_MOST;
}
