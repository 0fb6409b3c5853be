import { createHmac, timingSafeEqual } from 'node:crypto';
import { copyOf } from '../bytes/copy.ts';
import { contextConstructed, contextPrimitive, DerReader, OCTET_STRING, SEQUENCE } from '../x509/der.ts';
import { HASH_ALGORITHMS } from '../x509/object-identifiers.ts';
import { definite } from './ber.ts';
import type { KeyStoreEntries, KeyStoreOptions } from './entries.ts';
import { KeyStoreError } from './entries.ts';
import type { Password } from './password-encryption.ts';
import { HMAC_HASHES, pkcs12Key, readDerivation, readEncryption, readIterations } from './password-encryption.ts';
import { SafeBags } from './pkcs12-bags.ts';

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';

/** Parts of an AuthenticatedSafe; real files have two or three. */
export const SAFES_MAX = 100;

/**
 * Entries of a PKCS#12 file (RFC 7292).
 *
 * The structure is walked here, octet by octet as it stands there: node-forge writes certificates anew, refuses files
 * with secret keys as a whole, knows no Java trust attribute, and counts to any number of rounds. Without a password
 * what is not encrypted is read, and not verified.
 *
 * @throws DecodeError, KeyStoreError
 */
export function readPkcs12(bytes: Uint8Array, options: KeyStoreOptions): KeyStoreEntries {
  const outer = new DerReader(definite(bytes, 'pkcs12'), 'pkcs12');
  const pfx = outer.inside(SEQUENCE, 'pfx');
  const version = pfx.smallInteger('version');
  if (version !== 3) throw pfx.fail('unsupported', 'version', `${version}`);
  const authSafe = readAuthSafe(pfx);
  const verify = pfx.remaining > 0 ? readMac(pfx.inside(SEQUENCE, 'macData'), authSafe.content) : undefined;
  pfx.end();
  const problems = outer.remaining > 0 ? [`${outer.remaining} bytes behind its end were passed over`] : [];
  const passwords = chosenPasswords(options, verify);
  if (passwords.kind === 'unverified')
    problems.push('read without its password, so it may have been changed by others');
  const bags = new SafeBags(passwords.passwords, options.keyPassword, options.password !== undefined);
  const closed = readSafes(authSafe, passwords.passwords, bags, options);
  if (closed && !bags.hasCertificates()) {
    throw new KeyStoreError(
      options.name,
      'password-needed',
      'this PKCS#12 file is encrypted, and no password was given',
    );
  }
  if (closed) problems.push('a part of it is encrypted and was not read');
  const entries = bags.entries();
  return { name: options.name, format: 'PKCS12', ...entries, problems: [...problems, ...entries.problems] };
}

interface Octets {
  readonly content: Uint8Array;
  /** Of the outermost structure, for errors. */
  readonly reader: () => DerReader;
}

function readAuthSafe(pfx: DerReader): Octets {
  const info = pfx.inside(SEQUENCE, 'authSafe');
  const type = info.oid('contentType');
  if (type !== DATA) throw info.fail('unsupported', 'contentType', `${type}: only files that a password protects`);
  return octets(info.inside(contextConstructed(0), 'content'), 'data');
}

function octets(explicit: DerReader, field: string): Octets {
  const element = explicit.element(field, OCTET_STRING);
  return {
    content: element.content,
    reader: () => nested(element.content, field, () => explicit.within(element, field)),
  };
}

/** Octets that hold BER themselves: made definite, their offsets count from their own start. */
function nested(content: Uint8Array, field: string, inPlace: () => DerReader): DerReader {
  const clear = definite(content, `pkcs12.${field}`);
  return clear === content ? inPlace() : new DerReader(clear, `pkcs12.${field}`);
}

type Verification = (password: Password) => boolean;

/** Of HMAC keys, by the hash. */
const DIGEST_OCTETS: Readonly<Record<string, number>> = {
  md5: 16,
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};
const PBMAC1 = '1.2.840.113549.1.5.14';

/** RFC 7292 section 4 and appendix B; PBMAC1 of RFC 9579. */
function readMac(mac: DerReader, data: Uint8Array): Verification {
  const digestInfo = mac.inside(SEQUENCE, 'mac');
  const algorithm = digestInfo.inside(SEQUENCE, 'digestAlgorithm');
  const oid = algorithm.oid('algorithm');
  const keyed = oid === PBMAC1 ? readPbmac1(algorithm.inside(SEQUENCE, 'PBMAC1-params')) : undefined;
  const expected = digestInfo.element('digest', OCTET_STRING).content;
  const salt = mac.element('macSalt', OCTET_STRING).content;
  const iterations = mac.remaining > 0 ? readIterations(mac) : 1;
  const equals = (hash: string, key: Uint8Array): boolean => {
    const found = createHmac(hash, key).update(data).digest();
    return found.length === expected.length && timingSafeEqual(found, expected);
  };
  if (keyed !== undefined) return (password) => equals(keyed.hash, keyed.key(password));
  const hash = HASH_ALGORITHMS[oid];
  if (hash === undefined) throw algorithm.fail('unsupported', 'algorithm', `MAC ${oid}`);
  return (password) => equals(hash, pkcs12Key(hash, 3, password, salt, iterations, DIGEST_OCTETS[hash]!));
}

function readPbmac1(params: DerReader): { readonly hash: string; readonly key: (password: Password) => Uint8Array } {
  const { keyOctets, derive } = readDerivation(params.inside(SEQUENCE, 'keyDerivationFunc'));
  const scheme = params.inside(SEQUENCE, 'messageAuthScheme');
  const oid = scheme.oid('algorithm');
  const hash = HMAC_HASHES[oid];
  if (hash === undefined) throw scheme.fail('unsupported', 'algorithm', `MAC ${oid}`);
  return { hash, key: (password) => derive(password, keyOctets ?? DIGEST_OCTETS[hash]!) };
}

interface ChosenPasswords {
  readonly kind: 'verified' | 'unverified' | 'no-mac';
  /** Those that may open the parts. */
  readonly passwords: readonly Password[];
}

/** Tools write "no password" in two ways, so where none is given both are tried. */
function chosenPasswords(options: KeyStoreOptions, verify: Verification | undefined): ChosenPasswords {
  const candidates: readonly Password[] = options.password === undefined ? ['', null] : [options.password];
  if (verify === undefined) return { kind: 'no-mac', passwords: candidates };
  const fitting = candidates.find(verify);
  if (fitting !== undefined) return { kind: 'verified', passwords: [fitting] };
  if (options.password === undefined) return { kind: 'unverified', passwords: candidates };
  const detail = 'the password is wrong, or the file was changed: its MAC does not verify';
  throw new KeyStoreError(options.name, 'wrong-password', detail);
}

/** Reads all parts into `bags`; true where one stayed closed for want of a password. */
function readSafes(
  authSafe: Octets,
  passwords: readonly Password[],
  bags: SafeBags,
  options: KeyStoreOptions,
): boolean {
  const outer = authSafe.reader();
  const safes = outer.inside(SEQUENCE, 'authenticatedSafe');
  outer.end();
  let closed = false;
  for (let count = 0; safes.remaining > 0; count++) {
    if (count >= SAFES_MAX) throw safes.fail('unsupported', 'contentInfo', `more than ${SAFES_MAX} parts`);
    const info = safes.inside(SEQUENCE, 'contentInfo');
    const type = info.oid('contentType');
    if (type !== DATA && type !== ENCRYPTED_DATA) throw info.fail('unsupported', 'contentType', type);
    const content = info.inside(contextConstructed(0), 'content');
    if (type === DATA) {
      bags.read(octets(content, 'safeContents').reader());
      continue;
    }
    const clear = decryptSafe(content.inside(SEQUENCE, 'encryptedData'), passwords);
    if (clear !== undefined) bags.read(new DerReader(definite(clear, 'decrypted'), 'pkcs12.decrypted'));
    else if (options.password === undefined) closed = true;
    else {
      const detail = 'the password is wrong: what it encrypts cannot be read';
      throw new KeyStoreError(options.name, 'wrong-password', detail);
    }
  }
  return closed;
}

/** `EncryptedData` of RFC 5652 section 8; `undefined` where no password opens it. */
function decryptSafe(encrypted: DerReader, passwords: readonly Password[]): Uint8Array | undefined {
  encrypted.smallInteger('version');
  const info = encrypted.inside(SEQUENCE, 'encryptedContentInfo');
  const type = info.oid('contentType');
  if (type !== DATA) throw info.fail('unsupported', 'contentType', type);
  const decrypt = readEncryption(info.inside(SEQUENCE, 'contentEncryptionAlgorithm'));
  const data = encryptedOctets(info);
  for (const password of passwords) {
    const clear = decrypt(data, password);
    if (clear !== undefined && isSequence(clear)) return clear;
  }
  return undefined;
}

/** `[0] IMPLICIT OCTET STRING`, in one piece or, as NSS writes it, in several. */
function encryptedOctets(info: DerReader): Uint8Array {
  if (!info.is(contextConstructed(0))) return info.element('encryptedContent', contextPrimitive(0)).content;
  const pieces = info.inside(contextConstructed(0), 'encryptedContent');
  const parts: Uint8Array[] = [];
  while (pieces.remaining > 0) parts.push(pieces.element('encryptedContent', OCTET_STRING).content);
  return copyOf(Buffer.concat(parts));
}

function isSequence(clear: Uint8Array): boolean {
  try {
    const reader = new DerReader(definite(clear, 'decrypted'));
    reader.element('safeContents', SEQUENCE);
    return reader.remaining === 0;
  } catch {
    return false;
  }
}
