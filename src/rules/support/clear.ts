import type { Endpoint, Observation } from '../../model/report.ts';
import type { EndpointSubject, RuleContext } from '../../model/rule.ts';

/** Clear bytes of one side alone that no TLS port would have let pass: it closes after the first few. */
const SERVED_ALTHOUGH_ONE_SIDED_BYTES = 1024;

/**
 * Clear text that the server took part in: it answered in kind, or the connection went on in clear.
 *
 * A clear request that met an alert, FIN, RST or silence is a client's mistake and not served. A redirect to https is
 * what Flink's TLS REST port gives to HTTP.
 */
export function isServedInClear(observation: Observation): boolean {
  if (answersInBoth(observation)) return true;
  if (observation.kind !== 'plaintext' || isRedirectToTls(observation)) return false;
  const { answer, bytes, quality } = observation;
  if (answer !== undefined) return answer.kind === 'plaintext';
  if (observation.vantage === 'active') return true;
  if (bytes.server > 0 || quality?.midstream === true) return true;
  return bytes.client >= SERVED_ALTHOUGH_ONE_SIDED_BYTES;
}

/** A port that a probe found to speak TLS, and to answer the clear request of its channel as well. */
export function answersInBoth({ kind, asked }: Observation): boolean {
  return kind === 'tls' && asked?.clear?.outcome === 'answered';
}

/** HTTP whose only answers send the client to https (Flink: RedirectingSslHandler). */
export function isRedirectToTls(observation: Observation): boolean {
  const { redirectsToHttps, responses } = observation.plaintext?.details ?? {};
  if (typeof redirectsToHttps !== 'number' || redirectsToHttps === 0) return false;
  return typeof responses !== 'number' || redirectsToHttps >= responses;
}

/** TLS whose ServerHello was seen, or that runs in mid-stream: the server does speak TLS. */
export function isServedInTls(observation: Observation): boolean {
  if (observation.kind !== 'tls' || observation.tls === undefined || observation.answer !== undefined) return false;
  return observation.tls.version !== undefined || observation.tls.outcome === 'established';
}

/** One connection of which one side speaks TLS and the other clear. */
export interface OneSided {
  readonly observation: Observation;
  readonly subject: EndpointSubject;
  readonly clearSide: Endpoint;
  readonly tlsSide: Endpoint;
  readonly who: 'clear-client' | 'tls-client';
  /** `proven`: the other side's own bytes or other connections show it; `likely`: it only closed or kept silent. */
  readonly certainty: 'proven' | 'likely';
}

/** Says whether a connection is TLS on one side and clear on the other; undefined where it is not, or nothing shows it. */
export function oneSidedConnection(
  observation: Observation,
  subject: EndpointSubject,
  context: RuleContext,
): OneSided | undefined {
  const { answer, client, server } = observation;
  if (answer === undefined || client === undefined || observation.vantage !== 'passive') return undefined;
  const serves = servesOf(subject);
  if (observation.kind === 'plaintext') {
    const certainty = clearMetTls(answer.kind, observation, subject, serves, context);
    return certainty && { observation, subject, clearSide: client, tlsSide: server, who: 'clear-client', certainty };
  }
  if (observation.kind !== 'tls' || observation.tls?.version !== undefined) return undefined;
  const certainty = helloMetClear(answer.kind, serves);
  return certainty && { observation, subject, clearSide: server, tlsSide: client, who: 'tls-client', certainty };
}

interface Serves {
  readonly tls: boolean;
  /** End of the last connection that was served in clear, as an RFC 3339 time. */
  readonly clearUntil: string | undefined;
}

/** Asked for every connection of an endpoint, which may have thousands. */
const served = new WeakMap<EndpointSubject, Serves>();

function servesOf(subject: EndpointSubject): Serves {
  const known = served.get(subject);
  if (known !== undefined) return known;
  const clear = subject.observations.filter(isServedInClear).map((one) => one.lastSeenAt);
  const serves = { tls: subject.observations.some(isServedInTls), clearUntil: clear.sort().at(-1) };
  served.set(subject, serves);
  return serves;
}

type AnswerKind = NonNullable<Observation['answer']>['kind'];

function clearMetTls(
  answer: AnswerKind,
  observation: Observation,
  subject: EndpointSubject,
  serves: Serves,
  context: RuleContext,
): OneSided['certainty'] | undefined {
  if (answer === 'tls' || answer === 'alert') return 'proven';
  if (answer === 'plaintext') return undefined;
  if (serves.tls) return 'proven';
  // Pekko (Netty 4) and the data server close without a byte when they want TLS; so does any server that is unwell.
  const internal = context.probes.get(subject.channel)?.protection === 'internal';
  const afterClear = serves.clearUntil === undefined || observation.observedAt > serves.clearUntil;
  return internal && answer === 'fin' && afterClear ? 'likely' : undefined;
}

function helloMetClear(answer: AnswerKind, serves: Serves): OneSided['certainty'] | undefined {
  if (answer === 'plaintext') return 'proven';
  if (answer === 'tls' || answer === 'alert') return undefined;
  if (serves.clearUntil !== undefined) return 'proven';
  return serves.tls ? undefined : 'likely';
}
