/** First update of each long-term release that has `TLS_RSA_*` in `jdk.tls.disabledAlgorithms` (JDK-8245545). */
const FIRST_REFUSING: Readonly<Record<number, number>> = { 11: 30, 17: 18, 21: 10 };
/** From this release on all do. */
const ALL_SINCE = 24;

interface JdkVersion {
  readonly feature: number;
  readonly update: number;
}

/** `17.0.18`, `21`, `1.8.0_392`; undefined for anything else. */
export function parseJdkVersion(text: string): JdkVersion | undefined {
  const old = /^1\.(\d+)\.\d+(?:_(\d+))?/.exec(text);
  if (old !== null) return { feature: Number(old[1]), update: Number(old[2] ?? 0) };
  const today = /^(\d+)(?:\.\d+)?(?:\.(\d+))?/.exec(text);
  return today === null ? undefined : { feature: Number(today[1]), update: Number(today[2] ?? 0) };
}

/** Whether a JDK has disabled static RSA; releases between the long-term ones got no such update. */
export function refusesStaticRsa(version: string): 'refused' | 'taken' {
  const parsed = parseJdkVersion(version);
  if (parsed === undefined) return 'taken';
  if (parsed.feature >= ALL_SINCE) return 'refused';
  const first = FIRST_REFUSING[parsed.feature];
  return first !== undefined && parsed.update >= first ? 'refused' : 'taken';
}
