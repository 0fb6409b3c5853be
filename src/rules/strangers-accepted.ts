import type { AdmissionProof } from '../model/report.ts';
import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { type Admission, admissions, hasTls } from './support/handshakes.ts';
import { isRest } from './support/protection.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { REST_TRUSTSTORE_REMEDY } from './support/rest-open.ts';
import { distinct, evidenceOf, originOf } from './support/text.ts';

type Stranger = Exclude<AdmissionProof['credential'], 'none' | 'identity'>;

const WORDS: Readonly<Record<Stranger, string>> = {
  stranger: 'a certificate that a stranger made for himself',
  'expired-stranger': "a stranger's certificate that has expired",
  'other-authority': 'a certificate of another authority',
  'right-authority-not-pinned': 'a certificate of the right authority that is not the pinned one',
};

/**
 * A certificate that nobody trusts opened a port that demands one.
 *
 * Proven by what the server did next: its Finished, a ticket, an answer. That no certificate is needed at all is told by
 * `no-client-authentication` and `rest-open-to-all`; a certificate that is not the pinned one counts only where the
 * configuration pins one.
 */
export const rule: EndpointRule = {
  id: 'strangers-accepted',
  scope: 'endpoint',
  title: 'Certificate of a stranger is accepted',
  severity: 'high',
  promise: 'client-authentication',
  rationale:
    'A server that asks for a certificate and takes any proves nothing about who connects: whoever makes one on his own laptop is let in as a member of the cluster, and code runs for members. It looks like mutual TLS in every list of settings.',
  decides:
    'Shows certificates that nobody should trust to ports that demand one (self-made, expired, of another authority, of the right authority but not the pinned one) and looks whether the server goes on, by its Finished, a ticket or an answer.',
  verdicts: {
    pass: 'every one of them was refused',
    fail: 'the certificate of a stranger was let in',
    inconclusive: 'the server neither refused it nor went on',
    'not-applicable': 'no such certificate was shown, or the port demands none',
  },
  hears: ['handshake'],
  remediation: remedy(
    "Put into the truststore only the cluster's own authority or certificate, set the pin where many certificates of one authority are about, and restart the process. Let no proxy in front take certificates without checking them.",
  ),
  references: [SECURITY_SSL_PAGE, 'https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2.4'],

  appliesTo: hasTls,

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    const shown = admissions(subject).filter((one) => counts(one, subject));
    if (shown.length === 0) return [{ verdict: 'not-applicable' }];
    const admitted = shown.filter(({ proof }) => proof.outcome === 'admitted');
    const untold = shown.filter(({ proof }) => proof.outcome === 'unknown');
    if (admitted.length === 0 && untold.length === 0) return [{ verdict: 'pass' }];
    const groups = admitted.length > 0 ? admitted : untold;
    return distinct(groups.map(({ proof }) => proof.credential)).map((credential): Judgement => {
      const own = groups.filter(({ proof }) => proof.credential === credential);
      const versions = distinct(own.map(({ proof }) => proof.version)).join(', ');
      const words = WORDS[credential as Stranger];
      const evidence = own.map(({ observation, proof }) =>
        evidenceOf(observation, `${proof.version}: ${proof.evidence}`, {
          words: [credential, credential.replaceAll('-', ' ')],
        }),
      );
      const expected = `every certificate refused that the truststore does not vouch for (${originOf(subject.expectation, 'authentication')})`;
      if (admitted.length === 0) {
        return {
          verdict: 'inconclusive',
          severity: 'info',
          discriminator: credential,
          message: `Whether ${words} is let in was not told: the server neither refused it nor went on.`,
          expected,
          observed: `no answer to it in ${versions}`,
          evidence,
        };
      }
      return {
        verdict: 'fail',
        discriminator: credential,
        message: `Lets ${words} in: client authentication keeps nobody out.`,
        expected,
        observed: `admitted in ${versions}`,
        evidence,
        ...(isRest(subject, context) ? { remediation: REST_REMEDY } : {}),
      };
    });
  },
};

const REST_REMEDY = remedy(
  'Name a REST truststore that holds only the authority of those who may use REST, and restart the process. Until then keep the port away from everyone: REST takes jobs.',
  REST_TRUSTSTORE_REMEDY.settings,
);

/** Where client authentication is expected, or the server itself demands it. */
function counts({ proof, observation }: Admission, { expectation }: EndpointSubject): boolean {
  if (proof.credential === 'none' || proof.credential === 'identity' || proof.outcome === 'not-asked') return false;
  if (proof.credential === 'right-authority-not-pinned' && (expectation?.certificateSha1 ?? []).length === 0)
    return false;
  const { byVersion, verdict } = observation.tls.clientAuthentication;
  return expectation?.clientAuthentication === 'required' || (byVersion?.[proof.version] ?? verdict) === 'required';
}
