import type { EndpointRule, EndpointSubject, Judgement } from '../model/rule.ts';
import { isSignallingSuite, suiteProperties } from '../tls/cipher-suites.ts';
import { serverChains } from './support/certificates.ts';
import {
  chosenSuites,
  chosenVersions,
  hasTls,
  judgeChosen,
  type TlsObservation,
  tlsObservations,
  withoutServerHello,
} from './support/handshakes.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { settingEvidence, switchesOf } from './support/settings.ts';
import { ofVantage, servedIn, verdictOn } from './support/shown.ts';
import { connections, count, evidenceOf, listed, originOf } from './support/text.ts';

/**
 * Clear text where the configuration asks for TLS; a protocol or suite that is served and the configuration does not
 * list, where Flink obeys the list; and, where a probe asked for all, one that is listed and not served.
 *
 * `plaintext-channel` tells what crosses in clear, this rule that the file and the process contradict each other. The
 * expectation holds only lists that this version obeys on this channel.
 */
export const rule: EndpointRule = {
  id: 'configured-tls-is-not-served',
  scope: 'endpoint',
  title: 'TLS that is configured is not what is served',
  severity: 'high',
  promise: 'values',
  rationale:
    'What a process serves is not what its configuration says: it was started with another file, or before the file was changed, or something in front of it ends TLS. Whatever was decided in that file does not hold.',
  decides:
    'Where the configuration asks for TLS, looks for connections in clear (high). Compares the protocols and suites that were negotiated, or accepted from a probe, with the lists of the configuration where this version of Flink obeys them on this channel. Where a probe asked everything (profile standard or full), also the other way round: what is listed and was refused, though the key of the server fits it (medium).',
  verdicts: {
    pass: 'what is served is what is configured',
    fail: 'clear text is served where TLS is configured, something that is not listed, or what is listed is refused',
    inconclusive: 'TLS runs, and no ServerHello was seen',
    'not-applicable':
      'no TLS was seen at the endpoint, or no handshake in which the server chose; or no configuration lists anything for this channel',
  },
  remediation: remedy(
    'Compare the configuration that the process was started with (its log lists it) with the file, and restart the process. If they are equal, look for a proxy or mesh in front.',
  ),
  references: [SECURITY_SSL_PAGE, 'FLINK-39969'],

  appliesTo(subject: EndpointSubject): boolean {
    return (
      subject.expectation?.basis === 'configuration' && (isInClear(subject) || (hasTls(subject) && hasList(subject)))
    );
  },

  evaluate(subject: EndpointSubject): readonly Judgement[] {
    const values = hasTls(subject) && hasList(subject) ? judgeValues(subject) : [];
    const told = values.map((one) => (one.verdict === 'fail' ? { ...one, severity: 'medium' as const } : one));
    return isInClear(subject) ? [clearText(subject), ...told] : told;
  },
};

function hasList({ expectation }: EndpointSubject): boolean {
  return expectation?.protocols !== undefined || expectation?.cipherSuites !== undefined;
}

function isInClear({ expectation, observations }: EndpointSubject): boolean {
  return expectation?.tls === 'required' && servedIn('clear', observations).length > 0;
}

function clearText({ expectation, observations }: EndpointSubject): Judgement {
  const clear = servedIn('clear', observations);
  return {
    verdict: 'fail',
    discriminator: 'clear',
    message: `The configuration asks for TLS (${originOf(expectation)}), and connections are in clear: the process runs with another configuration, or was started before this one was changed, or something in front ends TLS.`,
    expected: `TLS (${originOf(expectation)})`,
    observed: `${count(connections(clear), 'connection')} in clear`,
    evidence: [
      ...switchesOf(expectation!.because).slice(0, 2).map(settingEvidence),
      ...clear.slice(0, 3).map((one) => evidenceOf(one, `${one.plaintext?.protocol ?? 'a clear request'} in clear`)),
    ],
    witnesses: {
      wire: verdictOn(ofVantage(observations, 'passive')),
      handshake: verdictOn(ofVantage(observations, 'active')),
      promise: 'pass',
    },
  };
}

function judgeValues(subject: EndpointSubject): readonly Judgement[] {
  const observations = tlsObservations(subject.observations).filter((one) => one.answer === undefined);
  const { protocols, cipherSuites } = subject.expectation!;
  if (chosenVersions(observations).length === 0) return [{ verdict: withoutServerHello(subject) }];
  const complaint = (list: readonly string[], aspect: 'protocols' | 'suites') => ({
    message: (value: string) => `Serves ${value}, which its configuration does not list.`,
    expected: `${list.join(', ')} (${originOf(subject.expectation, aspect)})`,
    remediation: rule.remediation,
  });
  const byVersion =
    protocols === undefined
      ? []
      : judgeChosen(
          subject,
          chosenVersions(observations),
          (value) => !protocols.includes(value),
          complaint(protocols, 'protocols'),
        );
  const names = cipherSuites?.map(ianaName);
  const byCipherSuite =
    names === undefined
      ? []
      : judgeChosen(subject, chosenSuites(observations), (value) => !names.includes(value), complaint(names, 'suites'));
  const missing = observations.flatMap((one) => notServed(one, protocols, names, subject));
  return [...byVersion, ...byCipherSuite, ...missing].map((one) => withPromise(one, subject));
}

/** The list that is contradicted stands beside the connections that contradict it. */
function withPromise(one: Judgement, { expectation }: EndpointSubject): Judgement {
  if (one.verdict !== 'fail') return one;
  const lists = expectation!.because.filter(({ key }) => /\.(?:protocol|algorithms)$/.test(key));
  const about = lists.filter(({ key }) => key.endsWith('algorithms') === one.discriminator?.includes('_'));
  return { ...one, evidence: [...about.slice(0, 1).map(settingEvidence), ...(one.evidence ?? [])] };
}

/**
 * What the configuration lists and a probe was refused. Only where all was asked and the server answered everything;
 * suites that no key of the server and no version of its list can serve are dead letters, and no finding.
 */
function notServed(
  one: TlsObservation,
  protocols: readonly string[] | undefined,
  suites: readonly string[] | undefined,
  subject: EndpointSubject,
): readonly Judgement[] {
  const { accepted } = one.tls;
  if (one.vantage !== 'active' || accepted === undefined) return [];
  if (one.asked?.complete !== true || one.asked.profile === 'quick') return [];
  const taken = new Set(Object.values(accepted.cipherSuites).flat());
  const can = (suite: string): boolean => {
    const { authentication } = suiteProperties(suite);
    if (authentication === 'TLS13') return accepted.versions.includes('TLSv1.3');
    return keyKinds(one).includes(authentication) && accepted.versions.some((version) => version !== 'TLSv1.3');
  };
  const missing = [
    ...(protocols ?? [])
      .filter((version) => /^(?:TLS|SSL)v/.test(version) && !accepted.versions.includes(version))
      .map((value) => ({ value, aspect: 'protocols' as const, served: accepted.versions })),
    ...(suites ?? [])
      .filter((suite) => !isSignallingSuite(suite) && !taken.has(suite) && can(suite))
      .map((value) => ({ value, aspect: 'suites' as const, served: [...taken] })),
  ];
  return missing.map(({ value, aspect, served }) => ({
    verdict: 'fail',
    discriminator: `not served: ${value}`,
    message: `Does not serve ${value}, which its configuration lists: whoever has only that cannot connect.`,
    expected: `${value} (${originOf(subject.expectation, aspect)})`,
    observed: `${value} refused; served: ${listed(served, 6)}`,
    evidence: [evidenceOf(one, `refused ${value}`, { words: [value] })],
    remediation: remedy(
      'Compare the configuration that the process was started with (its log lists it) with the file. If they are equal, Java has disabled it (jdk.tls.disabledAlgorithms of the JVM): take it out of the list on every process, or restart them with another one.',
    ),
  }));
}

/** Kinds of key that the server showed, as suites name them. */
function keyKinds({ tls }: TlsObservation): readonly string[] {
  const leaves = serverChains(tls).flatMap(({ chain }) => chain.slice(0, 1));
  return leaves.flatMap((leaf) => {
    const type = leaf.publicKey.type.toUpperCase();
    return type.startsWith('RSA') ? ['RSA'] : type.startsWith('EC') || type.startsWith('ED') ? ['ECDSA'] : [type];
  });
}

/** JSSE keeps the prefix of SSL 3.0 for the suites of that time. */
function ianaName(suite: string): string {
  return suite.trim().replace(/^SSL_/, 'TLS_');
}
