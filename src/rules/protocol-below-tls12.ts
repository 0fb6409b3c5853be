import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { chosenVersions, hasTls, judgeChosen, tlsObservations } from './support/handshakes.ts';
import { protocolRemedy, remedy } from './support/remedies.ts';

const OLD_VERSIONS: ReadonlySet<string> = new Set(['SSLv2', 'SSLv3', 'TLSv1', 'TLSv1.1']);

/** The server chose, or takes, a protocol older than TLS 1.2. */
export const rule: EndpointRule = {
  id: 'protocol-below-tls12',
  scope: 'endpoint',
  title: 'Protocol older than TLS 1.2',
  severity: 'high',
  promise: 'values',
  rationale:
    "SSL 2.0 and 3.0 are broken, TLS 1.0 and 1.1 rest on MD5 and SHA-1 and were deprecated in 2021. Flink's default is TLSv1.2 (security.ssl.protocol), so an older version was configured on purpose or comes from a proxy in front.",
  decides:
    'Looks at the version of every TLS connection and at the versions that the server took from a probe: SSLv2, SSLv3, TLSv1 and TLSv1.1 count.',
  verdicts: {
    pass: 'only TLS 1.2 and newer was used or accepted',
    fail: 'an older version was used, or accepted when it was offered',
    inconclusive: 'TLS runs, and no ServerHello was seen',
    'not-applicable': 'no TLS was seen at the endpoint, or no handshake in which the server chose',
  },
  remediation: remedy('Set the protocol on every process and restart them together.', {
    'security.ssl.protocol': 'TLSv1.2',
  }),
  references: ['https://www.rfc-editor.org/rfc/rfc8996', 'https://www.rfc-editor.org/rfc/rfc9325#section-3.1.1'],

  appliesTo: hasTls,

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    return judgeChosen(
      subject,
      chosenVersions(tlsObservations(subject.observations)),
      (version) => OLD_VERSIONS.has(version),
      {
        message: (version, verb) => `${verb === 'Uses' ? 'Speaks' : verb} ${version}, which is deprecated and weak.`,
        expected: 'TLS 1.2 or better',
        remediation: protocolRemedy(subject, context),
      },
    );
  },
};
