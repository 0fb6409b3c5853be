import type { KeyObject } from 'node:crypto';
import { createPrivateKey } from 'node:crypto';
import { copyOf } from '../bytes/copy.ts';
import { DecodeError } from '../bytes/reader.ts';
import { DerReader, SEQUENCE } from '../x509/der.ts';
import { takeCertificate } from './certificate-entry.ts';
import { CertificatePool, same } from './certificate-pool.ts';
import type { KeyEntry, KeyStoreEntries, KeyStoreOptions, LockedEntry } from './entries.ts';
import { decodeFailure, KEYS_MAX, KeyStoreError, tooManyKeys } from './entries.ts';
import type { PemBlock } from './pem-block.ts';
import { readPemBlocks } from './pem-block.ts';
import type { KeyEncoding } from './private-key.ts';
import { openPkcs8, readPrivateKey } from './private-key.ts';

/**
 * Certificates and private keys of a PEM file (RFC 7468), in any order: each key gets the certificate that fits it and
 * that one's issuers; certificates of no key are trusted.
 *
 * @throws KeyStoreError with the line
 */
export function readPem(bytes: Uint8Array, options: KeyStoreOptions): KeyStoreEntries {
  const contents = new Contents(options);
  for (const block of readPemBlocks(bytes, options.name)) {
    contents.take(block);
    if (contents.keyCount() > KEYS_MAX) throw tooManyKeys(options.name);
  }
  if (contents.isEmpty()) {
    throw new KeyStoreError(options.name, 'empty', 'holds neither a certificate nor a private key');
  }
  return contents.entries();
}

const KEY_ENCODINGS: Readonly<Record<string, KeyEncoding>> = {
  'PRIVATE KEY': 'pkcs8',
  'RSA PRIVATE KEY': 'pkcs1',
  'EC PRIVATE KEY': 'sec1',
};

/** Say nothing that is missed: curves and groups that stand in the keys, too. */
const PASSED_OVER: readonly string[] = ['EC PARAMETERS', 'DH PARAMETERS', 'X9.42 DH PARAMETERS', 'PUBLIC KEY'];

class Contents {
  readonly #options: KeyStoreOptions;
  readonly #certificates: Uint8Array[] = [];
  readonly #keys: KeyObject[] = [];
  readonly #locked: Omit<LockedEntry, 'certificates'>[] = [];
  readonly #problems: string[] = [];

  constructor(options: KeyStoreOptions) {
    this.#options = options;
  }

  take(block: PemBlock): void {
    try {
      this.#read(block);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw decodeFailure(this.#options.name, error, block.line);
    }
  }

  #read(block: PemBlock): void {
    switch (block.label) {
      case 'CERTIFICATE':
      case 'X509 CERTIFICATE':
        this.#certificates.push(takeCertificate(block.der, 'pem'));
        return;
      case 'TRUSTED CERTIFICATE':
        // OpenSSL's own form: the certificate, and behind it what it is trusted for.
        this.#certificates.push(takeCertificate(firstElement(block.der), 'pem'));
        return;
      case 'ENCRYPTED PRIVATE KEY':
        this.#openEncrypted(block);
        return;
    }
    const type = KEY_ENCODINGS[block.label];
    if (type !== undefined && block.encrypted) this.#openTraditional(block);
    else if (type !== undefined) this.#keys.push(this.#expectKey(readPrivateKey(block.der, type), block));
    else if (!PASSED_OVER.includes(block.label)) {
      this.#problems.push(`line ${block.line}: ${JSON.stringify(block.label)} was passed over`);
    }
  }

  #openEncrypted(block: PemBlock): void {
    const outer = new DerReader(block.der, 'pem');
    const info = outer.inside(SEQUENCE, 'encryptedPrivateKeyInfo');
    outer.end();
    const passwords = this.#passwords();
    if (passwords.length === 0) {
      this.#lock(block);
      return;
    }
    const opened = openPkcs8(info, passwords);
    if (opened.kind === 'wrong-password') throw this.#wrongPassword(block);
    this.#keys.push(this.#expectKey(opened.kind === 'key' ? opened.privateKey : undefined, block));
  }

  /** `Proc-Type: 4,ENCRYPTED` of RFC 1421, as OpenSSL wrote it before version 1.0: one round of MD5, so it is quick. */
  #openTraditional(block: PemBlock): void {
    const passwords = this.#passwords();
    if (passwords.length === 0) {
      this.#lock(block);
      return;
    }
    for (const passphrase of passwords) {
      try {
        this.#keys.push(createPrivateKey({ key: block.text, format: 'pem', passphrase }));
        return;
      } catch {
        // OpenSSL has one error for wrong padding and another for each way in which what came out is no key.
      }
    }
    throw this.#wrongPassword(block);
  }

  #passwords(): readonly string[] {
    return [this.#options.keyPassword, this.#options.password].filter((one) => one !== undefined);
  }

  #lock(block: PemBlock): void {
    const detail = `the private key of line ${block.line} is encrypted, and no password was given`;
    this.#locked.push({ because: 'password-needed', detail });
  }

  #wrongPassword(block: PemBlock): KeyStoreError {
    const detail = 'the password does not open this private key';
    return new KeyStoreError(this.#options.name, 'wrong-password', detail, { line: block.line });
  }

  #expectKey(key: KeyObject | undefined, block: PemBlock): KeyObject {
    if (key !== undefined) return key;
    const detail = `${JSON.stringify(block.label)} holds no private key that can be read`;
    throw new KeyStoreError(this.#options.name, 'damaged', detail, { line: block.line });
  }

  keyCount(): number {
    return this.#keys.length + this.#locked.length;
  }

  isEmpty(): boolean {
    return this.#certificates.length + this.keyCount() === 0;
  }

  entries(): KeyStoreEntries {
    const pool = new CertificatePool(this.#certificates);
    const keys = this.#keys.map((privateKey) => this.#keyEntry(privateKey, pool));
    const locked = this.#locked.map((entry) => ({ ...entry, certificates: this.#lockedPath(pool) }));
    const used = [...keys, ...locked].flatMap((entry) => entry.certificates);
    const trusted = this.#certificates
      .filter((one) => !used.some((other) => same(one, other)))
      .map((certificate) => ({ certificate }));
    return { name: this.#options.name, format: 'PEM', keys, locked, trusted, problems: this.#problems };
  }

  #keyEntry(privateKey: KeyObject, pool: CertificatePool): KeyEntry {
    const leaf = pool.leavesOf(privateKey)[0];
    if (leaf === undefined) {
      this.#problems.push('no certificate in it belongs to its private key');
      return { privateKey, certificates: [] };
    }
    return { privateKey, certificates: pool.pathFrom(leaf) };
  }

  /** Whose key is closed cannot be told; by custom the leaf comes first. */
  #lockedPath(pool: CertificatePool): readonly Uint8Array[] {
    const first = this.#certificates[0];
    return this.#locked.length + this.#keys.length > 1 || first === undefined ? [] : pool.pathFrom(first);
  }
}

function firstElement(der: Uint8Array): Uint8Array {
  return copyOf(new DerReader(der, 'pem').element('certificate', SEQUENCE).encoding);
}
