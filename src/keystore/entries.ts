import type { KeyObject } from 'node:crypto';
import type { DecodeError } from '../bytes/reader.ts';

/** `DER`: one bare certificate. `BCFKS`: of Bouncy Castle, known by its structure and never read. */
export type KeyStoreFormat = 'PEM' | 'PKCS12' | 'JKS' | 'JCEKS' | 'DER' | 'BCFKS';

/** A private key and the certificates that speak for it: DER, leaf first; empty where the file has none for it. */
export interface KeyEntry {
  readonly alias?: string;
  readonly privateKey: KeyObject;
  readonly certificates: readonly Uint8Array[];
}

/** A private key that stayed closed. Its certificates could be read all the same. */
export interface LockedEntry {
  readonly alias?: string;
  readonly certificates: readonly Uint8Array[];
  readonly because: 'password-needed' | 'wrong-password' | 'unsupported';
  /** One clause: what was tried, or what would be needed. */
  readonly detail: string;
}

export interface TrustedEntry {
  readonly alias?: string;
  readonly certificate: Uint8Array;
}

/** What a key store, trust store or PEM bundle holds. All byte arrays are copies. */
export interface KeyStoreEntries {
  /** As the errors call it: the file. */
  readonly name: string;
  readonly format: KeyStoreFormat;
  readonly keys: readonly KeyEntry[];
  readonly locked: readonly LockedEntry[];
  readonly trusted: readonly TrustedEntry[];
  /** Sentences on what was passed over or what other readers would not see; the entries stand nevertheless. */
  readonly problems: readonly string[];
}

export interface KeyStoreOptions {
  /** The file, for messages. */
  readonly name: string;
  readonly password?: string;
  /** Of the keys, where it is not that of the store (Flink's `key-password`). */
  readonly keyPassword?: string;
}

/**
 * `damaged`: not what its format asks for; `unsupported`: well-formed, but of an algorithm or kind that is not read;
 * `empty`: nothing in it; `no-entry`, `ambiguous`: not the one entry that was asked for.
 */
export type KeyStoreFault =
  | 'damaged'
  | 'unsupported'
  | 'wrong-password'
  | 'password-needed'
  | 'empty'
  | 'no-entry'
  | 'ambiguous';

export interface KeyStorePosition {
  /** Byte of the file, or of the decrypted part that the message names. */
  readonly offset?: number;
  /** Line of a text file, from 1. */
  readonly line?: number;
}

/** A key store that cannot be used: which file, where in it, and why. Never holds a password. */
export class KeyStoreError extends Error {
  override readonly name = 'KeyStoreError';
  readonly file: string;
  readonly fault: KeyStoreFault;
  readonly offset?: number;
  readonly line?: number;
  /** What its content says, where that alone is known. */
  readonly format?: KeyStoreFormat;

  constructor(
    file: string,
    fault: KeyStoreFault,
    detail: string,
    position: KeyStorePosition & { readonly format?: KeyStoreFormat } = {},
  ) {
    super(`${file}: ${position.line === undefined ? '' : `line ${position.line}: `}${detail}`);
    this.file = file;
    this.fault = fault;
    if (position.offset !== undefined) this.offset = position.offset;
    if (position.line !== undefined) this.line = position.line;
    if (position.format !== undefined) this.format = position.format;
  }
}

/** The error of a structure that could not be decoded; its text already names field and offset. */
export function decodeFailure(file: string, error: DecodeError, line?: number): KeyStoreError {
  const fault = error.fault === 'unsupported' ? 'unsupported' : 'damaged';
  return new KeyStoreError(file, fault, error.message, {
    offset: error.offset,
    ...(line === undefined ? {} : { line }),
  });
}

/** Private keys that one file may hold; Flink reads one. Opening one may take seconds. */
export const KEYS_MAX = 100;

export function tooManyKeys(file: string): KeyStoreError {
  return new KeyStoreError(file, 'unsupported', `holds more than ${KEYS_MAX} private keys`);
}

/** ` "jm"` for messages, nothing for an entry without an alias. */
export function quoted(alias: string | undefined): string {
  return alias === undefined ? '' : ` ${inQuotes(alias)}`;
}

/** A text of the file in quotes: anything but printable ASCII is escaped, so that it cannot forge lines or colours. */
export function inQuotes(text: string): string {
  return JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
