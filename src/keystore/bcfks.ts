import { DecodeError } from '../bytes/reader.ts';
import { DerReader, GENERALIZED_TIME, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE } from '../x509/der.ts';

/**
 * Whether a SEQUENCE of SEQUENCEs is a store of Bouncy Castle and no certificate (`org.bouncycastle.asn1.bc.ObjectStore`):
 * first `EncryptedObjectStoreData`, an algorithm and octets, or `ObjectStoreData`, whose third element is a time where a
 * certificate of version 1 has its issuer; then the check of its integrity. Never throws.
 */
export function isBouncyCastleStore(der: Uint8Array): boolean {
  try {
    const store = new DerReader(der, 'bcfks').inside(SEQUENCE, 'objectStore');
    const data = store.inside(SEQUENCE, 'content');
    return data.is(SEQUENCE) ? isEncrypted(data) : isClear(data);
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}

function isEncrypted(data: DerReader): boolean {
  const algorithm = data.inside(SEQUENCE, 'encryptionAlgorithm');
  return algorithm.is(OBJECT_IDENTIFIER) && data.is(OCTET_STRING);
}

function isClear(data: DerReader): boolean {
  if (!data.is(INTEGER)) return false;
  data.element('version', INTEGER);
  data.element('integrityAlgorithm', SEQUENCE);
  return data.is(GENERALIZED_TIME);
}
