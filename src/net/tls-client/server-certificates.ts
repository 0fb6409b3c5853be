import { copyOf } from '../../bytes/copy.ts';
import type { CertificateRequest12 } from '../../tls/certificate-request.ts';
import { CLIENT_CERTIFICATE_TYPES, signatureSchemeName } from '../../tls/code-points.ts';
import { malformed } from './ending.ts';
import type { Exchange } from './exchange.ts';
import { certificateKey, checkSignature, type SignatureForm } from './signatures.ts';
import type { RequestedCertificate } from './types.ts';

/** A CertificateRequest as results tell it. */
export function requestedCertificate(request: CertificateRequest12): RequestedCertificate {
  return {
    authorities: request.authorities.map((name) => copyOf(name)),
    types: request.certificateTypes.map(CLIENT_CERTIFICATE_TYPES.name),
    signatureSchemes: (request.signatureSchemes ?? []).map(signatureSchemeName),
  };
}

/**
 * Verifies what the server signed with the key of its certificate.
 *
 * @returns why it could not be checked, where Node does not know the key or the scheme
 * @throws Ending where the signature is wrong, or its scheme was not offered
 */
export function verifyServerSignature(
  exchange: Exchange,
  scheme: number,
  form: SignatureForm,
  content: Uint8Array,
  signature: Uint8Array,
): string | undefined {
  const name = signatureSchemeName(scheme);
  exchange.facts.signatureScheme = name;
  if (!exchange.request.offer.signatureSchemes.includes(scheme)) throw malformed(`${name} was not offered`);
  const [leaf] = exchange.facts.certificates ?? [];
  if (leaf === undefined) throw malformed('a signature without a certificate');
  const key = certificateKey(leaf);
  if (key === undefined) return 'public key of the certificate cannot be read';
  const check = checkSignature(scheme, key, form, content, signature);
  if (check === 'invalid') throw malformed(`signature of the server (${name}) does not verify`);
  return check === 'valid' ? undefined : `signatures of ${name} cannot be checked`;
}
