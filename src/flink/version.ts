/** A Flink version taken apart; `patch` is absent in `1.20`. */
export interface FlinkVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch?: number;
}

/** `1.20.3`, `1.20`, `2.1-SNAPSHOT`, `1.17.2-scala_2.12`; undefined for anything else. */
export function parseFlinkVersion(text: string): FlinkVersion | undefined {
  const parts = /^v?(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?(?:[-.+].*)?$/.exec(text.trim());
  if (parts === null) {
    return undefined;
  }
  const [, major, minor, patch] = parts;
  return { major: Number(major), minor: Number(minor), ...(patch === undefined ? {} : { patch: Number(patch) }) };
}

/** Negative where `a` is older. A missing patch number counts as 0. */
export function compareFlinkVersions(a: FlinkVersion, b: FlinkVersion): number {
  return a.major - b.major || a.minor - b.minor || (a.patch ?? 0) - (b.patch ?? 0);
}

/** True where `version` is `least` or newer; both as text. An unreadable `version` counts as the newest. */
export function isAtLeast(version: string, least: string): boolean {
  const [a, b] = [parseFlinkVersion(version), parseFlinkVersion(least)];
  return a === undefined || b === undefined || compareFlinkVersions(a, b) >= 0;
}

/** `security.ssl.protocol` (`SecurityOptions`, unchanged from 1.13 to 2.3). */
export const DEFAULT_SSL_PROTOCOL: string = 'TLSv1.2';

/** Default of `security.ssl.algorithms` from 1.6 on. */
const STATIC_RSA = ['TLS_RSA_WITH_AES_128_CBC_SHA'] as const;
/** The default since FLINK-39022. */
const EPHEMERAL = ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'] as const;

/** First patch release of each minor version that has {@link EPHEMERAL} (`SecurityOptions` of the distributions). */
const FIRST_EPHEMERAL: Readonly<Record<string, number>> = { '1.20': 4, '2.0': 2, '2.1': 2, '2.2': 1 };

/**
 * Default of `security.ssl.algorithms` in that version. Undefined where it cannot be told: version unknown, older than
 * 1.6, or without the patch number that decides.
 */
export function defaultSslAlgorithms(version: string | undefined): readonly string[] | undefined {
  const parsed = version === undefined ? undefined : parseFlinkVersion(version);
  if (parsed === undefined || compareFlinkVersions(parsed, { major: 1, minor: 6 }) < 0) {
    return undefined;
  }
  const first = FIRST_EPHEMERAL[`${parsed.major}.${parsed.minor}`];
  if (first === undefined) {
    return compareFlinkVersions(parsed, { major: 1, minor: 20 }) < 0 ? STATIC_RSA : EPHEMERAL;
  }
  if (parsed.patch === undefined) {
    return undefined;
  }
  return parsed.patch >= first ? EPHEMERAL : STATIC_RSA;
}
