import { constants, createPublicKey, type KeyObject, sign, verify, X509Certificate } from 'node:crypto';
import { signatureSchemeName } from '../../tls/code-points.ts';

/** How a scheme signs, by the names that Node has for it. */
interface Scheme {
  readonly keyTypes: readonly string[];
  /** `null`: the algorithm hashes by itself. */
  readonly hash: string | null;
  readonly padding: 'pkcs1' | 'pss' | 'none';
  /** Bound to this curve in TLS 1.3 (RFC 8446 section 4.2.3). */
  readonly curve?: string;
}

export type SignatureForm = 'tls12' | 'tls13';

const CURVES: Readonly<Record<string, string>> = {
  secp256r1: 'prime256v1',
  secp384r1: 'secp384r1',
  secp521r1: 'secp521r1',
};

/** `undefined` for schemes that Node cannot compute. */
function schemeOf(code: number): Scheme | undefined {
  const name = signatureSchemeName(code);
  if (name === 'ed25519' || name === 'ed448') return { keyTypes: [name], hash: null, padding: 'none' };
  const pss = /^rsa_pss_(rsae|pss)_(sha\d+)$/.exec(name);
  if (pss !== null) return { keyTypes: [pss[1] === 'pss' ? 'rsa-pss' : 'rsa'], hash: pss[2]!, padding: 'pss' };
  const curve = /^ecdsa_(secp\d+r1)_(sha\d+)$/.exec(name);
  if (curve !== null) return { keyTypes: ['ec'], hash: curve[2]!, padding: 'none', curve: CURVES[curve[1]!]! };
  const plain = /^(rsa_pkcs1|rsa|dsa|ecdsa)_(md5|sha1|sha224|sha256|sha384|sha512)$/.exec(name);
  if (plain === null) return undefined;
  if (plain[1] === 'dsa') return { keyTypes: ['dsa'], hash: plain[2]!, padding: 'none' };
  if (plain[1] === 'ecdsa') return { keyTypes: ['ec'], hash: plain[2]!, padding: 'none' };
  return { keyTypes: ['rsa'], hash: plain[2]!, padding: 'pkcs1' };
}

function curveOf(key: KeyObject): string | undefined {
  return key.asymmetricKeyDetails?.namedCurve;
}

function signsWith(scheme: Scheme, key: KeyObject, form: SignatureForm): boolean {
  if (!scheme.keyTypes.includes(key.asymmetricKeyType ?? '')) return false;
  if (form === 'tls12') return true;
  // RFC 8446 section 4.2.3: PKCS #1 v1.5, DSA, SHA-1 and curves at will sign certificates at most.
  return (
    scheme.padding === 'pss' || scheme.hash === null || (scheme.curve !== undefined && scheme.curve === curveOf(key))
  );
}

function options(scheme: Scheme, key: KeyObject): { key: KeyObject; padding?: number; saltLength?: number } {
  if (scheme.padding === 'none') return { key };
  if (scheme.padding === 'pkcs1') return { key, padding: constants.RSA_PKCS1_PADDING };
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}

/** `unknown`: this Node knows the scheme or the key not. */
export type SignatureCheck = 'valid' | 'invalid' | 'unknown';

export function checkSignature(
  scheme: number,
  key: KeyObject,
  form: SignatureForm,
  content: Uint8Array,
  signature: Uint8Array,
): SignatureCheck {
  const known = schemeOf(scheme);
  if (known === undefined) return 'unknown';
  if (!signsWith(known, key, form)) return 'invalid';
  try {
    return verify(known.hash, content, options(known, key), signature) ? 'valid' : 'invalid';
  } catch {
    return 'unknown';
  }
}

/** Certificates whose keys are kept: those of a cluster are asked for with every handshake. */
const MAX_KEPT_KEYS = 256;
/** Longer certificates are read each time: a stranger may send some of 16 MiB (RFC 5246 section 7.4.2). */
const MAX_KEPT_OCTETS = 8192;
/** By DER, the one that was asked for last, last. */
const keptKeys = new Map<string, KeyObject | undefined>();

/** Public key of a certificate; `undefined` where Node cannot read it. */
export function certificateKey(der: Uint8Array): KeyObject | undefined {
  if (der.length > MAX_KEPT_OCTETS) return readKey(der);
  const name = Buffer.from(der.buffer, der.byteOffset, der.length).toString('latin1');
  const key = keptKeys.has(name) ? keptKeys.get(name) : readKey(der);
  keptKeys.delete(name);
  keptKeys.set(name, key);
  if (keptKeys.size > MAX_KEPT_KEYS) keptKeys.delete(keptKeys.keys().next().value!);
  return key;
}

function readKey(der: Uint8Array): KeyObject | undefined {
  try {
    return new X509Certificate(der).publicKey;
  } catch {
    return undefined;
  }
}

/** EMSA-PSS needs room for digest, salt of the same length and two octets (RFC 8017 section 9.1.1). */
function hasRoom(scheme: Scheme, key: KeyObject): boolean {
  if (scheme.padding !== 'pss') return true;
  const digest = Number(scheme.hash?.slice(3)) / 8;
  return Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8) >= 2 * digest + 2;
}

/** The first scheme that our key signs with, SHA-1 and MD5 only where nothing else is asked for. */
export function chooseScheme(
  requested: readonly number[],
  privateKey: KeyObject,
  form: SignatureForm,
): number | undefined {
  const key = createPublicKey(privateKey);
  const fitting = requested.filter((code) => {
    const scheme = schemeOf(code);
    return scheme !== undefined && signsWith(scheme, key, form) && hasRoom(scheme, key);
  });
  return fitting.find((code) => !/sha1$|md5$/.test(signatureSchemeName(code))) ?? fitting[0];
}

/** @throws Error where Node cannot sign with this key */
export function signWith(scheme: number, privateKey: KeyObject, content: Uint8Array): Uint8Array {
  const known = schemeOf(scheme);
  if (known === undefined) throw new RangeError(`${signatureSchemeName(scheme)} cannot be signed with`);
  return new Uint8Array(sign(known.hash, content, options(known, privateKey)));
}
