import { createHash, X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './command.ts';

/** One key with its certificate, as PKCS#12 for Java and as PEM for the prober. */
export interface KeyStore {
  readonly name: StoreName;
  readonly keyStore: string;
  readonly trustStore: string;
  /** Certificate chain, leaf first, and key, both PEM. */
  readonly certificate: string;
  readonly key: string;
  /** Hashes of the leaf, lower-case hex. */
  readonly sha256: string;
  readonly sha1: string;
}

export const PASSWORD = 'test-bed';

type Signer = 'self' | 'internal-ca' | 'rest-ca';

interface Recipe {
  readonly subject: string;
  readonly key: readonly string[];
  readonly signatureAlgorithm?: string;
  readonly start?: string;
  readonly days: number;
  readonly extensions?: readonly string[];
  readonly signer: Signer;
}

const RSA = ['-keyalg', 'RSA', '-keysize', '3072'];
const YEAR = 365;
// All members, since Flink 2.3 checks names on the data channel (FLINK-40727).
const NAMES = [
  'SAN=dns:jm,dns:tm1,dns:tm2,dns:localhost',
  ...['10.77.0.1', '10.77.0.2', '10.77.0.3', '127.77.0.1', '127.77.0.2', '127.77.0.3', '127.0.0.1'].map(
    (ip) => `ip:${ip}`,
  ),
].join(',');

export type StoreName =
  | 'internal-ca'
  | 'rest-ca'
  | 'internal'
  | 'other'
  | 'weak'
  | 'expired'
  | 'not-yet-valid'
  | 'nameless'
  | 'ecdsa'
  | 'ca-signed'
  | 'rest'
  | 'client';

const RECIPES: Readonly<Record<StoreName, Recipe>> = {
  'internal-ca': { subject: 'CN=internal authority', key: RSA, days: YEAR, extensions: ['bc:c'], signer: 'self' },
  'rest-ca': { subject: 'CN=REST authority', key: RSA, days: YEAR, extensions: ['bc:c'], signer: 'self' },
  internal: { subject: 'CN=internal', key: RSA, days: YEAR, extensions: [NAMES], signer: 'self' },
  other: { subject: 'CN=other', key: RSA, days: YEAR, extensions: [NAMES], signer: 'self' },
  weak: {
    subject: 'CN=weak',
    key: ['-keyalg', 'RSA', '-keysize', '1024'],
    signatureAlgorithm: 'SHA1withRSA',
    days: YEAR,
    extensions: [NAMES],
    signer: 'self',
  },
  expired: { subject: 'CN=expired', key: RSA, start: '-60d', days: 30, extensions: [NAMES], signer: 'self' },
  'not-yet-valid': {
    subject: 'CN=not yet valid',
    key: RSA,
    start: '+60d',
    days: YEAR,
    extensions: [NAMES],
    signer: 'self',
  },
  nameless: { subject: 'CN=nameless', key: RSA, days: YEAR, signer: 'self' },
  ecdsa: {
    subject: 'CN=ecdsa',
    key: ['-keyalg', 'EC', '-groupname', 'secp256r1'],
    days: YEAR,
    extensions: [NAMES],
    signer: 'self',
  },
  'ca-signed': {
    subject: 'CN=internal of an authority',
    key: RSA,
    days: YEAR,
    extensions: [NAMES],
    signer: 'internal-ca',
  },
  rest: { subject: 'CN=jm', key: RSA, days: YEAR, extensions: [NAMES], signer: 'rest-ca' },
  client: { subject: 'CN=prober', key: RSA, days: YEAR, signer: 'rest-ca' },
};

export type KeyStores = Readonly<Record<StoreName, KeyStore>>;

const STORE_NAMES = Object.keys(RECIPES) as readonly StoreName[];

/** Key stores that nobody made, under their names: what settings say does not depend on where a machine keeps them. */
export function standIns(): { readonly named: KeyStores; readonly recipes: unknown } {
  const standIn = (name: StoreName): KeyStore => ({
    ...{ name, keyStore: `${name}.p12`, trustStore: `${name}-trust.p12` },
    ...{ certificate: `${name}.cert.pem`, key: `${name}.key.pem`, sha256: name, sha1: name },
  });
  return { named: Object.fromEntries(STORE_NAMES.map((name) => [name, standIn(name)])) as KeyStores, recipes: RECIPES };
}

const STALE_AFTER = 20 * 24 * 3600 * 1000;
const STAMP = 'complete';

/** Key stores of the bed: made once by keytool, made anew after twenty days, since some are made for their dates. */
export async function keyStores(folder: string): Promise<KeyStores> {
  const stamp = join(folder, STAMP);
  const recipes = JSON.stringify(RECIPES);
  const known = existsSync(stamp) && readFileSync(stamp, 'utf8') === recipes;
  const fresh = known && Date.now() - statSync(stamp).mtimeMs < STALE_AFTER;
  if (!fresh) await make(folder);
  for (const name of STORE_NAMES) chmodSync(join(folder, `${name}.p12`), 0o600);
  return Object.fromEntries(STORE_NAMES.map((name) => [name, described(folder, name)])) as KeyStores;
}

async function make(folder: string): Promise<void> {
  const work = `${folder}.${process.pid}`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const authorities = STORE_NAMES.filter((name) => name.endsWith('-ca'));
  await inPairs(authorities, (name) => makeOne(work, name));
  await inPairs(
    STORE_NAMES.filter((name) => !authorities.includes(name)),
    (name) => makeOne(work, name),
  );
  writeFileSync(join(work, STAMP), JSON.stringify(RECIPES));
  rmSync(folder, { recursive: true, force: true });
  renameSync(work, folder);
}

async function makeOne(folder: string, name: StoreName): Promise<void> {
  const recipe = RECIPES[name];
  const store = join(folder, `${name}.p12`);
  const own = ['-alias', 'own', '-keystore', store, '-storetype', 'PKCS12', '-storepass', PASSWORD];
  const extensions = (recipe.extensions ?? []).flatMap((extension) => ['-ext', extension]);
  await keytool([
    ...['-genkeypair', ...own, ...recipe.key, '-dname', recipe.subject, '-validity', String(recipe.days)],
    ...(recipe.signatureAlgorithm ? ['-sigalg', recipe.signatureAlgorithm] : []),
    ...(recipe.start ? ['-startdate', recipe.start] : []),
    ...extensions,
  ]);
  if (recipe.signer !== 'self') await sign(folder, name, recipe.signer, own, extensions);
  const trusted = recipe.signer === 'self' ? name : recipe.signer;
  const anchor = join(folder, `${trusted}.anchor.pem`);
  if (recipe.signer === 'self') await keytool(['-exportcert', '-rfc', ...own, '-file', anchor]);
  const trust = ['-keystore', join(folder, `${name}-trust.p12`), '-storetype', 'PKCS12', '-storepass', PASSWORD];
  await keytool(['-importcert', '-noprompt', '-alias', 'trusted', ...trust, '-file', anchor]);
  await pem(store, folder, name);
}

async function sign(folder: string, name: string, by: string, own: string[], extensions: string[]): Promise<void> {
  const request = join(folder, `${name}.csr`);
  const signed = join(folder, `${name}.signed.pem`);
  await keytool(['-certreq', ...own, '-file', request]);
  const signer = ['-alias', 'own', '-keystore', join(folder, `${by}.p12`), '-storepass', PASSWORD];
  await keytool([
    '-gencert',
    '-rfc',
    ...signer,
    '-validity',
    String(YEAR),
    ...extensions,
    '-infile',
    request,
    '-outfile',
    signed,
  ]);
  const chain = join(folder, `${name}.chain.pem`);
  writeFileSync(chain, readFileSync(signed, 'utf8') + readFileSync(join(folder, `${by}.anchor.pem`), 'utf8'));
  await keytool(['-importcert', '-noprompt', ...own, '-file', chain]);
}

async function pem(store: string, folder: string, name: string): Promise<void> {
  const input = ['pkcs12', '-in', store, '-passin', `pass:${PASSWORD}`];
  await must('openssl', [...input, '-nokeys', '-out', join(folder, `${name}.cert.pem`)]);
  await must('openssl', [...input, '-nocerts', '-nodes', '-out', join(folder, `${name}.key.pem`)]);
}

const keytool = (args: readonly string[]): Promise<string> => must('keytool', ['-J-XX:TieredStopAtLevel=1', ...args]);

async function inPairs<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < all.length; i += 2) await Promise.all(all.slice(i, i + 2).map(work));
}

function described(folder: string, name: StoreName): KeyStore {
  const certificate = join(folder, `${name}.cert.pem`);
  const leaf = new X509Certificate(readFileSync(certificate)).raw;
  const hash = (algorithm: string): string => createHash(algorithm).update(leaf).digest('hex');
  return {
    name,
    keyStore: join(folder, `${name}.p12`),
    trustStore: join(folder, `${name}-trust.p12`),
    certificate,
    key: join(folder, `${name}.key.pem`),
    sha256: hash('sha256'),
    sha1: hash('sha1'),
  };
}

/** An SHA-1 hash as `security.ssl.*.cert.fingerprint` wants it: upper-case pairs between colons. */
export function pin(sha1: string): string {
  return (sha1.toUpperCase().match(/../g) ?? []).join(':');
}
