import type { Observation } from '../../../src/model/report.ts';
import type { KeyStores, StoreName } from './keystores.ts';
import type { ClusterMember, Member } from './members.ts';
import type { BedChannel, EndpointTruth, FlowTruth, ServerTruth, TlsTruth, Truth } from './truth.ts';

/** What one witness said of one endpoint, against the truth. */
export interface Judgement {
  readonly channel: BedChannel | 'unknown';
  readonly member: ClusterMember;
  readonly verdict: 'equal' | 'not-seen' | 'differs';
  /** Connections or probes that were compared. */
  readonly compared: number;
  /** One sentence a difference. */
  readonly differences: readonly string[];
}

/** Names of the members, by the address or name that a report gives. */
export type MemberOf = (host: string) => Member | undefined;

export interface Comparison {
  readonly truth: Truth;
  readonly observations: readonly Observation[];
  readonly memberOf: MemberOf;
  readonly stores: KeyStores;
  /** Whether a channel may go unnamed: TLS on ports that nobody was told of. */
  readonly ports: 'fixed' | 'random';
  /** On loopback all clients have the server's address: a connection is compared with all that its server may have. */
  readonly clients: 'told-apart' | 'alike';
  /** Certificate that the probe shows on internal channels. */
  readonly identity?: StoreName;
}

const SILENT_KINDS: readonly Observation['kind'][] = ['no-answer', 'file', 'log-line'];

/** The recording against the truth: every connection must be as dictated, and every kind of connection must be there. */
export function compareWire(input: Comparison): readonly Judgement[] {
  const { truth, memberOf } = input;
  const all = input.observations.filter((one) => one.vantage === 'passive' && !SILENT_KINDS.includes(one.kind));
  const end = Math.max(...all.map((one) => Date.parse(one.lastSeenAt)));
  const heard = all.filter((one) => !isCutOff(one, end));
  const found = new Map<FlowTruth, number>();
  const strays: { member: ClusterMember; text: string }[] = [];
  const wrong = new Map<EndpointTruth, string[]>();
  for (const one of heard) {
    const server = memberOf(one.server.host) as ClusterMember | undefined;
    const client = one.client ? memberOf(one.client.host) : undefined;
    const fitting = candidates(input, one, server, client);
    if (fitting.length === 0) {
      strays.push({
        member: server ?? 'jm',
        text: `${one.channel} ${client ?? '?'}→${server ?? '?'}: not in the truth`,
      });
      continue;
    }
    const verdicts = fitting.map((flow) => ({ flow, text: connectionDiffers(one, flow, input.stores) }));
    const good = verdicts.find(({ text }) => text === undefined);
    if (good) {
      found.set(good.flow, (found.get(good.flow) ?? 0) + 1 + (one.repeats ?? 0));
      continue;
    }
    const { flow, text } = verdicts[0]!;
    const endpoint = endpointOf(truth, flow);
    wrong.set(endpoint, [...(wrong.get(endpoint) ?? []), `${client ?? '?'}→${server}: ${text}`]);
  }
  return [
    ...truth.endpoints.map((endpoint) => judged(input, endpoint, found, wrong.get(endpoint) ?? [])),
    ...strayed(strays),
  ];
}

const CUT_OFF = 500;

/** A handshake in the midst of which the recording ends. */
const isCutOff = ({ tls, lastSeenAt }: Observation, end: number): boolean =>
  tls?.outcome === 'incomplete' && end - Date.parse(lastSeenAt) < CUT_OFF;

function candidates(
  input: Comparison,
  one: Observation,
  server: ClusterMember | undefined,
  client: Member | undefined,
): readonly FlowTruth[] {
  return input.truth.flows.filter((flow) => {
    if (flow.server !== server) return false;
    if (input.clients === 'told-apart' && flow.client !== client) return false;
    if (flow.channel === one.channel) return true;
    return input.ports === 'random' && one.channel === 'unknown' && one.kind === 'tls';
  });
}

function endpointOf(truth: Truth, flow: FlowTruth): EndpointTruth {
  return truth.endpoints.find((one) => one.channel === flow.channel && one.member === flow.server)!;
}

function judged(
  input: Comparison,
  endpoint: EndpointTruth,
  found: ReadonlyMap<FlowTruth, number>,
  differences: readonly string[],
): Judgement {
  const own = input.truth.flows.filter((flow) => endpointOf(input.truth, flow) === endpoint);
  const compared = own.reduce((sum, flow) => sum + (found.get(flow) ?? 0), 0) + differences.length;
  const missing = own.filter((flow) => flow.presence === 'seen' && !found.has(flow) && isTold(input, flow));
  // A connection that was there and differs is told once, as what it was.
  const absent =
    differences.length > 0 ? [] : missing.map((flow) => `${flow.client}→${flow.server}: not in the recording`);
  const all = [...new Set([...differences, ...absent])];
  const verdict = all.length > 0 ? 'differs' : compared > 0 ? 'equal' : 'not-seen';
  return { channel: endpoint.channel, member: endpoint.member, verdict, compared, differences: all };
}

/** Whether this kind of connection can be told from the others of its server. */
function isTold(input: Comparison, flow: FlowTruth): boolean {
  if (input.ports === 'random' && flow.channel !== 'rest' && flow.channel !== 'jobmanager-rpc') return false;
  return input.clients === 'told-apart';
}

function strayed(strays: readonly { member: ClusterMember; text: string }[]): readonly Judgement[] {
  return strays.map(({ member, text }) => ({
    channel: 'unknown',
    member,
    verdict: 'differs',
    compared: 1,
    differences: [text],
  }));
}

/** What is wrong with a connection; undefined where it is as dictated. */
export function connectionDiffers(one: Observation, flow: FlowTruth, stores: KeyStores): string | undefined {
  const { outcome } = flow;
  if (one.kind !== outcome.kind) return `${outcome.kind} is dictated, seen is ${one.kind} ${one.because ?? ''}`.trim();
  if (outcome.kind === 'plaintext') {
    const answer = one.answer === undefined || one.answer.kind === 'plaintext' ? 'in-kind' : 'refused';
    return answer === outcome.answer ? undefined : `answered ${outcome.answer} is dictated, seen is ${answer}`;
  }
  const { tls } = one;
  if (!tls) return 'tls without details';
  if (outcome.outcome === 'refused') {
    return tls.outcome === 'established' ? 'refused is dictated, seen is established' : undefined;
  }
  if (tls.outcome !== 'established') return `established is dictated, seen is ${tls.outcome}`;
  return establishedDiffers(tls, outcome.server, outcome.mutual, stores);
}

function establishedDiffers(
  tls: NonNullable<Observation['tls']>,
  served: TlsTruth,
  mutual: boolean,
  stores: KeyStores,
): string | undefined {
  const version = served.versions.at(-1)!;
  if (tls.version !== version) return `${version} is dictated, seen is ${tls.version ?? 'none'}`;
  const suites = (served.suites[version] ?? []).slice(0, served.suitesOf === 'library' ? undefined : 1);
  if (tls.cipherSuite === undefined || !suites.includes(tls.cipherSuite))
    return `${suites.join(' or ')} is dictated, seen is ${tls.cipherSuite ?? 'none'}`;
  // An abbreviated handshake shows neither certificates nor a request for one.
  if (tls.resumed === true) return undefined;
  const authentication = mutual ? 'requested' : 'not-requested';
  const { verdict, presented } = tls.clientAuthentication;
  if (verdict !== authentication) return `client authentication ${authentication} is dictated, seen is ${verdict}`;
  if (mutual && presented !== 'certificate') return `a client certificate is dictated, seen is ${presented}`;
  return certificateDiffers(tls, served, stores);
}

function certificateDiffers(
  tls: NonNullable<Observation['tls']>,
  served: TlsTruth,
  stores: KeyStores,
): string | undefined {
  const seen = tls.serverCertificate;
  if (seen.seen !== 'present') return undefined;
  const sha256 = seen.chain[0]?.sha256;
  return sha256 === stores[served.certificate].sha256
    ? undefined
    : `certificate ${served.certificate} is dictated, seen is ${seen.chain[0]?.subject ?? 'none'}`;
}

/** The handshake witness against the truth, endpoint by endpoint. */
export function compareHandshake(input: Comparison): readonly Judgement[] {
  const active = input.observations.filter((one) => one.vantage === 'active');
  return input.truth.endpoints.map(({ channel, member, served }): Judgement => {
    const own = active.filter((one) => one.channel === channel && input.memberOf(one.server.host) === member);
    const differences = own
      .map((one) => endpointDiffers(one, served, input.stores) ?? identityDiffers(one, served, input.identity))
      .filter((text) => text !== undefined);
    // REST tells neither: such ports are found by configuration only.
    const hidden = input.ports === 'random' && channel === 'metrics-query-service';
    const silent = own.length === 0 && served.kind !== 'absent' && !hidden;
    const verdict = differences.length > 0 ? 'differs' : silent ? 'not-seen' : 'equal';
    return { channel, member, verdict, compared: own.length, differences: [...new Set(differences)] };
  });
}

/** What is wrong with a probe's result; undefined where it is as dictated. */
export function endpointDiffers(one: Observation, served: ServerTruth, stores: KeyStores): string | undefined {
  if (served.kind === 'absent')
    return one.kind === 'no-answer' ? undefined : `nothing listens there, seen is ${one.kind}`;
  if (served.kind === 'clear')
    return one.kind === 'plaintext' ? undefined : `clear is dictated, seen is ${seenAs(one)}`;
  if (served.kind === 'unusable') {
    const accepted = one.tls?.accepted?.versions ?? [];
    if (one.kind === 'plaintext') return 'TLS that nobody can use is dictated, seen is plaintext';
    return accepted.length === 0 ? undefined : `no handshake can succeed, seen is ${accepted.join(' ')}`;
  }
  if (one.kind !== 'tls' || !one.tls) return `tls is dictated, seen is ${seenAs(one)}`;
  const { accepted, clientAuthentication } = one.tls;
  const versions = differ('versions', served.versions, accepted?.versions ?? []);
  if (versions) return versions;
  for (const version of served.versions) {
    const seen = accepted?.cipherSuites[version] ?? [];
    const suites = differ(`${version} suites`, served.suites[version] ?? [], seen);
    if (suites) return suites;
  }
  if (clientAuthentication.verdict !== served.clientAuthentication) {
    return `client authentication ${served.clientAuthentication} is dictated, seen is ${clientAuthentication.verdict}`;
  }
  return certificateDiffers(one.tls, served, stores);
}

/** A pin that refuses the identity makes it the right authority's, and not the pinned one. */
const IDENTITY: readonly string[] = ['identity', 'right-authority-not-pinned'];

/** Whether a port that trusts the identity let it in, in every version, and the others did not. */
function identityDiffers(one: Observation, served: ServerTruth, identity: StoreName | undefined): string | undefined {
  if (!identity || served.kind !== 'tls' || served.clientAuthentication !== 'required') return undefined;
  // Of another family of channels, which this identity is not for.
  if (one.channel === 'rest' || one.channel === 'history-server' || one.channel === 'sql-gateway') return undefined;
  const proofs = (one.tls?.admission ?? []).filter((proof) => IDENTITY.includes(proof.credential));
  const dictated = served.certificate === identity && served.pin !== 'wrong' ? 'admitted' : 'refused';
  if (proofs.length === 0) return `the identity ${dictated} is dictated, it was not shown`;
  const wrong = proofs.find((proof) => proof.outcome !== dictated);
  return (
    wrong && `the identity ${dictated} is dictated, seen is ${wrong.outcome} in ${wrong.version}: ${wrong.evidence}`
  );
}

const seenAs = (one: Observation): string => [one.kind, one.because, one.tls?.outcome].filter(Boolean).join(' ');

function differ(what: string, dictated: readonly string[], seen: readonly string[]): string | undefined {
  const same = dictated.length === seen.length && dictated.every((name) => seen.includes(name));
  return same ? undefined : `${what} ${dictated.join(' ')} are dictated, seen are ${seen.join(' ') || 'none'}`;
}

const SHORT_VERSION = { 'TLSv1.2': 'T2', 'TLSv1.3': 'T3' } as const;

/** The truth in a word, for a table: `c` clear, `T2`, `T3` versions, `m` mutual, `–` absent, `x` unusable. */
export function shortTruth(served: ServerTruth): string {
  if (served.kind === 'clear') return 'c';
  if (served.kind === 'absent') return '–';
  if (served.kind === 'unusable') return 'x';
  const versions = served.versions.map((version) => SHORT_VERSION[version]).join('+');
  return `${versions}${served.clientAuthentication === 'required' ? 'm' : ''}`;
}
