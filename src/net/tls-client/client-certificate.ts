import { writeCertificateVerify } from '../../tls/handshake.ts';
import type { Exchange } from './exchange.ts';
import { chooseScheme, type SignatureForm, signWith } from './signatures.ts';

/** What answers a CertificateRequest. */
export interface ClientCertificate {
  /** DER, leaf first; empty: we have none, or none that fits. */
  readonly certificates: readonly Uint8Array[];
  /** Body of the CertificateVerify over this content; absent where nothing is to be proved. */
  readonly verify?: (content: Uint8Array) => Uint8Array;
}

/** The credential of the request, where its key signs with a scheme that the server takes. Told in the result. */
export function clientCertificate(
  exchange: Exchange,
  schemes: readonly number[],
  form: SignatureForm,
): ClientCertificate {
  const { facts, request } = exchange;
  const { certificates = [], privateKey } = request.credential ?? {};
  const signatureScheme = privateKey && chooseScheme(schemes, privateKey, form);
  if (privateKey !== undefined && signatureScheme === undefined) {
    facts.problem = 'no requested signature scheme fits our key';
  }
  facts.presented = signatureScheme === undefined || certificates.length === 0 ? 'empty' : 'certificate';
  if (facts.presented === 'empty' || privateKey === undefined || signatureScheme === undefined) {
    return { certificates: [] };
  }
  return {
    certificates,
    verify: (content) =>
      writeCertificateVerify({ signatureScheme, signature: signWith(signatureScheme, privateKey, content) }),
  };
}
