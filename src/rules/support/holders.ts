import type { Channel } from '../../model/channel.ts';
import type { Certificate, Endpoint, Observation } from '../../model/report.ts';
import type { ClusterSubject, RuleContext } from '../../model/rule.ts';
import { serverChains } from './certificates.ts';
import { type TlsObservation, tlsObservations } from './handshakes.ts';
import { processOf } from './text.ts';

/** A process of the cluster with the certificate that it showed last on internal channels. */
export interface Holder {
  readonly endpoint: Endpoint;
  readonly channel: Channel;
  readonly certificate: Certificate;
  readonly observation: TlsObservation;
}

interface Shown {
  readonly channel: Channel;
  readonly observation: TlsObservation;
}

/** Every process with the leaf that it showed last, the listening endpoint preferred as its address. */
export function holdersOf(subject: ClusterSubject, context: RuleContext): readonly Holder[] {
  const shown = subject.endpoints
    .filter(({ channel }) => isInternalChannel(channel, context))
    .flatMap(({ channel, observations }) =>
      tlsObservations(observations).map((one) => ({ channel, observation: one })),
    );
  return holdersAmong(shown);
}

export function hasHiddenCertificates(subject: ClusterSubject, context: RuleContext): boolean {
  return subject.endpoints.some(
    ({ channel, observations }) =>
      isInternalChannel(channel, context) &&
      tlsObservations(observations).some(({ tls }) => tls.serverCertificate.seen === 'hidden'),
  );
}

/**
 * Processes that still show the one certificate that all showed in the baseline, while others have a new one.
 *
 * Where as many or more kept the old one, it is the new one that is odd, unless these were not restarted and the others
 * were: released Flink versions read certificates at their start only.
 */
export function leftBehind(subject: ClusterSubject, context: RuleContext): readonly Holder[] {
  if (subject.baseline === undefined) return [];
  const before = holdersAmong(
    tlsObservations(subject.baseline.observations)
      .filter(({ channel }) => isInternalChannel(channel, context))
      .map((observation) => ({ channel: observation.channel, observation })),
  );
  const old = before[0]?.certificate.sha256;
  if (before.length < 2 || before.some((one) => one.certificate.sha256 !== old)) return [];
  const now = holdersOf(subject, context);
  const behind = now.filter((one) => one.certificate.sha256 === old);
  const ahead = now.filter((one) => one.certificate.sha256 !== old);
  if (ahead.length === 0 || new Set(ahead.map((one) => one.certificate.sha256)).size > 1) return [];
  const restarted = (one: Holder): string | undefined =>
    subject.baseline?.endpoints.find(({ endpoint }) => processOf(endpoint) === processOf(one.endpoint))?.process;
  const isHalfDone =
    behind.length === ahead.length &&
    behind.every((one) => restarted(one) === 'same') &&
    ahead.every((one) => restarted(one) === 'restarted');
  return behind.length < ahead.length || isHalfDone ? behind : [];
}

function isInternalChannel(channel: Observation['channel'], context: RuleContext): boolean {
  return context.probes.get(channel)?.protection === 'internal';
}

function holdersAmong(shown: readonly Shown[]): readonly Holder[] {
  const holders = new Map<string, Holder>();
  const inTime = [...shown].sort((a, b) =>
    a.observation.observedAt < b.observation.observedAt
      ? -1
      : Number(a.observation.observedAt > b.observation.observedAt),
  );
  const common = commonestLeaves(shown);
  for (const { channel, observation } of inTime) {
    for (const role of ['client', 'server'] as const) {
      const endpoint = endpointOf(observation, role);
      const certificate = common(leavesOf(observation, role));
      if (endpoint === undefined || certificate === undefined) continue;
      const known = holders.get(processOf(endpoint));
      const keep = role === 'client' && known !== undefined && known.certificate.sha256 === certificate.sha256;
      if (!keep) holders.set(processOf(endpoint), { endpoint, channel, certificate, observation });
    }
  }
  return [...holders.values()];
}

/** What a probe shows is no member's. */
function endpointOf(observation: TlsObservation, role: 'client' | 'server'): Endpoint | undefined {
  if (role === 'server') return observation.server;
  return observation.vantage === 'active' ? undefined : observation.client;
}

/** A server may have a chain for each type of key. */
function leavesOf({ tls }: TlsObservation, role: 'client' | 'server'): readonly Certificate[] {
  if (role === 'server') return serverChains(tls).flatMap(({ chain }) => chain.slice(0, 1));
  return tls.clientCertificate.seen === 'present' ? tls.clientCertificate.chain.slice(0, 1) : [];
}

/** Of several leaves of one server, the one that most servers show stands for it. */
function commonestLeaves(shown: readonly Shown[]): (leaves: readonly Certificate[]) => Certificate | undefined {
  const counts = new Map<string, number>();
  for (const { observation } of shown) {
    for (const { sha256 } of leavesOf(observation, 'server')) counts.set(sha256, (counts.get(sha256) ?? 0) + 1);
  }
  const times = ({ sha256 }: Certificate): number => counts.get(sha256) ?? 0;
  return ([first, ...further]) =>
    further.reduce((best, one) => (best !== undefined && times(one) > times(best) ? one : best), first);
}
