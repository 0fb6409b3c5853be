import type { Certificate, EndpointChange, Observation, TlsDetails } from '../model/report.ts';

/** What got worse and what got better, one sentence each. */
export interface Differences {
  readonly weaker: readonly string[];
  readonly stronger: readonly string[];
}

/** The endpoint answered: in TLS or in clear. */
export function isServed(observation: Observation): boolean {
  if (observation.kind === 'plaintext') return isClear(observation);
  return observation.kind === 'tls' && observation.tls?.version !== undefined && observation.answer === undefined;
}

/** Holds what two runs saw of one endpoint beside each other. Only what both saw as closely is compared. */
export function differences(then: readonly Observation[], now: readonly Observation[]): Differences {
  const [before, after] = [stateOf(then), stateOf(now)];
  if (before.clear !== after.clear) {
    return after.clear ? { weaker: [clearText(before, after)], stronger: [] } : { weaker: [], stronger: [tlsText] };
  }
  const [a, b] = [before.tls, after.tls];
  if (a === undefined || b === undefined) return { weaker: [], stronger: [] };
  const isWhole = before.depth === 'whole' && after.depth === 'whole';
  const parts = [
    bestVersions(a, b),
    ...(isWhole ? [oldVersions(a, b), suites(a, b)] : []),
    demands(a, b),
    admissions(a, b),
    keys(a, b),
  ];
  return { weaker: parts.flatMap((one) => one.weaker), stronger: parts.flatMap((one) => one.stronger) };
}

/** Certificate of the two runs, by the first leaf. */
export function certificateChange(
  then: readonly Observation[],
  now: readonly Observation[],
): EndpointChange['certificate'] {
  const [before, after] = [leavesOf(then), leavesOf(now)];
  if (before.length === 0 || after.length === 0) return stateOf(now).tls === undefined ? 'none' : 'unknown';
  return after.some((one) => before.some((other) => other.sha256 === one.sha256)) ? 'same' : 'changed';
}

/** Leaves that the server showed, the last one first, since the end of a run is what counts. */
function leavesOf(observations: readonly Observation[]): readonly Certificate[] {
  for (const { tls } of [...observations].reverse()) {
    if (tls?.serverCertificate.seen !== 'present') continue;
    const others = (tls.alternativeChains ?? []).map(({ chain }) => chain[0]);
    return [tls.serverCertificate.chain[0], ...others].filter((one) => one !== undefined);
  }
  return [];
}

interface State {
  readonly clear: boolean;
  readonly tls: TlsDetails | undefined;
  /** `sampled`: not all versions and suites were asked for. */
  readonly depth: 'whole' | 'sampled';
}

function stateOf(observations: readonly Observation[]): State {
  const told = observations.filter(isServed);
  const shown = told.filter(({ kind }) => kind === 'tls').at(-1);
  const asked = shown?.asked;
  const whole = asked !== undefined && asked.profile !== 'quick' && asked.complete;
  return { clear: told.some(isClear), tls: shown?.tls, depth: whole ? 'whole' : 'sampled' };
}

function isClear({ kind, answer, asked, plaintext }: Observation): boolean {
  if (kind === 'tls') return asked?.clear?.outcome === 'answered';
  const { redirectsToHttps = 0, responses } = plaintext?.details ?? {};
  const redirects = redirectsToHttps !== 0 && (responses === undefined || redirectsToHttps === responses);
  return kind === 'plaintext' && !redirects && (answer === undefined || answer.kind === 'plaintext');
}

function clearText(before: State, after: State): string {
  const was = before.tls?.version === undefined ? 'TLS' : before.tls.version;
  return after.tls === undefined ? `in clear, where it was ${was}` : `answers in clear beside TLS, where it did not`;
}

const tlsText = 'TLS, where it was in clear';

const VERSIONS = ['SSLv2', 'SSLv3', 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];
const FIRST_GOOD_VERSION = VERSIONS.indexOf('TLSv1.2');

function bestVersions(a: TlsDetails, b: TlsDetails): Differences {
  const [best, now] = [bestVersion(a), bestVersion(b)];
  return {
    weaker: now < best ? [`at best ${VERSIONS[now]}, where it was ${VERSIONS[best]}`] : [],
    stronger: now > best ? [`${VERSIONS[now]}, where it was ${VERSIONS[best]} at best`] : [],
  };
}

function oldVersions(a: TlsDetails, b: TlsDetails): Differences {
  const old = (tls: TlsDetails): string[] =>
    (tls.accepted?.versions ?? []).filter((version) => VERSIONS.indexOf(version) < FIRST_GOOD_VERSION);
  return {
    weaker: told('takes', without(old(b), old(a)), ', which it did not'),
    stronger: told('no longer takes', without(old(a), old(b))),
  };
}

function bestVersion(tls: TlsDetails): number {
  const all = [tls.version ?? '', ...(tls.accepted?.versions ?? [])].map((version) => VERSIONS.indexOf(version));
  return Math.max(...all);
}

/** By their IANA names: no encryption or authentication, outworn ciphers, no forward secrecy, CBC. */
const WEAK_SUITE = /_NULL_|_anon_|_EXPORT_|_RC4_|_3?DES_|_DES40_|_RC2_|^TLS_(?:RSA|DHE?|ECDH)_|_CBC_/;

function suites(a: TlsDetails, b: TlsDetails): Differences {
  const weak = (tls: TlsDetails): string[] => [
    ...new Set(
      Object.values(tls.accepted?.cipherSuites ?? {})
        .flat()
        .filter((suite) => WEAK_SUITE.test(suite)),
    ),
  ];
  return {
    weaker: told('takes', without(weak(b), weak(a)), ', which it did not'),
    stronger: told('no longer takes', without(weak(a), weak(b))),
  };
}

const DEMANDS = ['not-requested', 'requested', 'required'];

/** Of the versions that both runs tell of; a version that is no longer taken lets nobody in. */
function demands(a: TlsDetails, b: TlsDetails): Differences {
  const [before, after] = [demandsOf(a), demandsOf(b)];
  const changed = Object.keys(after).filter((version) => before[version] !== undefined);
  const way = (version: string): number => DEMANDS.indexOf(after[version]!) - DEMANDS.indexOf(before[version]!);
  const say = (version: string): string =>
    `client certificate ${words(after[version]!)} in ${version}, where it was ${words(before[version]!)}`;
  return {
    weaker: changed.filter((version) => way(version) < 0).map(say),
    stronger: changed.filter((version) => way(version) > 0).map(say),
  };
}

/** A capture that shows a request proves no demand: only what refuses who has none does. */
function demandsOf({ version, clientAuthentication }: TlsDetails): Readonly<Record<string, string>> {
  const { byVersion, verdict, presented } = clientAuthentication;
  const all = byVersion ?? (version === undefined ? {} : { [version]: verdict });
  const isProof = (demand: string): boolean =>
    demand !== 'unknown' && (demand !== 'requested' || presented !== 'certificate');
  return Object.fromEntries(Object.entries(all).filter(([, demand]) => isProof(demand)));
}

function words(demand: string): string {
  return { 'not-requested': 'not asked for', requested: 'asked for and not needed' }[demand] ?? demand;
}

function admissions(a: TlsDetails, b: TlsDetails): Differences {
  const outcomes = (tls: TlsDetails): Map<string, string> =>
    new Map((tls.admission ?? []).map((proof) => [`${proof.credential} ${proof.version}`, proof.outcome]));
  const [before, after] = [outcomes(a), outcomes(b)];
  const changed = (from: string, to: string): string[] =>
    [...after.keys()].filter((key) => before.get(key) === from && after.get(key) === to && !/^none /.test(key));
  const strangers = (keys: readonly string[]): string[] => keys.filter((key) => !key.startsWith('identity '));
  const named = (key: string): string => key.replace(/^(\S+) (\S+)$/, '$1 certificate in $2').replaceAll('-', ' ');
  return {
    weaker: strangers(changed('refused', 'admitted')).map((key) => `admits a ${named(key)}, which it refused`),
    stronger: strangers(changed('admitted', 'refused')).map((key) => `refuses a ${named(key)}, which it admitted`),
  };
}

function keys(a: TlsDetails, b: TlsDetails): Differences {
  const parts = [shorter('Diffie-Hellman group', a.dh?.bits, b.dh?.bits)];
  const [before, after] = [leafOf(a)?.publicKey, leafOf(b)?.publicKey];
  if (before !== undefined && before.type === after?.type) {
    parts.push(shorter(`${before.type} key`, before.bits ?? undefined, after.bits ?? undefined));
  }
  return { weaker: parts.flatMap((one) => one.weaker), stronger: parts.flatMap((one) => one.stronger) };
}

function leafOf({ serverCertificate }: TlsDetails): Certificate | undefined {
  return serverCertificate.seen === 'present' ? serverCertificate.chain[0] : undefined;
}

function shorter(noun: string, then: number | undefined, now: number | undefined): Differences {
  if (then === undefined || now === undefined || then === now) return { weaker: [], stronger: [] };
  const said = [`${noun} of ${now} bits, where it had ${then}`];
  return now < then ? { weaker: said, stronger: [] } : { weaker: [], stronger: said };
}

function without(all: readonly string[], others: readonly string[]): readonly string[] {
  return all.filter((one) => !others.includes(one));
}

function told(verb: string, values: readonly string[], end = ''): readonly string[] {
  return values.length === 0 ? [] : [`${verb} ${values.join(', ')}${end}`];
}
