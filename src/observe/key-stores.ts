import { readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { namedStores, STORE_FAMILIES } from '../flink/ssl-stores.ts';
import type { KeyStoreEntries } from '../keystore/entries.ts';
import { KeyStoreError } from '../keystore/entries.ts';
import { KEY_STORE_OCTETS_MAX, readKeyStore, trustAnchorsOf } from '../keystore/key-store.ts';
import type { EffectiveConfiguration } from '../model/probe.ts';
import type { StoreEntry, StoreFacts, StoreState, StoreSubject, StoreTrust, StoreUse } from '../model/rule.ts';
import { CertificateCache } from '../x509/certificate.ts';
import { evaluateTrust } from '../x509/trust.ts';
import { fileFacts } from './file-facts.ts';
import { exists, storeCandidates } from './store-path.ts';

/** A configuration whose stores are to be read, with the folder or file that it came from. */
export interface StoreOwner {
  readonly member: string | null;
  readonly path: string;
  readonly configuration: EffectiveConfiguration;
}

export interface GivenStore {
  readonly path: string;
  readonly password?: string;
  readonly keyPassword?: string;
}

export interface StoreReadings {
  readonly subjects: readonly StoreSubject[];
  /** By the owners' order. */
  readonly byOwner: readonly {
    readonly stores: readonly { readonly use: StoreUse; readonly store: StoreFacts }[];
    readonly trust: readonly StoreTrust[];
  }[];
}

/** A store with its bytes of certificates, which leave this module only as facts. */
interface Opened {
  readonly facts: StoreFacts;
  readonly entries?: KeyStoreEntries;
}

/**
 * Reads the key stores that configurations name and those that were handed in.
 *
 * A file that was handed in and bears the name of one that a configuration names and this machine lacks stands in for
 * it. Relative paths are looked for in Flink's folder (the one above `conf`), beside the configuration, and in the
 * working directory, since Flink takes them from wherever it was started. Never throws; passwords are used and
 * forgotten.
 *
 * Where a file is exchanged meanwhile (Kubernetes swaps `..data`, so that a keystore may be of one generation and its
 * truststore of another), all are read again, three times at most; a file that changes under each reading is told.
 *
 * @param at milliseconds since the epoch
 */
export function readStores(
  owners: readonly StoreOwner[],
  given: readonly GivenStore[],
  at: number,
  readContent: ReadContent = readFileSync,
): StoreReadings {
  for (let reading = 1; ; reading++) {
    const library = new Library(given, readContent);
    const readings = readAll(owners, given, at, library);
    if (library.isAtRest() || reading === READINGS_MAX) return readings;
  }
}

/** Content of a file; throws as the file system does. */
export type ReadContent = (file: string) => Uint8Array;

/** The kubelet swaps once a minute at most. */
const READINGS_MAX = 3;

function readAll(
  owners: readonly StoreOwner[],
  given: readonly GivenStore[],
  at: number,
  library: Library,
): StoreReadings {
  const byOwner = owners.map((owner) => {
    const named = namedStores(owner.configuration).map(({ family, role, setting, type, password, keyPassword }) => {
      const use: StoreUse = { member: owner.member, family, role, setting, ...(type === undefined ? {} : { type }) };
      const secrets = {
        ...(password === undefined ? {} : { password: password.value }),
        ...(keyPassword === undefined ? {} : { keyPassword: keyPassword.value }),
      };
      return { use, opened: library.open(owner.path, setting.value.trim(), secrets, use) };
    });
    return {
      stores: named.map(({ use, opened }) => ({ use, store: opened.facts })),
      trust: STORE_FAMILIES.flatMap((family) => {
        const of = (role: StoreUse['role']): Opened | undefined =>
          named.find(({ use }) => use.family === family && use.role === role)?.opened;
        const trust = trustOf(family, of('keystore'), of('truststore'), at, library.certificates);
        return trust === undefined ? [] : [trust];
      }),
    };
  });
  for (const one of given.filter(({ path: file }) => !library.stoodIn.has(file))) {
    const { path: file, ...secrets } = one;
    library.open('.', file, secrets, { member: null });
  }
  return { subjects: library.subjects(), byOwner };
}

interface Secrets {
  readonly password?: string;
  readonly keyPassword?: string;
}

/** The same file by the same passwords is opened once. */
class Library {
  readonly certificates = new CertificateCache();
  readonly stoodIn = new Set<string>();
  readonly #opened = new Map<string, { readonly opened: Opened; readonly uses: StoreUse[] }>();
  readonly #given: readonly GivenStore[];
  readonly #readContent: ReadContent;
  /** By file, as it was when it was read. */
  readonly #generations = new Map<string, string>();

  constructor(given: readonly GivenStore[], readContent: ReadContent) {
    this.#given = given;
    this.#readContent = readContent;
  }

  /** Whether every file is still the one that was read. */
  isAtRest(): boolean {
    return [...this.#generations].every(([file, generation]) => generationOf(file) === generation);
  }

  open(base: string, name: string, secrets: Secrets, use: StoreUse): Opened {
    const file = this.#locate(base, name);
    const key = JSON.stringify([name, file, secrets.password ?? null, secrets.keyPassword ?? null]);
    const known = this.#opened.get(key);
    if (known !== undefined) {
      known.uses.push(use);
      return known.opened;
    }
    const generation = generationOf(file);
    const read = openFile(name, file, secrets, this.certificates, this.#readContent);
    const first = this.#generations.get(file) ?? generation;
    this.#generations.set(file, first);
    const opened = generationOf(file) === first ? read : exchanged(read);
    this.#opened.set(key, { opened, uses: [use] });
    return opened;
  }

  subjects(): readonly StoreSubject[] {
    return [...this.#opened.values()].map(({ opened, uses }) => ({ scope: 'store', store: opened.facts, uses }));
  }

  #locate(base: string, name: string): string {
    const candidates = storeCandidates(base, name);
    const found = candidates.find(exists);
    if (found !== undefined) return found;
    const standIn = this.#given.find((one) => path.basename(one.path) === path.basename(name));
    if (standIn === undefined) return candidates[0];
    this.stoodIn.add(standIn.path);
    return standIn.path;
  }
}

/** What a path leads to, and which edition of it. */
function generationOf(file: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(file);
    return JSON.stringify([realpathSync(file), ino, size, mtimeMs]);
  } catch {
    return 'none';
  }
}

function exchanged({ facts: { format: _, ...facts } }: Opened): Opened {
  const problem = 'was exchanged for another file while it was read, again and again';
  return { facts: { ...facts, state: 'unreadable', problem, entries: [], problems: [] } };
}

function openFile(
  name: string,
  file: string,
  secrets: Secrets,
  certificates: CertificateCache,
  readContent: ReadContent,
): Opened {
  const folder = exists(path.dirname(file)) ? 'there' : 'missing';
  const nothing = { path: name, folder, entries: [], problems: [] } as const;
  const bytes = readBytes(file, readContent);
  if ('state' in bytes) return { facts: { ...nothing, ...bytes } };
  const base = { ...nothing, file: { ...fileFacts(file), path: file } };
  try {
    const { entries, keyState } = readBoth(bytes.content, name, secrets);
    return { facts: factsOf(base, entries, keyState, certificates), entries };
  } catch (error) {
    if (!(error instanceof KeyStoreError)) throw error;
    const state = stateOf(error);
    const format = error.format === undefined ? {} : { format: error.format };
    return { facts: { ...base, ...format, state, problem: error.message.replace(`${name}: `, '') } };
  }
}

type Base = Omit<StoreFacts, 'state'>;

function stateOf({ fault }: KeyStoreError): StoreState {
  return fault === 'no-entry' || fault === 'ambiguous' ? 'read' : fault;
}

type Bytes =
  | { readonly content: Uint8Array }
  | { readonly state: 'missing' | 'unreadable' | 'unsupported'; readonly problem: string };

function readBytes(file: string, readContent: ReadContent): Bytes {
  try {
    const stats = statSync(file);
    // Pipes and devices would keep us waiting.
    if (!stats.isFile()) return { state: 'unreadable', problem: stats.isDirectory() ? 'is a folder' : 'is no file' };
    if (stats.size > KEY_STORE_OCTETS_MAX) {
      return { state: 'unsupported', problem: `is larger than ${KEY_STORE_OCTETS_MAX} bytes` };
    }
    return { content: new Uint8Array(readContent(file)) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'missing', problem: 'no such file' };
    return { state: 'unreadable', problem: code === 'EACCES' ? 'permission denied' : (code ?? 'not readable') };
  }
}

type KeyState = 'as-read' | 'wrong-password';

/**
 * Java opens a key by its own password and no other (`KeyManagerFactory.init`), where the reader would try both: a key
 * that the store's password opens stays closed to Flink when `key-password` differs.
 */
function readBoth(
  content: Uint8Array,
  name: string,
  { password, keyPassword }: Secrets,
): { readonly entries: KeyStoreEntries; readonly keyState: KeyState } {
  const only = { name, ...(password === undefined ? {} : { password }) };
  if (keyPassword === undefined || keyPassword === password) {
    return { entries: readKeyStore(content, only), keyState: 'as-read' };
  }
  const whole = (): KeyStoreEntries => readKeyStore(content, { ...only, keyPassword });
  try {
    const byStore = readKeyStore(content, only);
    if (byStore.locked.length === 0) return { entries: byStore, keyState: 'wrong-password' };
    return { entries: whole(), keyState: 'as-read' };
  } catch (error) {
    if (!(error instanceof KeyStoreError) || error.fault !== 'wrong-password') throw error;
    return { entries: whole(), keyState: 'as-read' };
  }
}

function factsOf(base: Base, entries: KeyStoreEntries, keyState: KeyState, certificates: CertificateCache): StoreFacts {
  const chainOf = (chain: readonly Uint8Array[]): StoreEntry['chain'] =>
    chain.map((der) => certificates.parts(der).certificate);
  const named = (alias: string | undefined): { readonly alias?: string } => (alias === undefined ? {} : { alias });
  return {
    ...base,
    state: 'read',
    format: entries.format,
    problems: entries.problems,
    entries: [
      ...entries.keys.map(({ alias, certificates: chain }) => ({
        kind: 'key' as const,
        ...named(alias),
        chain: chainOf(chain),
        key: keyState === 'wrong-password' ? ('wrong-password' as const) : ('opened' as const),
      })),
      ...entries.locked.map(({ alias, certificates: chain, because }) => ({
        kind: 'key' as const,
        ...named(alias),
        chain: chainOf(chain),
        key: because,
      })),
      ...entries.trusted.map(({ alias, certificate }) => ({
        kind: 'certificate' as const,
        ...named(alias),
        chain: chainOf([certificate]),
      })),
    ],
  };
}

function trustOf(
  family: StoreTrust['family'],
  keystore: Opened | undefined,
  truststore: Opened | undefined,
  at: number,
  certificates: CertificateCache,
): StoreTrust | undefined {
  if (keystore?.entries === undefined || truststore?.entries === undefined) return undefined;
  const own = [...keystore.entries.keys, ...keystore.entries.locked].find((one) => one.certificates.length > 0);
  const leaf = own?.certificates[0];
  if (own === undefined || leaf === undefined) return undefined;
  const { trust } = evaluateTrust(own.certificates, trustAnchorsOf(truststore.entries), at, certificates);
  return {
    family,
    keystore: keystore.facts,
    truststore: truststore.facts,
    leaf: certificates.parts(leaf).certificate,
    verdict: trust === 'none' ? 'incomplete' : trust,
  };
}
