import type { AdmissionProof, ClientAuthentication } from '../../model/tls.ts';
import type { HandshakeResult } from '../../net/tls-client/types.ts';
import { refusalText } from './session.ts';

/** What one version says of client authentication, and why one may say so. */
export interface VersionVerdict {
  readonly verdict: ClientAuthentication['verdict'];
  readonly presented: ClientAuthentication['presented'];
  readonly evidence: string;
}

/**
 * The verdict of a handshake in which we had no certificate to show.
 *
 * `required` needs a refusal after the empty Certificate, whatever its form: alerts 40, 42, 46, 50, 116, FIN and RST all
 * occur. `requested` needs proof that the server went on: its Finished in TLS 1.2, a ticket or an answer in 1.3; silence
 * proves nothing, since in TLS 1.3 the client is done before the server judges.
 */
export function verdictOf(result: HandshakeResult): VersionVerdict {
  const { certificateRequest } = result;
  if (certificateRequest === 'none') {
    return { verdict: 'not-requested', presented: 'none', evidence: 'the server flight has no CertificateRequest' };
  }
  if (certificateRequest === undefined) {
    return { verdict: 'unknown', presented: 'unknown', evidence: `the server flight was not read to its end` };
  }
  const presented =
    result.presented === 'certificate' ? 'certificate' : result.presented === 'empty' ? 'empty' : 'none';
  if (result.end === 'refused' && result.refusal?.after !== 'client_hello') {
    return { verdict: 'required', presented, evidence: `empty Certificate refused by ${refusalText(result)}` };
  }
  if (result.end === 'finished') {
    return { verdict: 'requested', presented, evidence: `empty Certificate accepted: ${proofText(result)}` };
  }
  const reason =
    result.end === 'unproven' ? 'silence after our Finished proves nothing' : (result.problem ?? result.end);
  return { verdict: 'unknown', presented, evidence: `CertificateRequest seen; ${reason}` };
}

/** What showing a certificate came to. */
export function admissionOf(credential: AdmissionProof['credential'], result: HandshakeResult): AdmissionProof {
  const version = result.version ?? 'unknown';
  if (result.certificateRequest === 'none') {
    return { credential, version, outcome: 'not-asked', evidence: 'the server asked for no certificate' };
  }
  if (result.end === 'refused') {
    return { credential, version, outcome: 'refused', evidence: `refused by ${refusalText(result)}` };
  }
  if (result.end === 'finished' && (result.presented === 'certificate' || credential === 'none')) {
    return { credential, version, outcome: 'admitted', evidence: `accepted: ${proofText(result)}` };
  }
  return { credential, version, outcome: 'unknown', evidence: result.problem ?? `no verdict: ${result.end}` };
}

function proofText({ proof }: HandshakeResult): string {
  switch (proof) {
    case 'server-finished':
      return 'the server sent its Finished';
    case 'ticket':
      return 'the server sent a session ticket';
    case 'application-data':
      return 'the server answered with application data';
    default:
      return 'the server went on';
  }
}
