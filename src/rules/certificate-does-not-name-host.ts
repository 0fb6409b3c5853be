import type { Certificate, Endpoint } from '../model/report.ts';
import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import {
  certificateEvidence,
  certificateText,
  presentedCertificates,
  withoutCertificate,
} from './support/certificates.ts';
import { hasTls, type TlsObservation, tlsObservations } from './support/handshakes.ts';
import { commonName, holds } from './support/host-names.ts';
import { isRest } from './support/protection.ts';
import { keystoreRemedy, remedy } from './support/remedies.ts';
import { distinct } from './support/text.ts';

/**
 * Certificate of REST, history server or SQL gateway that does not name its host.
 *
 * Clients check the name they connect to. Where one sent it (SNI), that counts; else the address and the member's name
 * are tried, and where no name is known and the certificate holds some, nothing can be told. Of the internal channels one
 * checks names, and not in all versions: `data-certificate-does-not-name-host`.
 */
export const rule: EndpointRule = {
  id: 'certificate-does-not-name-host',
  scope: 'endpoint',
  title: 'REST certificate does not name its host',
  severity: 'medium',
  rationale:
    'Browsers, curl and other HTTP clients compare the name they connect to with the subject alternative names; the common name no longer counts. A certificate without the name teaches people to switch the check off (curl -k), and then anyone can sit in the middle.',
  decides:
    'Compares the leaf certificate of REST, history server or SQL gateway with the names that clients sent (server_name) or a probe was given; where there is none, with the name of the member and the address. Only subject alternative names count, not the common name.',
  verdicts: {
    pass: 'the certificate holds every name that was asked for, or the name of the member or the address',
    fail: 'a name that clients use is missing in the certificate',
    inconclusive:
      'the certificate was hidden from the capture (TLS 1.3, resumed sessions, cut packets), or it holds names and nobody knows by which clients come',
    'not-applicable':
      'no TLS was seen at the endpoint, or no handshake came as far as a certificate; internal channels are judged elsewhere',
  },
  remediation: remedy(
    'Issue the REST certificate with the host names and addresses that clients use (keytool -ext SAN=dns:jobmanager,ip:10.0.0.1).',
  ),
  references: [
    'https://www.rfc-editor.org/rfc/rfc9525#section-6.3',
    'https://www.rfc-editor.org/rfc/rfc9110#section-4.3.4',
  ],

  appliesTo(subject: EndpointSubject, context: RuleContext): boolean {
    return isRest(subject, context) && hasTls(subject);
  },

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    const leaves = presentedCertificates(subject).filter((one) => one.role === 'server' && one.position === 0);
    if (leaves.length === 0) return [{ verdict: withoutCertificate(subject) }];
    return leaves.map((one): Judgement => {
      const asked = distinct(tlsObservations(subject.observations).map(nameAskedFor));
      const standing = naming(one.certificate, asked, subject.server);
      if (standing !== 'missing') return { verdict: standing === 'named' ? 'pass' : 'inconclusive' };
      const names = asked.length > 0 ? asked : candidates(subject.server);
      const held = one.certificate.subjectAltNames;
      const common = commonName(one.certificate);
      const inCommonName =
        held.length === 0 && common !== undefined ? `; the common name ${common} does not count` : '';
      return {
        verdict: 'fail',
        discriminator: one.certificate.sha256,
        message: `The certificate ${certificateText(one.certificate)} does not name ${names.join(' or ')}${inCommonName}.`,
        expected: `${names.join(' or ')} among the subject alternative names`,
        observed: held.length === 0 ? `no subject alternative name${inCommonName}` : held.join(', '),
        evidence: certificateEvidence(
          one,
          `${certificateText(one.certificate)} names ${held.length === 0 ? 'nothing' : held.join(', ')}`,
        ),
        remediation: keystoreRemedy(
          subject,
          context,
          `Issue a certificate that names ${names.join(', ')} (keytool -ext SAN=dns:…,ip:…).`,
        ),
      };
    });
  },
};

/** A probe may have been refused for the name, or cannot send it; people still reach the server by it. */
function nameAskedFor({ tls, asked, server }: TlsObservation): string | undefined {
  const given = asked?.name === server.host ? undefined : asked?.name;
  return tls.serverName ?? tls.refusedServerName?.name ?? given;
}

function naming(certificate: Certificate, asked: readonly string[], server: Endpoint): 'named' | 'missing' | 'unknown' {
  const held = certificate.subjectAltNames;
  if (asked.length > 0) return asked.every((name) => holds(held, name)) ? 'named' : 'missing';
  if (candidates(server).some((name) => holds(held, name))) return 'named';
  const holdsNames = held.some((name) => name.startsWith('DNS:'));
  return holdsNames && server.member === undefined ? 'unknown' : 'missing';
}

function candidates(server: Endpoint): readonly string[] {
  return distinct([server.member, server.host]);
}
