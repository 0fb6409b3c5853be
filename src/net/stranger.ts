import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { copyOf } from '../bytes/copy.ts';
import { Reader } from '../bytes/reader.ts';
import { commonName, writeCertificate } from './certificate-writer.ts';
import type { ClientCredential } from './tls-client/types.ts';

export interface StrangerOptions {
  /**
   * `self-made`: signed by its own key; `expired`: the same, valid until a month ago; `other-authority`: issued by an
   * authority that exists only here, whose certificate is sent along.
   */
  readonly kind: 'self-made' | 'expired' | 'other-authority';
  readonly commonName: string;
  readonly key: KeyKind;
  /** Milliseconds since the epoch, the server's clock as well as it is known. */
  readonly now: number;
  /**
   * DER name of the made-up authority. JSSE and OpenSSL servers name the authorities that they accept: one of those
   * names with another key proves that the server checks signatures, not names. What is no name is not used.
   */
  readonly issuer?: Uint8Array;
}

/** What a server can verify: some ask for one of the two only (`certificate_types`, RFC 5246 section 7.4.4). */
export type KeyKind = 'RSA' | 'EC';

const DAY = 86_400_000;

/** A certificate that nobody has a reason to trust, minted at run time, for the proof that a server refuses it. */
export function mintStranger(options: StrangerOptions): ClientCredential {
  const subject = commonName(options.commonName);
  const privateKey = keyOf(options.key, 'leaf');
  const leaf = {
    serialNumber: serialNumber(),
    subject,
    key: privateKey,
    purpose: 'end-entity',
    ...validity(options),
  } as const;
  if (options.kind !== 'other-authority') {
    return { certificates: [writeCertificate({ ...leaf, issuer: subject }, privateKey)], privateKey };
  }
  const issuer = nameOf(options.issuer) ?? commonName(`${options.commonName} authority`);
  const key = keyOf(options.key, 'authority');
  const validAuthority = { notBefore: new Date(options.now - 30 * DAY), notAfter: new Date(options.now + 365 * DAY) };
  const authority = {
    serialNumber: serialNumber(),
    subject: issuer,
    issuer,
    key,
    purpose: 'authority',
    ...validAuthority,
  } as const;
  return { certificates: [writeCertificate({ ...leaf, issuer }, key), writeCertificate(authority, key)], privateKey };
}

function validity({ kind, now }: StrangerOptions): { readonly notBefore: Date; readonly notAfter: Date } {
  const [from, to] = kind === 'expired' ? [-395, -30] : [-1, 30];
  return { notBefore: new Date(now + from * DAY), notAfter: new Date(now + to * DAY) };
}

/** Positive and of 16 octets (RFC 5280 section 4.1.2.2). */
function serialNumber(): Uint8Array {
  const octets = randomBytes(16);
  octets[0] = (octets[0]! & 0x3f) | 0x40;
  return octets;
}

/** A copy, where these octets are one SEQUENCE and no more. */
function nameOf(octets: Uint8Array | undefined): Uint8Array | undefined {
  if (octets === undefined || octets.length < 2 || octets[0] !== 0x30) return undefined;
  const reader = new Reader(octets, 'name', 1);
  const first = reader.uint8('length');
  const more = first < 0x80 ? 0 : first & 0x7f;
  if (more > 2 || more > reader.remaining || first === 0x80) return undefined;
  const length = more === 0 ? first : more === 1 ? reader.uint8('length') : reader.uint16('length');
  return length === reader.remaining && length > 0 ? copyOf(octets) : undefined;
}

const keys = new Map<string, KeyObject>();

/** An RSA key costs 100 ms and more, so each is made once a process, when it is first needed. */
function keyOf(kind: KeyKind, role: 'leaf' | 'authority'): KeyObject {
  const id = `${kind} ${role}`;
  const known = keys.get(id);
  if (known !== undefined) return known;
  const { privateKey } =
    kind === 'RSA'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  keys.set(id, privateKey);
  return privateKey;
}
