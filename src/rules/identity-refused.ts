import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { admissions, hasTls, type TlsObservation } from './support/handshakes.ts';
import { isInternal } from './support/protection.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { distinct, evidenceOf, listed } from './support/text.ts';

/** The identity that was given to us (`--identity`) was shown, and the server did not take it. */
export const rule: EndpointRule = {
  id: 'identity-refused',
  scope: 'endpoint',
  title: 'Identity that was given is refused',
  severity: 'high',
  promise: 'client-authentication',
  rationale:
    "If the identity is the cluster's own, the process that refuses it has another truststore or pin than the others: its peers cannot connect to it either. If it is not, nothing is wrong with the cluster, and the endpoint was seen only as far as a stranger sees it.",
  decides:
    'Shows the certificate that --identity gave wherever a server asks for one, in every version that it speaks, and looks whether the server refuses it or goes on.',
  verdicts: {
    pass: 'the identity is taken in every version',
    fail: 'it is refused in at least one version',
    inconclusive: 'the server neither refused it nor went on',
    'not-applicable': 'no identity was shown at the endpoint',
  },
  hears: ['handshake'],
  remediation: remedy(
    'Check truststore and pin of the process (security.ssl.internal.truststore, security.ssl.internal.cert.fingerprint) against the certificate that was shown, and restart it after the change; or give the identity that belongs to this channel.',
  ),
  references: [SECURITY_SSL_PAGE, 'https://www.rfc-editor.org/rfc/rfc8446#section-6.2'],

  appliesTo: hasTls,

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    const shown = admissions(subject).filter(({ proof }) => proof.credential === 'identity');
    if (shown.length === 0) return [{ verdict: 'not-applicable' }];
    const refused = shown.filter(({ proof }) => proof.outcome === 'refused');
    const untold = shown.filter(({ proof }) => proof.outcome === 'unknown');
    if (refused.length === 0 && untold.length === 0) return [{ verdict: 'pass' }];
    const told = refused.length > 0 ? refused : untold;
    const versions = distinct(told.map(({ proof }) => proof.version)).join(', ');
    const evidence = told.map(({ observation, proof }) =>
      evidenceOf(observation, `${proof.version}: ${proof.evidence}`, { words: ['identity'] }),
    );
    const expected = 'our identity admitted';
    if (refused.length === 0) {
      return [
        {
          verdict: 'inconclusive',
          severity: 'info',
          message: 'Whether our identity is let in was not told: the server neither refused it nor went on.',
          expected,
          observed: `no answer to it in ${versions}`,
          evidence,
        },
      ];
    }
    const also = shown.some(({ proof }) => proof.outcome === 'admitted')
      ? ', though it is taken in other versions'
      : '';
    return [
      {
        verdict: 'fail',
        message: `Refuses our identity in ${versions}${also}: ${isInternal(subject, context) ? 'a member of the cluster with this certificate cannot connect either' : 'a client with this certificate cannot connect'}.${wanted(refused[0]!.observation)}`,
        expected,
        observed: refused[0]!.proof.evidence,
        evidence,
      },
    ];
  },
};

function wanted({ tls }: TlsObservation): string {
  const names = tls.clientAuthentication.certificateAuthorities;
  return names.length === 0
    ? ' It names no authority that it wants: a pin may be set.'
    : ` It asks for a certificate issued by ${listed(names, 3)}.`;
}
