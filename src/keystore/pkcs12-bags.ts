import type { KeyObject } from 'node:crypto';
import { toHex } from '../bytes/hex.ts';
import { DecodeError } from '../bytes/reader.ts';
import type { DerReader } from '../x509/der.ts';
import { contextConstructed, OCTET_STRING, SEQUENCE, SET } from '../x509/der.ts';
import { decodeString } from '../x509/name.ts';
import { takeCertificate } from './certificate-entry.ts';
import { CertificatePool, same } from './certificate-pool.ts';
import type { KeyEntry, KeyStoreEntries, LockedEntry, TrustedEntry } from './entries.ts';
import { KEYS_MAX, quoted } from './entries.ts';
import type { Password } from './password-encryption.ts';
import { openPkcs8, readPrivateKey } from './private-key.ts';

/** Bags that one file may hold; the JDK's own trust store has about 150. */
export const BAGS_MAX = 10_000;
const NESTED_MAX = 4;

/** `bagId` less its last arc (RFC 7292 appendix D). */
const BAG = '1.2.840.113549.1.12.10.1.';
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';
const FRIENDLY_NAME = '1.2.840.113549.1.9.20';
const LOCAL_KEY_ID = '1.2.840.113549.1.9.21';
/** Oracle's attribute: only certificates that have it are trusted entries to Java (JDK-8006591). */
const TRUSTED_KEY_USAGE = '2.16.840.1.113894.746875.1.1';

interface Attributes {
  alias?: string;
  localKeyId?: string;
  trusted?: true;
}

interface CertificateBag extends Attributes {
  readonly der: Uint8Array;
}

interface KeyBag extends Attributes {
  readonly privateKey?: KeyObject;
  readonly locked?: Pick<LockedEntry, 'because' | 'detail'>;
}

/** The bags of all parts of a PKCS#12 file, and the entries that they make together. */
export class SafeBags {
  readonly #passwords: readonly Password[];
  readonly #keyPassword: string | undefined;
  readonly #passwordGiven: boolean;
  readonly #certificates: CertificateBag[] = [];
  readonly #keys: KeyBag[] = [];
  readonly #problems: string[] = [];
  #count = 0;

  constructor(passwords: readonly Password[], keyPassword: string | undefined, passwordGiven: boolean) {
    this.#passwords = passwords;
    this.#keyPassword = keyPassword;
    this.#passwordGiven = passwordGiven;
  }

  hasCertificates(): boolean {
    return this.#certificates.length > 0;
  }

  /** `SafeContents` to the end of the reader. */
  read(outer: DerReader, depth = 0): void {
    const contents = outer.inside(SEQUENCE, 'safeContents');
    outer.end();
    while (contents.remaining > 0) {
      if (++this.#count > BAGS_MAX) throw contents.fail('unsupported', 'safeBag', `more than ${BAGS_MAX}`);
      this.#bag(contents.inside(SEQUENCE, 'safeBag'), depth);
    }
  }

  #bag(bag: DerReader, depth: number): void {
    const id = bag.oid('bagId');
    if ((id === `${BAG}1` || id === `${BAG}2`) && this.#keys.length === KEYS_MAX) {
      throw bag.fail('unsupported', 'bagValue', `more than ${KEYS_MAX} private keys`);
    }
    const value = bag.inside(contextConstructed(0), 'bagValue');
    const attributes = bag.remaining > 0 ? readAttributes(bag.inside(SET, 'bagAttributes')) : {};
    bag.end();
    if (this.#keys.length >= KEYS_MAX)
      throw value.fail('unsupported', 'bagValue', `more than ${KEYS_MAX} private keys`);
    switch (id) {
      case `${BAG}1`:
        this.#clearKey(value, attributes);
        return;
      case `${BAG}2`:
        this.#keys.push({ ...attributes, ...this.#shroudedKey(value.inside(SEQUENCE, 'encryptedPrivateKeyInfo')) });
        return;
      case `${BAG}3`:
        this.#certificate(value.inside(SEQUENCE, 'certBag'), attributes);
        return;
      case `${BAG}6`:
        if (depth >= NESTED_MAX) throw value.fail('unsupported', 'safeContentsBag', `nested deeper than ${NESTED_MAX}`);
        this.read(value, depth + 1);
        return;
      default:
        this.#problems.push(`the ${BAG_NAMES[id] ?? `bag ${id}`}${quoted(attributes.alias)} was passed over`);
    }
  }

  #clearKey(value: DerReader, attributes: Attributes): void {
    const privateKey = readPrivateKey(value.element('privateKeyInfo', SEQUENCE).encoding, 'pkcs8');
    this.#keys.push({ ...attributes, ...(privateKey === undefined ? UNREADABLE : { privateKey }) });
  }

  #shroudedKey(info: DerReader): Pick<KeyBag, 'privateKey' | 'locked'> {
    const passwords = this.#keyPassword === undefined ? this.#passwords : [this.#keyPassword, ...this.#passwords];
    try {
      const opened = openPkcs8(info, passwords);
      if (opened.kind === 'key') return { privateKey: opened.privateKey };
      if (opened.kind === 'unreadable') return UNREADABLE;
      return { locked: this.#passwordGiven ? OTHER_PASSWORD : NO_PASSWORD };
    } catch (error) {
      if (!(error instanceof DecodeError) || error.fault !== 'unsupported') throw error;
      return { locked: { because: 'unsupported', detail: `its encryption is not supported: ${error.message}` } };
    }
  }

  #certificate(bag: DerReader, attributes: Attributes): void {
    const type = bag.oid('certId');
    if (type !== X509_CERTIFICATE) {
      this.#problems.push(`the certificate${quoted(attributes.alias)} of type ${type} was passed over`);
      return;
    }
    const { content } = bag.inside(contextConstructed(0), 'certValue').element('x509Certificate', OCTET_STRING);
    this.#certificates.push({ ...attributes, der: takeCertificate(content, 'pkcs12.x509Certificate') });
  }

  entries(): Pick<KeyStoreEntries, 'keys' | 'locked' | 'trusted' | 'problems'> {
    const pool = new CertificatePool(this.#certificates.map((one) => one.der));
    const problems = [...this.#problems];
    const keys: KeyEntry[] = [];
    const locked: LockedEntry[] = [];
    for (const key of this.#keys) {
      const leaf = this.#leafOf(key, pool);
      if (leaf === undefined) problems.push(`no certificate in it belongs to the private key${quoted(key.alias)}`);
      const entry = { ...aliasOf(key), certificates: leaf === undefined ? [] : pool.pathFrom(leaf) };
      if (key.privateKey !== undefined) keys.push({ ...entry, privateKey: key.privateKey });
      else locked.push({ ...entry, ...(key.locked ?? NO_PASSWORD) });
    }
    const used = [...keys, ...locked].flatMap((entry) => entry.certificates);
    return { keys, locked, trusted: this.#trusted(used, problems), problems };
  }

  /** The key decides where it is open, then the identifier that both bags share; that one alone where it is not. */
  #leafOf(key: KeyBag, pool: CertificatePool): Uint8Array | undefined {
    const named = this.#certificates.filter((one) => one.localKeyId !== undefined && one.localKeyId === key.localKeyId);
    if (key.privateKey === undefined) return named[0]?.der;
    const fitting = pool.leavesOf(key.privateKey);
    return fitting.find((der) => named.some((one) => same(one.der, der))) ?? fitting[0];
  }

  #trusted(used: readonly Uint8Array[], problems: string[]): TrustedEntry[] {
    const marked = this.#certificates.filter((one) => one.trusted === true);
    const rest = this.#certificates.filter((one) => one.trusted !== true && !used.some((der) => same(der, one.der)));
    if (rest.length === 0) return marked.map(trustedEntry);
    const which = `${rest.length} certificate${rest.length === 1 ? '' : 's'} without Java's trust attribute`;
    if (this.#keys.length > 0) {
      problems.push(`${which} and of no private key: Java passes over them, and so does this reading`);
      return marked.map(trustedEntry);
    }
    problems.push(`${which}: Java trusts none of them; import them with keytool -importcert`);
    return [...marked, ...rest].map(trustedEntry);
  }
}

const BAG_NAMES: Readonly<Record<string, string>> = { [`${BAG}4`]: 'revocation list', [`${BAG}5`]: 'secret key' };
const NO_PASSWORD = { because: 'password-needed', detail: 'no password was given' } as const;
const OTHER_PASSWORD = { because: 'wrong-password', detail: 'its password is not that of the store' } as const;
const UNREADABLE = {
  locked: { because: 'unsupported', detail: 'it is damaged, or of a type that is not known' },
} as const;

function trustedEntry(bag: CertificateBag): TrustedEntry {
  return { ...aliasOf(bag), certificate: bag.der };
}

function aliasOf({ alias }: Attributes): { alias?: string } {
  return alias === undefined ? {} : { alias };
}

function readAttributes(set: DerReader): Attributes {
  const attributes: Attributes = {};
  while (set.remaining > 0) {
    const attribute = set.inside(SEQUENCE, 'attribute');
    const id = attribute.oid('attrId');
    const values = attribute.inside(SET, 'attrValues');
    if (id === TRUSTED_KEY_USAGE) attributes.trusted = true;
    if (values.remaining === 0) continue;
    const value = values.element('attrValue');
    const text = id === FRIENDLY_NAME ? decodeString(value) : undefined;
    if (text !== undefined) attributes.alias = text;
    if (id === LOCAL_KEY_ID) attributes.localKeyId = toHex(value.content);
  }
  return attributes;
}
