import type { KeyObject } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import type { KeyStoreEntries } from '../keystore/entries.ts';
import { KeyStoreError } from '../keystore/entries.ts';
import { identityOf, KEY_STORE_OCTETS_MAX, readKeyStore, trustAnchorsOf } from '../keystore/key-store.ts';
import { Unusable } from './failure.ts';

/** Where a secret comes from. Never from the value of an option: those are seen by every user of the machine. */
export interface SecretSource {
  /** A file, `-` for standard input, or `credential:NAME` for one that systemd passes on (`LoadCredential=`). */
  readonly file?: string | undefined;
  /** Name of an environment variable. */
  readonly env?: string | undefined;
}

/** A key store and its password, as options name them. */
export interface StoreSource {
  /** PEM, PKCS#12, JKS, JCEKS, or one DER certificate; also `-` and `credential:NAME`. */
  readonly file: string;
  readonly passwordFile?: string | undefined;
  readonly passwordEnv?: string | undefined;
}

/** Who we are to a server. */
export interface Identity {
  readonly file: string;
  readonly alias?: string;
  readonly privateKey: KeyObject;
  /** DER, leaf first. */
  readonly certificates: readonly Uint8Array[];
  /** Sentences for standard error. */
  readonly problems: readonly string[];
}

/** What the environment gives; tests give their own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The one private key of `--identity`, with its certificates.
 *
 * @throws Unusable that names the option and the file, and says what to do
 */
export function readIdentity(source: StoreSource, environment: Environment = process.env): Identity {
  return withStore('identity', source, environment, (entries) => {
    const { alias, privateKey, certificates } = identityOf(entries);
    const named = alias === undefined ? {} : { alias };
    return { file: source.file, ...named, privateKey, certificates, problems: entries.problems };
  });
}

/** Certificates of `--truststore`, and what is to be told about the file. */
export interface TrustAnchors {
  readonly file: string;
  /** DER. */
  readonly certificates: readonly Uint8Array[];
  readonly problems: readonly string[];
}

/**
 * All that `--truststore` trusts; at least one certificate.
 *
 * @throws Unusable that names the option and the file, and says what to do
 */
export function readTrustStore(source: StoreSource, environment: Environment = process.env): TrustAnchors {
  return withStore('truststore', source, environment, (entries) => {
    const certificates = trustAnchorsOf(entries);
    if (certificates.length > 0) return { file: source.file, certificates, problems: entries.problems };
    throw new KeyStoreError(source.file, 'no-entry', 'holds no certificate that could be trusted');
  });
}

/** {@link readTrustStore}, only the certificates. */
export function readTrustAnchors(source: StoreSource, environment: Environment = process.env): readonly Uint8Array[] {
  return readTrustStore(source, environment).certificates;
}

/** Options that name a key store. */
export type StoreOption = 'identity' | 'truststore';

function withStore<T>(
  option: StoreOption,
  source: StoreSource,
  environment: Environment,
  use: (entries: KeyStoreEntries) => T,
): T {
  if (source.file === '-' && source.passwordFile === '-') {
    throw new Unusable(`--${option} and --${option}-password-file cannot both be read from standard input`);
  }
  const passwords = readPasswords(option, source, environment);
  const bytes = readBytes(option, source.file, KEY_STORE_OCTETS_MAX, environment);
  try {
    return use(readKeyStore(bytes, { name: source.file, ...passwords }));
  } catch (error) {
    if (!(error instanceof KeyStoreError)) throw error;
    throw new Unusable(`--${option}: ${error.message}${advice(option, source, error)}`);
  }
}

/** Flink lets a key have a password of its own (`key-password`): it stands on the second line of the file. */
function readPasswords(
  option: StoreOption,
  { passwordFile: file, passwordEnv: env }: StoreSource,
  environment: Environment,
): { readonly password?: string; readonly keyPassword?: string } {
  if (file === undefined && env === undefined) return {};
  const [password, keyPassword] = readLines(`${option}-password`, { file, env }, environment);
  return { password, ...(keyPassword === undefined || keyPassword === '' ? {} : { keyPassword }) };
}

/** What the user can do about it, behind the sentence that says what is wrong. */
function advice(option: StoreOption, source: StoreSource, error: KeyStoreError): string {
  switch (error.fault) {
    case 'password-needed':
      return `; give --${option}-password-file FILE or --${option}-password-env NAME`;
    case 'wrong-password':
      return source.passwordEnv === undefined
        ? `; the first line of ${source.passwordFile} is the password of the store, a second one that of the key`
        : `; it was taken from the environment variable ${source.passwordEnv}`;
    case 'no-entry':
      return option === 'identity' ? '; --identity needs a private key and its certificate in one file' : '';
    case 'ambiguous':
      return '; make a file with that one only (keytool -importkeystore -srcalias NAME)';
    default:
      return '';
  }
}

/** Passwords and tokens are short; a larger file was not meant. */
export const SECRET_OCTETS_MAX = 65_536;

/**
 * A password or token: the first line of a file, or the value of an environment variable. Of the options `--NAME-file`
 * and `--NAME-env`.
 *
 * @throws Unusable that names the option, and never holds the secret
 */
export function readSecret(name: string, source: SecretSource, environment: Environment = process.env): string {
  return readLines(name, source, environment)[0];
}

function readLines(name: string, source: SecretSource, environment: Environment): readonly [string, ...string[]] {
  if (source.file !== undefined && source.env !== undefined) {
    throw new Unusable(`--${name}-file and --${name}-env exclude each other`);
  }
  if (source.env !== undefined) return [readVariable(`${name}-env`, source.env, environment)];
  if (source.file === undefined) throw new Unusable(`--${name}-file or --${name}-env is needed`);
  const bytes = readBytes(`${name}-file`, source.file, SECRET_OCTETS_MAX, environment);
  const [first = '', ...more] = Buffer.from(bytes)
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/);
  if (first === '') throw new Unusable(`--${name}-file: the first line of ${source.file} is empty`);
  return [first, ...more];
}

function readVariable(option: string, name: string, environment: Environment): string {
  // What is no name may be the secret itself: it is not repeated.
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new Unusable(`--${option}: wants the name of an environment variable, not the secret`);
  }
  const value = environment[name];
  if (value === undefined) throw new Unusable(`--${option}: there is no environment variable of that name`);
  if (value === '') throw new Unusable(`--${option}: the environment variable ${name} is empty`);
  return value;
}

const STANDARD_INPUT = 0;
const CREDENTIAL = 'credential:';

/** The bytes of a file, of a pipe, or of standard input; no more than `max`, so devices without end do no harm. */
function readBytes(option: string, file: string, max: number, environment: Environment): Uint8Array {
  const target = file.startsWith(CREDENTIAL)
    ? credentialPath(option, file.slice(CREDENTIAL.length), environment)
    : file;
  try {
    const descriptor = target === '-' ? STANDARD_INPUT : openSync(target, 'r');
    try {
      return readUpTo(descriptor, max);
    } finally {
      if (descriptor !== STANDARD_INPUT) closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof RangeError) throw new Unusable(`--${option}: ${file}: larger than ${max} bytes`);
    throw new Unusable(`--${option}: ${file}: ${reason(error as NodeJS.ErrnoException)}`);
  }
}

function readUpTo(descriptor: number, max: number): Uint8Array {
  const parts: Buffer[] = [];
  let total = 0;
  for (;;) {
    const part = Buffer.alloc(65_536);
    const length = readSync(descriptor, part);
    if (length === 0) return new Uint8Array(Buffer.concat(parts));
    total += length;
    if (total > max) throw new RangeError();
    parts.push(part.subarray(0, length));
  }
}

/** `$CREDENTIALS_DIRECTORY/NAME` (systemd.exec(5)). */
function credentialPath(option: string, name: string, environment: Environment): string {
  const folder = environment.CREDENTIALS_DIRECTORY;
  if (folder === undefined || folder === '') {
    throw new Unusable(
      `--${option}: ${CREDENTIAL}${name}: systemd passes no credentials to this process (LoadCredential=)`,
    );
  }
  if (name === '' || name.includes('/') || name.startsWith('.')) {
    throw new Unusable(`--${option}: ${JSON.stringify(name)} is no name of a credential`);
  }
  return path.join(folder, name);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'not readable: permission denied',
  EISDIR: 'is a folder',
  EAGAIN: 'nothing is there to be read: pipe the secret in, or name a file',
};

function reason(error: NodeJS.ErrnoException): string {
  return REASONS[error.code ?? ''] ?? error.message;
}
