import type { KeyObject } from 'node:crypto';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { readCertificateParts } from '../x509/certificate.ts';

/** Certificates of a path that is built here; real ones have at most 5. */
export const PATH_MAX = 10;

interface Candidate {
  readonly der: Uint8Array;
  /** Encoded names. */
  readonly subject: string;
  readonly issuer: string;
}

/** All certificates of a file, to find those that speak for a key. Each is read once, however many keys there are. */
export class CertificatePool {
  readonly #candidates: readonly Candidate[];
  readonly #bySubject: ReadonlyMap<string, readonly Candidate[]>;
  #byKey: ReadonlyMap<string, readonly Candidate[]> | undefined;

  constructor(certificates: readonly Uint8Array[]) {
    this.#candidates = certificates.map(candidate);
    this.#bySubject = groupedBy(this.#candidates, (one) => one.subject);
  }

  /** Certificates of the public half of this key, in the order of the file. */
  leavesOf(privateKey: KeyObject): readonly Uint8Array[] {
    this.#byKey ??= groupedBy(this.#candidates, publicKeyOf);
    const key = createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).toString('base64');
    return (this.#byKey.get(key) ?? []).map((one) => one.der);
  }

  /** The leaf, and each issuer in turn as far as the file has them. */
  pathFrom(leaf: Uint8Array): readonly Uint8Array[] {
    const path = [candidate(leaf)];
    while (path.length < PATH_MAX) {
      const last = path.at(-1)!;
      if (last.issuer === last.subject) break;
      const named = (this.#bySubject.get(last.issuer) ?? []).slice(0, SAME_NAME_MAX);
      const issuer = named.find((one) => !path.some((known) => same(known.der, one.der)) && verifies(last, one));
      if (issuer === undefined) break;
      path.push(issuer);
    }
    return path.map((one) => one.der);
  }
}

/** Authorities of one name whose keys are tried: a signature check takes a tenth of a millisecond. */
const SAME_NAME_MAX = 20;

function candidate(der: Uint8Array): Candidate {
  const { subject, issuer } = readCertificateParts(der);
  const text = (name: Uint8Array | undefined): string =>
    name === undefined ? '' : Buffer.from(name).toString('base64');
  return { der, subject: text(subject), issuer: text(issuer) };
}

function groupedBy(
  all: readonly Candidate[],
  keyOf: (one: Candidate) => string,
): ReadonlyMap<string, readonly Candidate[]> {
  const groups = new Map<string, Candidate[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return groups;
}

/** Base64 of SubjectPublicKeyInfo; empty for keys that OpenSSL does not know. */
function publicKeyOf({ der }: Candidate): string {
  try {
    return new X509Certificate(der).publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  } catch {
    return '';
  }
}

function verifies(of: Candidate, issuer: Candidate): boolean {
  try {
    return new X509Certificate(of.der).verify(new X509Certificate(issuer.der).publicKey);
  } catch {
    return false;
  }
}

export function same(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

/** Each once, the first of each stays. */
export function distinct(certificates: readonly Uint8Array[]): readonly Uint8Array[] {
  return [...new Map(certificates.map((der) => [Buffer.from(der).toString('base64'), der] as const)).values()];
}
