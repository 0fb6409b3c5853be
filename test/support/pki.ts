import type { KeyObject } from 'node:crypto';
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import forge from 'node-forge';
import {
  bitString,
  boolean,
  integer,
  octetString,
  oid,
  sequence,
  set,
  time,
  tlv,
  toPem,
  utf8String,
} from './der-writer.ts';

/** Short name of an attribute type (`CN`, `O`, `OU`, `C`) or its dotted object identifier, and its value. */
export type Attribute = readonly [type: string, value: string];

/** A certificate with its private key. */
export interface Identity {
  readonly der: Uint8Array;
  readonly pem: string;
  readonly privateKey: KeyObject;
  /** PKCS #8. */
  readonly keyPem: string;
  /** In the order of the encoding. */
  readonly name: readonly Attribute[];
}

export interface MintOptions {
  /** In the order of the encoding, the most significant first. */
  readonly name?: readonly Attribute[];
  /** Left out: self-signed. */
  readonly issuer?: Identity;
  /** An identity whose key is used again. */
  readonly keyOf?: Identity;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** `DNS:…`, `IP:…`, `URI:…`, `email:…`. */
  readonly subjectAltNames?: readonly string[];
  /** Left out: no basicConstraints at all. */
  readonly ca?: boolean;
  readonly pathLength?: number;
  /** Octets of the INTEGER in hexadecimal. */
  readonly serial?: string;
  /** Adds keyUsage and extendedKeyUsage of a TLS end entity. */
  readonly usages?: boolean;
}

export interface RsaOptions extends MintOptions {
  readonly bits?: number;
  readonly hash?: 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';
}

const NAME: readonly Attribute[] = [
  ['O', 'flinkprobe test'],
  ['CN', 'test'],
];
const DAY = 86_400_000;
const validity = (options: MintOptions): { notBefore: Date; notAfter: Date } => ({
  notBefore: options.notBefore ?? new Date(Date.now() - DAY),
  notAfter: options.notAfter ?? new Date(Date.now() + 90 * DAY),
});
let serials = 0x1001;

/** Mints a certificate with an RSA key, signed by an RSA key, with node-forge. */
export function mintRsa(options: RsaOptions = {}): Identity {
  const privateKey =
    options.keyOf?.privateKey ?? generateKeyPairSync('rsa', { modulusLength: options.bits ?? 2048 }).privateKey;
  const name = options.name ?? NAME;
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicPem(privateKey));
  certificate.serialNumber = options.serial ?? (serials++).toString(16);
  Object.assign(certificate.validity, validity(options));
  certificate.setSubject(name.map(forgeAttribute));
  certificate.setIssuer((options.issuer?.name ?? name).map(forgeAttribute));
  certificate.setExtensions(forgeExtensions(options));
  const signer = forge.pki.privateKeyFromPem(pkcs1Pem(options.issuer?.privateKey ?? privateKey));
  certificate.sign(signer, forge.md[options.hash ?? 'sha256'].create());
  const der = forge.asn1.toDer(forge.pki.certificateToAsn1(certificate)).getBytes();
  return identity(new Uint8Array(Buffer.from(der, 'latin1')), privateKey, name);
}

function identity(der: Uint8Array, privateKey: KeyObject, name: readonly Attribute[]): Identity {
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { der, pem: toPem('CERTIFICATE', der), privateKey, keyPem, name };
}

function publicPem(key: KeyObject): string {
  return createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
}

function pkcs1Pem(key: KeyObject): string {
  return key.export({ type: 'pkcs1', format: 'pem' }).toString();
}

function forgeAttribute([type, value]: Attribute): forge.pki.CertificateField {
  const utf8 = forge.asn1.Type.UTF8 as unknown as forge.pki.CertificateField['valueTagClass'];
  const field = /^\d/.test(type) ? { type } : { shortName: type };
  return { ...field, value, valueTagClass: utf8 };
}

function forgeExtensions(options: MintOptions): object[] {
  const extensions: object[] = [];
  if (options.ca !== undefined) {
    const pathLength = options.pathLength === undefined ? {} : { pathLenConstraint: options.pathLength };
    extensions.push({ name: 'basicConstraints', critical: true, cA: options.ca, ...pathLength });
  }
  if (options.usages === true) {
    extensions.push({ name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true });
    extensions.push({ name: 'extKeyUsage', serverAuth: true, clientAuth: true });
  }
  if (options.subjectAltNames !== undefined) {
    extensions.push({ name: 'subjectAltName', altNames: options.subjectAltNames.map(forgeAltName) });
  }
  return extensions;
}

const ALT_NAME_TAGS: Readonly<Record<string, number>> = { email: 1, DNS: 2, URI: 6, IP: 7 };

function splitAltName(text: string): { tag: number; value: string } {
  const colon = text.indexOf(':');
  const tag = ALT_NAME_TAGS[text.slice(0, colon)];
  if (tag === undefined) throw new RangeError(`${text} is no subjectAltName that can be minted`);
  return { tag, value: text.slice(colon + 1) };
}

function forgeAltName(text: string): object {
  const { tag, value } = splitAltName(text);
  return tag === 7 ? { type: tag, ip: value } : { type: tag, value };
}

/** Keys that node-forge does not know. */
export type KeyType = 'P-256' | 'P-384' | 'P-521' | 'secp256k1' | 'Ed25519' | 'Ed448';

/** Mints a certificate with an elliptic-curve key; the issuer's key may be of any type. */
export function mintEc(type: KeyType, options: MintOptions = {}): Identity {
  const privateKey = options.keyOf?.privateKey ?? ecKey(type);
  const name = options.name ?? NAME;
  const signer = options.issuer?.privateKey ?? privateKey;
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const der = signCertificate(
    {
      subject: encodeName(name),
      issuer: encodeName(options.issuer?.name ?? name),
      spki: new Uint8Array(spki),
      extensions: encodeExtensions(options),
      ...validity(options),
      ...(options.serial === undefined ? {} : { serial: options.serial }),
    },
    signer,
  );
  return identity(der, privateKey, name);
}

function ecKey(type: KeyType): KeyObject {
  if (type === 'Ed25519') return generateKeyPairSync('ed25519').privateKey;
  if (type === 'Ed448') return generateKeyPairSync('ed448').privateKey;
  return generateKeyPairSync('ec', { namedCurve: type }).privateKey;
}

/** Fields of a TBSCertificate, encoded by the caller: tests put there what no library would. */
export interface ToBeSigned {
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  readonly spki: Uint8Array;
  readonly extensions?: readonly Uint8Array[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly serial?: string;
}

/** Encodes and signs a version 3 certificate (RFC 5280 section 4.1). */
export function signCertificate(fields: ToBeSigned, signer: KeyObject): Uint8Array {
  const algorithm = signatureAlgorithm(signer);
  const extensions = fields.extensions ?? [];
  const tbs = sequence(
    tlv(0xa0, integer(2)),
    integer(fields.serial ?? serials++),
    algorithm.identifier,
    fields.issuer,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    fields.subject,
    fields.spki,
    ...(extensions.length === 0 ? [] : [tlv(0xa3, sequence(...extensions))]),
  );
  return sequence(tbs, algorithm.identifier, bitString(sign(algorithm.hash, tbs, signer)));
}

function signatureAlgorithm(key: KeyObject): { identifier: Uint8Array; hash: string | null } {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return { identifier: sequence(oid('1.2.840.113549.1.1.11'), tlv(0x05)), hash: 'sha256' };
    case 'ed25519':
      return { identifier: sequence(oid('1.3.101.112')), hash: null };
    case 'ed448':
      return { identifier: sequence(oid('1.3.101.113')), hash: null };
    default:
      return { identifier: sequence(oid('1.2.840.10045.4.3.2')), hash: 'sha256' };
  }
}

const ATTRIBUTE_OIDS: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  O: '2.5.4.10',
  OU: '2.5.4.11',
};

/** `Name` of one attribute a relative name, in UTF8Strings. */
export function encodeName(name: readonly Attribute[]): Uint8Array {
  return sequence(
    ...name.map(([type, value]) => set(encodeAttribute(ATTRIBUTE_OIDS[type] ?? type, utf8String(value)))),
  );
}

export function encodeAttribute(type: string, value: Uint8Array): Uint8Array {
  return sequence(oid(type), value);
}

/** One `Extension`. */
export function encodeExtension(type: string, value: Uint8Array, critical = false): Uint8Array {
  return sequence(oid(type), ...(critical ? [boolean(true)] : []), octetString(value));
}

function encodeExtensions(options: MintOptions): Uint8Array[] {
  const extensions: Uint8Array[] = [];
  if (options.ca !== undefined) {
    const pathLength = options.pathLength === undefined ? [] : [integer(options.pathLength)];
    const ca = options.ca ? [boolean(true)] : [];
    extensions.push(encodeExtension('2.5.29.19', sequence(...ca, ...pathLength), true));
  }
  if (options.usages === true) {
    extensions.push(encodeExtension('2.5.29.15', bitString(Uint8Array.of(0xa0), 5), true));
    const purposes = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'].map(oid);
    extensions.push(encodeExtension('2.5.29.37', sequence(...purposes)));
  }
  if (options.subjectAltNames !== undefined) {
    extensions.push(encodeExtension('2.5.29.17', sequence(...options.subjectAltNames.map(encodeAltName))));
  }
  return extensions;
}

function encodeAltName(text: string): Uint8Array {
  const { tag, value } = splitAltName(text);
  // IPv4 only: IPv6 names are minted by node-forge.
  const content = tag === 7 ? Uint8Array.from(value.split('.'), Number) : new Uint8Array(Buffer.from(value));
  return tlv(0x80 | tag, content);
}

/** An authority, an intermediate and a leaf, in RSA. */
export interface Pki {
  readonly root: Identity;
  readonly intermediate: Identity;
  readonly leaf: Identity;
}

export function mintPki(options: RsaOptions = {}): Pki {
  const root = mintRsa({ name: [['CN', 'Test Root']], ca: true });
  const intermediate = mintRsa({ name: [['CN', 'Test Intermediate']], issuer: root, ca: true, pathLength: 0 });
  const leaf = mintRsa({
    ...{
      name: [
        ['O', 'flinkprobe test'],
        ['CN', 'jm'],
      ],
      subjectAltNames: ['DNS:jm', 'IP:127.0.0.1'],
    },
    ...{ issuer: intermediate, ca: false, usages: true },
    ...options,
  });
  return { root, intermediate, leaf };
}

/** A self-signed RSA certificate for a host of this name and for 127.0.0.1, in PEM as `node:tls` takes it. */
export function mintLeaf(name: string): { readonly key: string; readonly cert: string } {
  const leaf = mintRsa({ name: [['CN', name]], subjectAltNames: [`DNS:${name}`, 'IP:127.0.0.1'] });
  return { key: leaf.keyPem, cert: leaf.pem };
}
