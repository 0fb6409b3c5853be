import type { EndpointRule, EndpointSubject, Judgement } from '../model/rule.ts';
import {
  chosenSuites,
  chosenVersions,
  hasTls,
  judgeChosen,
  tlsObservations,
  withoutServerHello,
} from './support/handshakes.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { originOf } from './support/text.ts';

/**
 * Protocol or suite that the configuration does not list, where Flink obeys the list.
 *
 * TLS that is configured and not there at all is the business of `plaintext-channel` and `mixed-tls-and-clear`. The
 * expectation holds only lists that this version obeys on this channel.
 */
export const rule: EndpointRule = {
  id: 'configured-tls-is-not-served',
  scope: 'endpoint',
  title: 'Served protocol or suite is not the configured one',
  severity: 'medium',
  promise: 'values',
  rationale:
    'What a process serves is not what its configuration says: it was started with another file, or before the file was changed, or something in front of it ends TLS. Whatever was decided in that file does not hold.',
  remediation: remedy(
    'Compare the configuration that the process was started with (its log lists it) with the file, and restart the process. If they are equal, look for a proxy or mesh in front.',
  ),
  references: [SECURITY_SSL_PAGE, 'FLINK-39969'],

  appliesTo(subject: EndpointSubject): boolean {
    const { expectation } = subject;
    const listed = expectation?.protocols !== undefined || expectation?.cipherSuites !== undefined;
    return expectation?.basis === 'configuration' && listed && hasTls(subject);
  },

  evaluate(subject: EndpointSubject): readonly Judgement[] {
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
        : judgeChosen(
            subject,
            chosenSuites(observations),
            (value) => !names.includes(value),
            complaint(names, 'suites'),
          );
    return [...byVersion, ...byCipherSuite];
  },
};

/** JSSE keeps the prefix of SSL 3.0 for the suites of that time. */
function ianaName(suite: string): string {
  return suite.trim().replace(/^SSL_/, 'TLS_');
}
