import type { AdmissionProof, Observation, TlsDetails } from '../../model/report.ts';
import type { EndpointSubject, Judgement } from '../../model/rule.ts';
import { connections, count, digits, distinct, evidenceOf } from './text.ts';

export type TlsObservation = Observation & { readonly tls: TlsDetails };

export function tlsObservations(observations: readonly Observation[]): readonly TlsObservation[] {
  return observations.filter((one): one is TlsObservation => one.kind === 'tls' && one.tls !== undefined);
}

export function hasTls(subject: EndpointSubject): boolean {
  return tlsObservations(subject.observations).length > 0;
}

/** A credential that a probe showed, and the observation that tells what became of it. */
export interface Admission {
  readonly observation: TlsObservation;
  readonly proof: AdmissionProof;
}

export function admissions({ observations }: EndpointSubject): readonly Admission[] {
  return tlsObservations(observations).flatMap((observation) =>
    (observation.tls.admission ?? []).map((proof) => ({ observation, proof })),
  );
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

/** Connections of the cluster's own use a value; a probe shows what is taken, its first handshake included. */
function chosen(
  observations: readonly TlsObservation[],
  used: (tls: TlsDetails) => string | undefined,
  accepted: (tls: TlsDetails) => readonly string[],
): readonly Chosen[] {
  const values = distinct(observations.flatMap((one) => [used(one.tls), ...accepted(one.tls)]));
  return values.map((value) => {
    const isUser = (one: TlsObservation): boolean => one.vantage !== 'active' && used(one.tls) === value;
    const users = observations.filter(isUser);
    const takers = observations.filter(
      (one) => !isUser(one) && (used(one.tls) === value || accepted(one.tls).includes(value)),
    );
    return { value, how: users.length > 0 ? 'used' : 'accepted', observations: [...users, ...takers] };
  });
}

/** What is said of each value that a rule finds bad. */
export interface Complaint {
  /** Begins with what the server does with the value: `Uses` or `Accepts`. */
  readonly message: (value: string, verb: 'Uses' | 'Accepts') => string;
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
    message: complaint.message(one.value, one.how === 'used' ? 'Uses' : 'Accepts'),
    expected: complaint.expected,
    observed: observedText(one, subject),
    evidence: one.observations.map((shown) => evidenceOf(shown, chosenText(shown, one), { words: [one.value] })),
    ...(complaint.remediation === undefined ? {} : { remediation: complaint.remediation }),
  }));
}

function observedText(one: Chosen, subject: EndpointSubject): string {
  const users = one.how === 'used' ? one.observations.filter(({ vantage }) => vantage !== 'active') : [];
  const takers = one.observations.filter((each) => !users.includes(each));
  const all = connections(tlsObservations(subject.observations).filter(({ vantage }) => vantage !== 'active'));
  const parts = [
    ...(users.length === 0 ? [] : [`on ${shareOf(connections(users), all)}`]),
    ...(takers.length === 0 ? [] : [`accepted when offered${inVersions(one.value, takers)}`]),
  ];
  return `${one.value}${users.length === 0 ? ',' : ''} ${parts.join(', and ')}`;
}

function shareOf(some: number, all: number): string {
  return some === all ? count(all, 'TLS connection') : `${digits(some)} of ${count(all, 'TLS connection')}`;
}

/** ` in TLSv1.2, TLSv1.1`: for suites, which a server may take in some versions only. */
function inVersions(value: string, takers: readonly TlsObservation[]): string {
  const versions = distinct(
    takers.flatMap(({ tls }) =>
      Object.entries(tls.accepted?.cipherSuites ?? {})
        .filter(([, suites]) => suites.includes(value))
        .map(([version]) => version),
    ),
  );
  return versions.length === 0 ? '' : ` in ${versions.join(', ')}`;
}

function chosenText(shown: TlsObservation, one: Chosen): string {
  if (shown.vantage === 'active' || one.how === 'accepted') return `accepted ${one.value}`;
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
