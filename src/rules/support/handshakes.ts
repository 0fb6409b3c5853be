import type { Observation, TlsDetails } from '../../model/report.ts';
import type { EndpointSubject, Judgement } from '../../model/rule.ts';
import { connections, count, distinct, evidenceOf } from './text.ts';

export type TlsObservation = Observation & { readonly tls: TlsDetails };

export function tlsObservations(observations: readonly Observation[]): readonly TlsObservation[] {
  return observations.filter((one): one is TlsObservation => one.kind === 'tls' && one.tls !== undefined);
}

export function hasTls(subject: EndpointSubject): boolean {
  return tlsObservations(subject.observations).length > 0;
}

/** What an endpoint chose, or takes when asked (active probes): one entry a value, with the connections that show it. */
export interface Chosen {
  readonly value: string;
  /** `used`: connections run with it. `accepted`: the server took it when a probe offered it. */
  readonly how: 'used' | 'accepted';
  readonly observations: readonly TlsObservation[];
}

export function chosenVersions(observations: readonly TlsObservation[]): readonly Chosen[] {
  return chosen(
    observations,
    (tls) => tls.version,
    (tls) => tls.accepted?.versions ?? [],
  );
}

export function chosenSuites(observations: readonly TlsObservation[]): readonly Chosen[] {
  return chosen(
    observations,
    (tls) => tls.cipherSuite,
    (tls) => Object.values(tls.accepted?.cipherSuites ?? {}).flat(),
  );
}

function chosen(
  observations: readonly TlsObservation[],
  used: (tls: TlsDetails) => string | undefined,
  accepted: (tls: TlsDetails) => readonly string[],
): readonly Chosen[] {
  const values = distinct(observations.flatMap((one) => [used(one.tls), ...accepted(one.tls)]));
  return values.map((value) => {
    const users = observations.filter((one) => used(one.tls) === value);
    return users.length > 0
      ? { value, how: 'used', observations: users }
      : { value, how: 'accepted', observations: observations.filter((one) => accepted(one.tls).includes(value)) };
  });
}

/** What is said of each value that a rule finds bad. */
export interface Complaint {
  readonly message: (value: string) => string;
  readonly expected: string;
  readonly remediation: Judgement['remediation'];
}

/**
 * Judges the suites or versions of an endpoint: fail for each bad one, pass where all seen are good, inconclusive where
 * no ServerHello was seen though TLS runs, not-applicable where no server ever chose.
 */
export function judgeChosen(
  subject: EndpointSubject,
  values: readonly Chosen[],
  isBad: (value: string, shownBy: readonly TlsObservation[]) => boolean,
  complaint: Complaint,
): readonly Judgement[] {
  if (values.length === 0) return [{ verdict: withoutServerHello(subject) }];
  const bad = values.filter((one) => isBad(one.value, one.observations));
  if (bad.length === 0) return [{ verdict: 'pass' }];
  return bad.map((one) => ({
    verdict: 'fail',
    discriminator: one.value,
    message: complaint.message(one.value),
    expected: complaint.expected,
    observed: observedText(one, subject),
    evidence: one.observations.map((shown) => evidenceOf(shown, chosenText(shown, one))),
    ...(complaint.remediation === undefined ? {} : { remediation: complaint.remediation }),
  }));
}

function observedText(one: Chosen, subject: EndpointSubject): string {
  if (one.how === 'accepted') return `${one.value}, accepted when offered`;
  const all = connections(tlsObservations(subject.observations));
  return `${one.value} on ${digitsOf(connections(one.observations), all)}`;
}

function digitsOf(some: number, all: number): string {
  return some === all ? count(all, 'TLS connection') : `${some} of ${count(all, 'TLS connection')}`;
}

function chosenText(shown: TlsObservation, one: Chosen): string {
  if (one.how === 'accepted') return `accepted ${one.value}`;
  const parts = [shown.tls.version, shown.tls.cipherSuite, shown.tls.namedGroup].filter((part) => part !== undefined);
  return `${parts.join(' ')}, ${shown.tls.outcome}`;
}

/** The verdict where no ServerHello was seen: refused or unanswered handshakes chose nothing, others hid their choice. */
export function withoutServerHello(subject: EndpointSubject): 'inconclusive' | 'not-applicable' {
  const hidden = tlsObservations(subject.observations).some(
    (one) => one.tls.outcome !== 'refused' && one.answer === undefined && one.tls.version === undefined,
  );
  return hidden ? 'inconclusive' : 'not-applicable';
}
