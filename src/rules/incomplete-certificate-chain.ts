import type { Certificate } from '../model/report.ts';
import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import {
  certificateEvidence,
  certificateText,
  isAnchored,
  isSelfSigned,
  type PresentedCertificate,
  presentedCertificates,
  withoutCertificate,
} from './support/certificates.ts';
import { hasTls } from './support/handshakes.ts';
import { keystoreRemedy, remedy } from './support/remedies.ts';

/** Alerts of a client that cannot build a path: certificate_unknown (Java), unknown_ca (OpenSSL and others). */
const NO_PATH_ALERTS: ReadonlySet<number> = new Set([46, 48]);

/**
 * The server sends a chain with a hole: a certificate whose issuer does not follow it.
 *
 * The trust anchor may be left out (RFC 8446 section 4.4.2), so a leaf alone proves nothing: it may be issued by the
 * anchor itself. It is incomplete where a client refused it for want of a path, whole where it leads into the truststore
 * that was given, and undecided else.
 */
export const rule: EndpointRule = {
  id: 'incomplete-certificate-chain',
  scope: 'endpoint',
  title: 'Certificate chain is incomplete or out of order',
  severity: 'medium',
  rationale:
    'A client that trusts only the root needs every certificate in between from the server. Some clients find a missing one by themselves and others do not, so such a chain works for some and fails for others.',
  decides:
    'Goes through the chain that the server sent: the issuer of each certificate has to be the subject of the next. A leaf alone that is not self-signed counts as incomplete where a client refused it with alert 46 or 48, and as whole where the truststore that was given vouches for it.',
  verdicts: {
    pass: 'the chain is unbroken, self-signed, or leads into the truststore',
    fail: 'the chain has a hole or the wrong order',
    inconclusive:
      'the certificate was hidden from the capture (TLS 1.3, resumed sessions, cut packets), or a leaf stands alone and nothing tells whether its issuer is a trust anchor',
    'not-applicable': 'no TLS was seen at the endpoint, or no handshake came as far as a certificate',
  },
  remediation: remedy(
    'Import the whole chain, leaf first, into the keystore entry (keytool -importcert with the chain in one file), and restart the process.',
  ),
  references: [
    'https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2',
    'https://www.rfc-editor.org/rfc/rfc5246#section-7.4.2',
  ],

  appliesTo: hasTls,

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    const leaves = presentedCertificates(subject).filter((one) => one.role === 'server' && one.position === 0);
    if (leaves.length === 0) return [{ verdict: withoutCertificate(subject) }];
    return leaves.map((one): Judgement => {
      const hole = holeOf(one);
      if (hole === 'none') return { verdict: 'pass' };
      if (hole === 'unknown') return { verdict: 'inconclusive' };
      return {
        verdict: 'fail',
        discriminator: one.certificate.sha256,
        message: `The chain that is sent has a hole: ${hole}.`,
        expected: 'leaf, then each issuer in turn, up to the trust anchor or the one below it',
        observed: one.chain.map((certificate) => certificate.subject).join(' <- '),
        evidence: certificateEvidence(one, `${one.chain.length} certificate(s), ${hole}`),
        remediation: keystoreRemedy(subject, context, 'Import the whole chain, leaf first, into the keystore entry.'),
      };
    });
  },
};

function holeOf(one: PresentedCertificate): 'none' | 'unknown' | string {
  const { chain } = one;
  const broken = chain.findIndex((certificate, i) => i + 1 < chain.length && !isIssuedBy(certificate, chain[i + 1]!));
  if (broken !== -1) {
    const [below, above] = [chain[broken]!, chain[broken + 1]!];
    return `${certificateText(below)} was issued by ${below.issuer}, and what follows is ${above.subject}`;
  }
  const last = chain.at(-1)!;
  if (isSelfSigned(last) || chain.length > 1 || isAnchored(one)) return 'none';
  const refusal = one.observations
    .flatMap(({ tls }) => tls.alerts)
    .find((alert) => alert.from === 'client' && NO_PATH_ALERTS.has(alert.code));
  if (refusal === undefined) return 'unknown';
  return `${certificateText(last)} stands alone, its issuer ${last.issuer} is not sent, and a client refused it with alert ${refusal.code} (${refusal.description})`;
}

function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  return certificate.issuer === issuer.subject;
}
