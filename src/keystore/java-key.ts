import type { KeyObject } from 'node:crypto';
import { createPrivateKey, hash } from 'node:crypto';
import { decrypt } from 'jks-js';
import type { DerReader } from '../x509/der.ts';
import { OCTET_STRING, SEQUENCE } from '../x509/der.ts';
import { definiteValue } from './ber.ts';
import { decipher, readIterations } from './password-encryption.ts';
import { readPrivateKey } from './private-key.ts';

export type OpenedJavaKey =
  | { readonly kind: 'key'; readonly privateKey: KeyObject }
  | { readonly kind: 'wrong-password' | 'unsupported'; readonly detail: string };

/** `sun.security.provider.KeyProtector`, of JKS. */
const JAVASOFT_PROTECTOR = '1.3.6.1.4.1.42.2.17.1.1';
/** PBEWithMD5AndTripleDES as `com.sun.crypto.provider` has it, of JCEKS. */
const SUN_JCE_PBE = '1.3.6.1.4.1.42.2.19.1';
/** Salt and digest of SHA-1 around the key. */
const PROTECTOR_OCTETS_MIN = 41;

/**
 * Opens a private key as Sun's key stores protect it, with the first password that fits.
 *
 * @param algorithm the content of the `AlgorithmIdentifier`
 * @throws DecodeError
 */
export function openJavaKey(algorithm: DerReader, data: Uint8Array, passwords: readonly string[]): OpenedJavaKey {
  const oid = algorithm.oid('algorithm');
  const open =
    oid === JAVASOFT_PROTECTOR
      ? readProtector(algorithm, data)
      : oid === SUN_JCE_PBE
        ? readPbe(algorithm, data)
        : undefined;
  if (open === undefined) return { kind: 'unsupported', detail: `its protection ${oid} is not known` };
  for (const password of passwords) {
    const opened = open(password);
    if (opened !== undefined) return opened;
  }
  return { kind: 'wrong-password', detail: 'its password is not that of the store' };
}

/** `undefined` for a password that does not fit. */
type Opening = (password: string) => OpenedJavaKey | undefined;

function readProtector(algorithm: DerReader, data: Uint8Array): Opening {
  if (data.length < PROTECTOR_OCTETS_MIN) {
    throw algorithm.fail('length-out-of-range', 'encryptedData', `${data.length} bytes`);
  }
  const info = encryptedInfo(data);
  return (password) => {
    try {
      return { kind: 'key', privateKey: createPrivateKey(decrypt(info, password)) };
    } catch (error) {
      // jks-js has no error types: this text says that the digest over the key does not fit.
      if (error instanceof Error && error.message === 'Cannot recover key') return undefined;
      const detail = 'it is of a type that is not read from JKS: convert the file with keytool -importkeystore';
      return { kind: 'unsupported', detail };
    }
  };
}

/** The structure anew: jks-js takes it whole, and trusts its lengths. */
function encryptedInfo(data: Uint8Array): Buffer {
  const algorithm = Buffer.from('300e060a2b060104012a021101010500', 'hex');
  return definiteValue(SEQUENCE, Buffer.concat([algorithm, definiteValue(OCTET_STRING, data)]));
}

function readPbe(algorithm: DerReader, data: Uint8Array): Opening {
  const params = algorithm.inside(SEQUENCE, 'PBEParameter');
  const salt = params.element('salt', OCTET_STRING).content;
  if (salt.length !== 8) throw params.fail('length-out-of-range', 'salt', `${salt.length} bytes`);
  const iterations = readIterations(params);
  return (password) => {
    const derived = sunJceKey(password, salt, iterations);
    const clear = decipher('des-ede3-cbc', derived.subarray(0, 24), derived.subarray(24), data);
    const privateKey = clear && readPrivateKey(clear, 'pkcs8');
    return privateKey && { kind: 'key', privateKey };
  };
}

/** `PBES1Core.deriveCipherKey`: each half of the salt hashed by itself, with the password behind it in each round. */
function sunJceKey(password: string, salt: Uint8Array, iterations: number): Uint8Array {
  const [first, second] = [salt.subarray(0, 4), salt.subarray(4)];
  // Equal halves are told apart as the JDK does it: by a reversal with a slip in it, kept since for compatibility.
  const half = Buffer.compare(first, second) === 0 ? Uint8Array.of(salt[3]!, salt[0]!, salt[1]!, salt[3]!) : first;
  const octets = Buffer.from(password, 'latin1');
  const parts = [half, second].map((start) => {
    let digest: Uint8Array = start;
    for (let round = 0; round < iterations; round++) digest = hash('md5', Buffer.concat([digest, octets]), 'buffer');
    return digest;
  });
  return new Uint8Array(Buffer.concat(parts));
}
