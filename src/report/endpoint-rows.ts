import { CHANNEL_IDS, type Channel } from '../model/channel.ts';
import type { Certificate, Endpoint, Finding, Observation, Report, Severity, TlsDetails } from '../model/report.ts';
import { type FailOn, rank, type Weight, weigh } from './severity.ts';
import { daysUntil } from './time.ts';

/** PASS, FAIL at or above `--fail-on`, WARN below it; NOT SEEN was asked for and did not appear. */
export type Result = 'PASS' | 'FAIL' | 'WARN' | 'INCONCLUSIVE' | 'NOT SEEN' | 'WAIVED' | 'ERROR';

/** One listening endpoint of one channel, as the table shows it. Cells are not yet safe for a terminal. */
export interface EndpointRow {
  readonly channel: string;
  readonly endpoint: string;
  readonly result: Result;
  /** Severity of the worst finding that made the result. */
  readonly severity?: Severity;
  /** `1.2 ECDHE_RSA_AES_128_GCM_SHA256`, `clear`, `mixed …`, `-`. */
  readonly tls: string;
  readonly clientCertificate: string;
  readonly servedCertificate: string;
  readonly expires: string;
  readonly connections: string;
  /** What was seen there; absent: it was asked for and not seen. */
  readonly group?: EndpointGroup;
}

export interface RowOptions {
  readonly failOn: FailOn;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Suites by their IANA names, or short. */
  readonly suites: 'whole' | 'short';
}

const NOTHING = '-';

/**
 * Rows in the order of the channel list, then of members. Clear traffic that is nothing of Flink's and refused
 * attempts get no row: the summary counts them. Channels that `--expect` named and nobody saw get one each.
 */
export function endpointRows(report: Report, options: RowOptions): EndpointRow[] {
  const rows = endpointGroups(report, options.failOn).map((group) => row(group, options));
  // An endpoint that was asked and did not answer has a row of its own already.
  const asked = new Set(rows.map(({ channel }) => channel));
  const missing = notSeen(report).filter(({ channel, endpoint }) => endpoint !== NOTHING || !asked.has(channel));
  return [...rows, ...missing].sort(byChannelThenEndpoint);
}

/** One listening endpoint of one channel with all that was seen and found there. */
export interface EndpointGroup {
  readonly channel: Channel;
  /** With the member's name, where one observation knows it. */
  readonly server: Endpoint;
  /** Never empty. */
  readonly observations: readonly Observation[];
  readonly findings: readonly Finding[];
  readonly result: Result;
  /** Severity of the worst finding that made the result. */
  readonly severity?: Severity;
}

/** What {@link endpointRows} shows, before it becomes words, in the order of the observations. */
export function endpointGroups(report: Report, failOn: FailOn): EndpointGroup[] {
  const groups = groupByEndpoint(report.observations.filter(isShown));
  const findings = findingsByGroup(report.findings, groups);
  return [...groups].map(([key, observations]) => {
    const found = findings.get(key) ?? [];
    const { channel, server } = observations.find((one) => one.server.member !== undefined) ?? observations[0]!;
    return { channel, server, observations, findings: found, ...judge(observations, found, report, failOn) };
  });
}

export function placeOf(endpoint: Endpoint): string {
  const address = `${endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
  if (endpoint.member === undefined || endpoint.member === endpoint.host) return address;
  return `${endpoint.member} ${address}`;
}

function isShown(observation: Observation): boolean {
  switch (observation.kind) {
    case 'tls':
      return true;
    case 'plaintext':
      return observation.channel !== 'unknown';
    case 'undecided':
      return observation.channel !== 'unknown';
    case 'no-answer':
      return observation.vantage === 'active';
    case 'file':
    case 'log-line':
      return false;
  }
}

function groupKey(channel: string, endpoint: Endpoint): string {
  return JSON.stringify([channel, endpoint.host, endpoint.port]);
}

function groupByEndpoint(observations: readonly Observation[]): Map<string, Observation[]> {
  const groups = new Map<string, Observation[]>();
  for (const observation of observations) {
    const key = groupKey(observation.channel, observation.server);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [observation]);
    else group.push(observation);
  }
  return groups;
}

/** A finding belongs to the endpoint that it names; one that accuses a client belongs where its evidence was seen. */
function findingsByGroup(
  findings: readonly Finding[],
  groups: ReadonlyMap<string, readonly Observation[]>,
): Map<string, Finding[]> {
  const keyOf = new Map([...groups].flatMap(([key, group]) => group.map(({ id }) => [id, key] as const)));
  const result = new Map<string, Finding[]>();
  for (const finding of findings) {
    const named = finding.endpoint === undefined ? undefined : groupKey(finding.channel, finding.endpoint);
    const cited = finding.evidence.map(({ observation }) => keyOf.get(observation ?? ''));
    const keys = named !== undefined && groups.has(named) ? [named] : [...new Set(cited)];
    for (const key of keys) {
      if (key !== undefined) result.set(key, [...(result.get(key) ?? []), finding]);
    }
  }
  return result;
}

function row(group: EndpointGroup, { now, suites }: RowOptions): EndpointRow {
  const { channel, server, observations, findings, result, severity } = group;
  return {
    channel,
    endpoint: placeOf(server),
    result,
    ...(severity === undefined ? {} : { severity }),
    tls: tlsCell(observations, findings, suites),
    clientCertificate: clientCertificateCell(observations),
    ...certificateCells(observations, now),
    connections: String(
      observations.reduce((sum, { asked, repeats }) => sum + (asked?.connections ?? 1 + (repeats ?? 0)), 0),
    ),
    group,
  };
}

const WORDS: readonly (readonly [Weight, Result])[] = [
  ['failing', 'FAIL'],
  ['error', 'ERROR'],
  ['inconclusive', 'INCONCLUSIVE'],
  ['warning', 'WARN'],
];

function judge(
  group: readonly Observation[],
  findings: readonly Finding[],
  report: Report,
  failOn: FailOn,
): Pick<EndpointRow, 'result' | 'severity'> {
  for (const [weight, result] of WORDS) {
    const weighed = findings.filter((finding) => weigh(finding, failOn) === weight);
    if (weighed.length === 0) continue;
    const severity = weighed.reduce((a, b) => (rank(b.severity) < rank(a.severity) ? b : a)).severity;
    return { result, severity };
  }
  if (group.every(({ kind }) => kind === 'undecided' || kind === 'no-answer')) return { result: 'INCONCLUSIVE' };
  const { channel, server } = group[0]!;
  const coverage = report.coverage.find(
    (entry) => entry.channel === channel && (entry.member === undefined || entry.member === server.member),
  );
  if (coverage?.verdict === 'inconclusive') return { result: 'INCONCLUSIVE' };
  if (findings.some((finding) => weigh(finding, failOn) === 'waived')) return { result: 'WAIVED' };
  return { result: group.some(isServed) ? 'PASS' : 'INCONCLUSIVE' };
}

/** Something good was seen: TLS that was established, or clear text that the server took part in and nobody minds. */
function isServed({ kind, vantage, tls, answer, plaintext }: Observation): boolean {
  // A probe without an identity goes no further than the server's demand for one.
  const isWhole = tls?.outcome === 'established' || (vantage === 'active' && tls?.version !== undefined);
  if (kind === 'tls') return isWhole && answer === undefined;
  if (kind !== 'plaintext' || (answer !== undefined && answer.kind !== 'plaintext')) return false;
  const { redirectsToHttps = 0, responses } = plaintext?.details ?? {};
  return redirectsToHttps === 0 || redirectsToHttps !== responses;
}

/** Rules that find fault with what a server takes, in a word for a narrow cell. */
const WEAKNESSES: Readonly<Record<string, string>> = {
  'protocol-below-tls12': 'old versions',
  'null-anonymous-export-suite': 'no protection',
  'rc4-or-3des-suite': 'RC4 or 3DES',
  'static-rsa-key-exchange': 'static RSA',
  'finite-field-dhe': 'DHE',
  'weak-dh-parameters': 'short DH',
  'cbc-without-encrypt-then-mac': 'CBC',
};

function weaknessText(findings: readonly Finding[]): string {
  const told = Object.entries(WEAKNESSES).filter(([id]) =>
    findings.some(({ ruleId, waived }) => ruleId === id && waived === null),
  );
  return told.length === 0 ? '' : `, weak: ${told.map(([, word]) => word).join(', ')}`;
}

/**
 * `1.2 ECDHE-AES128-GCM` of a capture, `1.2+1.3 4 suites, weak: CBC` of a probe, which tells all that is accepted.
 * `unusable`: it speaks TLS and takes no ClientHello.
 */
function tlsCell(group: readonly Observation[], findings: readonly Finding[], form: RowOptions['suites']): string {
  const requests = group.filter(({ kind }) => kind === 'plaintext');
  const clear = requests.length > 0 || group.some(({ asked }) => asked?.clear?.outcome === 'answered');
  const refused =
    requests.length > 0 && requests.every(({ answer }) => answer !== undefined && answer.kind !== 'plaintext');
  const tls = group.flatMap((observation) => (observation.tls === undefined ? [] : [observation.tls]));
  if (tls.length === 0)
    return clear
      ? refused
        ? 'refused (clear)'
        : 'clear'
      : (group.find(({ because }) => because !== undefined)?.because ?? NOTHING);
  const versions = distinct(tls.flatMap(versionsOf)).map((version) => version.replace(/^TLSv/, ''));
  const suites = distinct(tls.flatMap(suitesOf)).map(form === 'whole' ? String : shortSuite);
  const isProbed = group.some(({ asked }) => asked !== undefined);
  const none = isProbed ? 'unusable' : 'refused';
  const agreed = versions.length === 0 ? none : versions.sort().join(isProbed ? '+' : ',');
  const suite = suites.length > 1 ? ` ${suites.length} suites` : suites.length === 1 ? ` ${suites[0]}` : '';
  return `${clear ? 'mixed ' : ''}${agreed}${suite}${isProbed ? weaknessText(findings) : ''}`;
}

function versionsOf({ version, accepted }: TlsDetails): readonly (string | undefined)[] {
  return accepted === undefined || accepted.versions.length === 0 ? [version] : accepted.versions;
}

function suitesOf({ cipherSuite, accepted }: TlsDetails): readonly (string | undefined)[] {
  const all = Object.values(accepted?.cipherSuites ?? {}).flat();
  return all.length > 0 ? all : [cipherSuite];
}

/** `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256` as `ECDHE-AES128-GCM`: key exchange, cipher and mode, for a narrow cell. */
function shortSuite(suite: string): string {
  return suite
    .replace(/^TLS_/, '')
    .replace('_WITH_', '_')
    .replace(/^(ECDHE|DHE)_(?:RSA|ECDSA)/, '$1')
    .replace(/_SHA(?:256|384)?$/, '')
    .replace(/_(\d+)/, '$1')
    .replaceAll('_', '-');
}

/**
 * `required`: proven by a refusal of who had none. `given`, `none given`: what answered a request. `~`: inferred from
 * record lengths. What says less of the endpoint than another connection does is left out.
 */
function clientCertificateCell(group: readonly Observation[]): string {
  const cells = group.flatMap(({ tls }) => {
    if (tls?.version === undefined) return [];
    const { verdict, presented, basis } = tls.clientAuthentication;
    if (basis === 'probe') return [probedCell(tls)];
    const mark = basis === 'record-lengths' ? '~' : '';
    const given = { certificate: ', given', empty: ', none given', none: ', none given', unknown: '' }[presented];
    const words = { required: 'required', requested: 'asked', 'not-requested': 'not asked', unknown: 'unknown' };
    return [`${mark}${words[verdict]}${verdict === 'requested' ? given : ''}`];
  });
  const told = distinct(cells).sort();
  return told.filter((cell) => !told.some((other) => saysMore(other, cell))).join(' / ') || NOTHING;
}

/** The worst first. */
const DEMANDS = {
  'not-requested': 'not asked',
  requested: 'optional',
  unknown: 'unknown',
  required: 'required',
} as const;

/** `required`; by version where they differ, the worst first; `any taken` where a stranger was let in. */
function probedCell({ clientAuthentication, admission = [] }: TlsDetails): string {
  const { verdict, byVersion = {} } = clientAuthentication;
  const isOpen = admission.some(
    ({ credential, outcome }) => outcome === 'admitted' && credential !== 'none' && credential !== 'identity',
  );
  const demands = Object.entries(byVersion).sort(([a], [b]) => (a < b ? 1 : -1));
  if (isOpen && demands.some(([, demand]) => demand === 'required')) return 'any taken';
  const words = distinct(demands.map(([, demand]) => DEMANDS[demand]));
  if (words.length <= 1) return words[0] ?? DEMANDS[verdict];
  const badness = Object.values(DEMANDS);
  return demands
    .sort(([, a], [, b]) => badness.indexOf(DEMANDS[a]) - badness.indexOf(DEMANDS[b]))
    .map(([version, demand]) => `${DEMANDS[demand]} ${version.replace(/^TLSv/, '')}`)
    .join(', ');
}

function saysMore(other: string, cell: string): boolean {
  if (cell === 'unknown') return other !== 'unknown';
  const [more, less] = [other.replace('~', ''), cell.replace('~', '')];
  if (more === 'required') return less.startsWith('asked');
  return less === 'asked' ? more.startsWith('asked, ') : other === less && cell === `~${less}`;
}

function certificateCells(
  group: readonly Observation[],
  now: number,
): Pick<EndpointRow, 'servedCertificate' | 'expires'> {
  const shown = group.flatMap(({ tls }) => (tls?.version === undefined ? [] : [tls]));
  const seen = shown.flatMap(({ serverCertificate, alternativeChains = [] }) => [
    serverCertificate,
    ...alternativeChains.map(({ chain }) => ({ seen: 'present', truncated: false, chain }) as const),
  ]);
  const leaves = new Map<string, Certificate>();
  const days: number[] = [];
  for (const certificate of seen) {
    if (certificate.seen !== 'present') continue;
    const leaf = certificate.chain[0];
    if (leaf !== undefined) leaves.set(leaf.sha256, leaf);
    for (const { notAfter } of certificate.chain) days.push(daysUntil(notAfter, now) ?? Number.NaN);
  }
  const [leaf] = leaves.values();
  const hidden = seen.some((certificate) => certificate.seen === 'hidden');
  if (leaf === undefined) return { servedCertificate: hidden ? 'hidden' : NOTHING, expires: NOTHING };
  const key = leaf.publicKey.curve ?? `${leaf.publicKey.type} ${leaf.publicKey.bits ?? ''}`.trimEnd();
  const one = `${leaf.sha256.slice(0, 4)}..${leaf.sha256.slice(-2)} ${key}`;
  const least = Math.min(...days.filter((value) => !Number.isNaN(value)));
  return {
    servedCertificate: leaves.size === 1 ? one : `${leaves.size} certificates`,
    expires: Number.isFinite(least) ? `${least} d` : NOTHING,
  };
}

function distinct(values: readonly (string | undefined)[]): string[] {
  return [...new Set(values.filter((value) => value !== undefined))];
}

function notSeen(report: Report): EndpointRow[] {
  return report.coverage
    .filter((entry) => entry.verdict === 'not-seen' && entry.expected === true)
    .map((entry) => ({
      channel: entry.channel,
      endpoint: entry.member ?? NOTHING,
      result: 'NOT SEEN',
      tls: NOTHING,
      clientCertificate: NOTHING,
      servedCertificate: NOTHING,
      expires: NOTHING,
      connections: '0',
    }));
}

function byChannelThenEndpoint(a: EndpointRow, b: EndpointRow): number {
  const order = (channel: string): number => {
    const at = (CHANNEL_IDS as readonly string[]).indexOf(channel);
    return at === -1 ? CHANNEL_IDS.length : at;
  };
  return order(a.channel) - order(b.channel) || a.endpoint.localeCompare(b.endpoint, 'en', { numeric: true });
}
