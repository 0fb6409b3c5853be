import { toHex } from '../bytes/hex.ts';
import { DecodeError, Reader } from '../bytes/reader.ts';
import { DerReader, INTEGER, SEQUENCE } from '../x509/der.ts';
import { isBouncyCastleStore } from './bcfks.ts';
import { definite } from './ber.ts';
import { takeCertificate } from './certificate-entry.ts';
import { distinct } from './certificate-pool.ts';
import type { KeyEntry, KeyStoreEntries, KeyStoreOptions } from './entries.ts';
import { decodeFailure, inQuotes, KeyStoreError, quoted } from './entries.ts';
import { JCEKS_MAGIC, JKS_MAGIC, readJavaKeyStore } from './jks.ts';
import { readPem } from './pem.ts';
import { looksLikePem } from './pem-block.ts';
import { readPkcs12 } from './pkcs12.ts';

/** The JDK's own trust store has 200 kB. */
export const KEY_STORE_OCTETS_MAX: number = 16 * 1024 * 1024;

/**
 * Reads a key store, trust store or PEM bundle; its content says of which format it is.
 *
 * Opens no file and needs no external tool. Keys that stay closed are listed with their certificates; a password that is
 * given and wrong is an error.
 *
 * @throws KeyStoreError and nothing else, whatever the bytes
 */
export function readKeyStore(bytes: Uint8Array, options: KeyStoreOptions): KeyStoreEntries {
  if (bytes.length === 0) throw new KeyStoreError(options.name, 'empty', 'is empty');
  if (bytes.length > KEY_STORE_OCTETS_MAX) {
    throw new KeyStoreError(options.name, 'unsupported', `larger than ${KEY_STORE_OCTETS_MAX} bytes`);
  }
  try {
    return readerFor(bytes, options.name)(bytes, options);
  } catch (error) {
    throw error instanceof DecodeError ? decodeFailure(options.name, error) : error;
  }
}

type Read = (bytes: Uint8Array, options: KeyStoreOptions) => KeyStoreEntries;

function readerFor(bytes: Uint8Array, name: string): Read {
  const magic = bytes.length >= 4 ? new Reader(bytes).uint32('magic') : 0;
  if (magic === JKS_MAGIC || magic === JCEKS_MAGIC) return readJavaKeyStore;
  if (bytes[0] === SEQUENCE) return readerOfDer(bytes, name);
  if (looksLikePem(bytes)) return readPem;
  const head = `begins with ${toHex(bytes.subarray(0, 8))}`;
  throw new KeyStoreError(name, 'unsupported', `is none of PEM, PKCS#12, JKS, JCEKS (${head})`, { offset: 0 });
}

/** A certificate and a BCFKS store hold a SEQUENCE first, a PKCS#12 file its version. */
function readerOfDer(bytes: Uint8Array, name: string): Read {
  const der = definite(bytes, 'der');
  const inner = new DerReader(der, 'der').inside(SEQUENCE, 'structure');
  if (inner.is(INTEGER)) return readPkcs12;
  if (!inner.is(SEQUENCE)) throw inner.fail('unsupported', 'structure', 'neither PKCS#12 nor a certificate');
  if (!isBouncyCastleStore(der)) return readBareCertificate;
  const detail =
    'is a BCFKS store of Bouncy Castle, which is not read here: list it with keytool -storetype BCFKS and its provider, or convert it to PKCS12';
  throw new KeyStoreError(name, 'unsupported', detail, { offset: 0, format: 'BCFKS' });
}

function readBareCertificate(bytes: Uint8Array, { name }: KeyStoreOptions): KeyStoreEntries {
  const trusted = [{ certificate: takeCertificate(bytes, 'der') }];
  return { name, format: 'DER', keys: [], locked: [], trusted, problems: [] };
}

/**
 * Who we are to a server: the one key of a store, or the one of this alias, with its certificates. Java compares aliases without their case.
 *
 * @throws KeyStoreError that lists the aliases
 */
export function identityOf(entries: KeyStoreEntries, alias?: string): KeyEntry {
  const fits = (one: { readonly alias?: string }): boolean =>
    alias === undefined || one.alias?.toLowerCase() === alias.toLowerCase();
  const keys = entries.keys.filter(fits);
  const locked = entries.locked.filter(fits);
  const only = keys[0];
  if (only !== undefined && keys.length === 1) return withCertificate(entries, only);
  if (keys.length > 1)
    throw new KeyStoreError(entries.name, 'ambiguous', `holds ${keys.length} private keys${listed(keys)}: name one`);
  const closed = locked[0];
  if (closed !== undefined) {
    throw new KeyStoreError(
      entries.name,
      closed.because,
      `the private key${quoted(closed.alias)} stays closed: ${closed.detail}`,
    );
  }
  const all = [...entries.keys, ...entries.locked];
  const detail =
    all.length === 0 ? 'holds no private key' : `holds no private key${quoted(alias)}${listed(all, ', but')}`;
  throw new KeyStoreError(entries.name, 'no-entry', detail);
}

function withCertificate(entries: KeyStoreEntries, entry: KeyEntry): KeyEntry {
  if (entry.certificates.length > 0) return entry;
  const detail = `holds no certificate for its private key${quoted(entry.alias)}`;
  throw new KeyStoreError(entries.name, 'no-entry', detail);
}

/** Aliases named in a message; a store may have thousands. */
const LISTED_MAX = 10;

function listed(entries: readonly { readonly alias?: string }[], joint = ''): string {
  const aliases = entries.map((one) => one.alias).filter((one) => one !== undefined);
  if (aliases.length === 0) return '';
  const more = aliases.length > LISTED_MAX ? `, and ${aliases.length - LISTED_MAX} more` : '';
  return `${joint} (${aliases.slice(0, LISTED_MAX).map(inQuotes).join(', ')}${more})`;
}

/**
 * What a store makes its owner trust, DER, each once.
 *
 * As the JDK's trust manager has it: trusted entries, and of each private key its leaf, since Flink's guide uses one file
 * as key store and trust store. Of PEM files every certificate, as `openssl -CAfile` has it.
 */
export function trustAnchorsOf(entries: KeyStoreEntries): readonly Uint8Array[] {
  const own = [...entries.keys, ...entries.locked].flatMap((entry) =>
    entries.format === 'PEM' ? entry.certificates : entry.certificates.slice(0, 1),
  );
  return distinct([...entries.trusted.map((entry) => entry.certificate), ...own]);
}
