import { createHash, timingSafeEqual } from 'node:crypto';
import { Reader } from '../bytes/reader.ts';
import { DerReader, OCTET_STRING, SEQUENCE } from '../x509/der.ts';
import { takeCertificate } from './certificate-entry.ts';
import type { KeyEntry, KeyStoreEntries, KeyStoreOptions, LockedEntry, TrustedEntry } from './entries.ts';
import { KEYS_MAX, KeyStoreError, quoted, tooManyKeys } from './entries.ts';
import { openJavaKey } from './java-key.ts';

/** First four bytes of Sun's two formats (`sun.security.provider.JavaKeyStore`, `com.sun.crypto.provider.JceKeyStore`). */
export const JKS_MAGIC = 0xfeedfeed;
export const JCEKS_MAGIC = 0xcececece;

const PRIVATE_KEY = 1;
const TRUSTED_CERTIFICATE = 2;
const SECRET_KEY = 3;
const DIGEST_OCTETS = 20;
/** A key of RSA 16384 takes 9,400 octets; jks-js needs time in the square of this. */
export const PROTECTED_KEY_OCTETS_MAX = 65_536;

/**
 * Entries of a JKS or JCEKS file. The layout of both is the same, and is walked here, since jks-js reads over the end
 * of damaged files; jks-js opens the keys of JKS. Without a password the certificates are read, and not verified.
 *
 * @throws DecodeError, KeyStoreError
 */
export function readJavaKeyStore(bytes: Uint8Array, options: KeyStoreOptions): KeyStoreEntries {
  const format = new Reader(bytes).uint32('magic') === JKS_MAGIC ? 'JKS' : 'JCEKS';
  const path = format.toLowerCase();
  const { entries, complete, remaining } = walk(new Reader(bytes, path), bytes.length);
  const problems: string[] = [];
  if (complete === 'secret-key') problems.push('entries from the first secret key on were passed over');
  if (complete === 'all' && remaining > DIGEST_OCTETS) {
    problems.push(`${remaining - DIGEST_OCTETS} bytes behind its end were passed over`);
  }
  const end = complete === 'all' ? bytes.length - remaining : bytes.length - DIGEST_OCTETS;
  verify(bytes, end, options);
  if (options.password === undefined) problems.push('read without its password, so it may have been changed by others');
  if (entries.filter((entry) => entry.kind === 'key').length > KEYS_MAX) throw tooManyKeys(options.name);
  const keys: KeyEntry[] = [];
  const locked: LockedEntry[] = [];
  const trusted: TrustedEntry[] = [];
  for (const entry of entries) {
    if (entry.kind === 'trusted') trusted.push({ alias: entry.alias, certificate: entry.certificate });
    else if (entry.kind === 'foreign') problems.push(`the certificate${quoted(entry.alias)} is no X.509 certificate`);
    else openEntry(entry, options, keys, locked);
  }
  return { name: options.name, format, keys, locked, trusted, problems };
}

type RawEntry =
  | {
      readonly kind: 'key';
      readonly alias: string;
      readonly info: DerReader;
      readonly certificates: readonly Uint8Array[];
    }
  | { readonly kind: 'trusted'; readonly alias: string; readonly certificate: Uint8Array }
  | { readonly kind: 'foreign'; readonly alias: string };

interface Walk {
  readonly entries: readonly RawEntry[];
  /** A secret key is a serialised Java object without a length: what follows it cannot be found. */
  readonly complete: 'all' | 'secret-key';
  /** Bytes from the digest on. */
  readonly remaining: number;
}

function walk(reader: Reader, length: number): Walk {
  reader.uint32('magic');
  const version = reader.uint32('version');
  if (version !== 1 && version !== 2) throw reader.fail('unsupported', 'version', `${version}`);
  const count = reader.uint32('count');
  const entries: RawEntry[] = [];
  for (let i = 0; i < count; i++) {
    const tag = reader.uint32('tag');
    const alias = readUtf(reader, 'alias');
    reader.skip(8, 'date');
    if (tag === SECRET_KEY) return { entries, complete: 'secret-key', remaining: length - reader.offset };
    if (tag === PRIVATE_KEY) entries.push(readKey(reader, alias, version));
    else if (tag === TRUSTED_CERTIFICATE) entries.push(readTrusted(reader, alias, version));
    else throw reader.fail('illegal-value', 'tag', `${tag}`);
  }
  const remaining = reader.remaining;
  reader.skip(DIGEST_OCTETS, 'digest');
  return { entries, complete: 'all', remaining };
}

/** `DataOutputStream.writeUTF`; aliases are ASCII but for rare ones, so its two deviations from UTF-8 do not matter. */
function readUtf(reader: Reader, field: string): string {
  return Buffer.from(reader.bytes(reader.uint16(field), field)).toString('utf8');
}

function readKey(reader: Reader, alias: string, version: number): RawEntry {
  const length = reader.uint32('protectedKey');
  if (length > PROTECTED_KEY_OCTETS_MAX) {
    throw reader.fail('length-out-of-range', 'protectedKey', `${length} bytes`);
  }
  const path = `${reader.path}.protectedKey`;
  const outer = new DerReader(reader.bytes(length, 'protectedKey'), path);
  const info = outer.inside(SEQUENCE, 'encryptedPrivateKeyInfo');
  outer.end();
  const chainLength = reader.uint32('chain');
  const certificates: Uint8Array[] = [];
  for (let i = 0; i < chainLength; i++) {
    const certificate = readCertificate(reader, version);
    if (certificate !== undefined) certificates.push(certificate);
  }
  return { kind: 'key', alias, info, certificates };
}

function readTrusted(reader: Reader, alias: string, version: number): RawEntry {
  const certificate = readCertificate(reader, version);
  return certificate === undefined ? { kind: 'foreign', alias } : { kind: 'trusted', alias, certificate };
}

/** `undefined` for one that is no X.509 certificate. */
function readCertificate(reader: Reader, version: number): Uint8Array | undefined {
  const type = version === 2 ? readUtf(reader, 'certificateType') : 'X.509';
  const der = reader.bytes(reader.uint32('certificate'), 'certificate');
  return /^X\.?509$/.test(type) ? takeCertificate(der, `${reader.path}.certificate`) : undefined;
}

/** SHA-1 of the password, a pinch of salt that is the same everywhere, and all that stands before it. */
function verify(bytes: Uint8Array, end: number, options: KeyStoreOptions): void {
  if (options.password === undefined) return;
  const digest = createHash('sha1')
    .update(Buffer.from(options.password, 'utf16le').swap16())
    .update('Mighty Aphrodite')
    .update(bytes.subarray(0, end))
    .digest();
  if (timingSafeEqual(digest, bytes.subarray(end, end + DIGEST_OCTETS))) return;
  const detail = 'the password is wrong, or the file was changed: its digest does not verify';
  throw new KeyStoreError(options.name, 'wrong-password', detail);
}

function openEntry(
  entry: Extract<RawEntry, { kind: 'key' }>,
  options: KeyStoreOptions,
  keys: KeyEntry[],
  locked: LockedEntry[],
): void {
  const { alias, certificates } = entry;
  const algorithm = entry.info.inside(SEQUENCE, 'encryptionAlgorithm');
  const data = entry.info.element('encryptedData', OCTET_STRING);
  entry.info.end();
  const passwords = [options.keyPassword, options.password].filter((one) => one !== undefined);
  if (passwords.length === 0) {
    locked.push({ alias, certificates, because: 'password-needed', detail: 'no password was given' });
    return;
  }
  const opened = openJavaKey(algorithm, data.content, passwords);
  if (opened.kind === 'key') keys.push({ alias, privateKey: opened.privateKey, certificates });
  else locked.push({ alias, certificates, because: opened.kind, detail: opened.detail });
}
