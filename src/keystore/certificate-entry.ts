import { copyOf } from '../bytes/copy.ts';
import { readCertificateParts } from '../x509/certificate.ts';
import { DerReader, SEQUENCE } from '../x509/der.ts';

/**
 * A copy of one certificate, if it is one: its structure can be read up to the subject's name. What else is wrong with
 * it, is for those to say who judge it.
 *
 * @throws DecodeError
 */
export function takeCertificate(der: Uint8Array, path: string): Uint8Array {
  const reader = new DerReader(der, path);
  const { encoding } = reader.element('certificate', SEQUENCE);
  reader.end();
  const { subject, certificate } = readCertificateParts(encoding);
  if (subject === undefined) throw reader.fail('illegal-value', 'certificate', certificate.problem);
  return copyOf(encoding);
}
