import { createHash } from 'node:crypto';
import type { ClientHello } from './client-hello.ts';
import { ExtensionType, isGrease, Version } from './code-points.ts';
import { alpn, ecPointFormats, offeredVersions, signatureAlgorithms, supportedGroups } from './extension-values.ts';
import { type ExtensionCodec, type Extensions, extensionValue } from './extensions.ts';
import type { ServerHello } from './server-hello.ts';

/**
 * JA3 (github.com/salesforce/ja3): MD5 of `version,ciphers,extensions,groups,point formats` in decimal, without
 * GREASE. `undefined` where MD5 is not to be had (OpenSSL in FIPS mode).
 */
export function ja3(hello: ClientHello): string | undefined {
  return md5(ja3Text(hello));
}

export function ja3Text(hello: ClientHello): string {
  return [
    hello.legacyVersion,
    joined(hello.cipherSuites),
    joined(types(hello.extensions)),
    joined(value(hello.extensions, supportedGroups) ?? []),
    (value(hello.extensions, ecPointFormats) ?? []).join('-'),
  ].join(',');
}

/** JA3S: MD5 of `version,cipher,extensions` of the ServerHello. */
export function ja3s(hello: ServerHello): string | undefined {
  return md5([hello.legacyVersion, hello.cipherSuite, types(hello.extensions).join('-')].join(','));
}

/**
 * JA4 of a TLS over TCP client (FoxIO technical_details/JA4.md, the BSD-licensed part of JA4+). Where the text and
 * FoxIO's sample data differ (ALPN that is not alphanumeric), the text is followed.
 */
export function ja4(hello: ClientHello): string {
  const suites = hello.cipherSuites.filter((suite) => !isGrease(suite));
  const extensions = types(hello.extensions).filter((type) => !isGrease(type));
  const head = [
    't',
    ja4Version(hello),
    extensions.includes(ExtensionType.serverName) ? 'd' : 'i',
    count(suites.length),
    count(extensions.length),
    ja4Alpn(value(hello.extensions, alpn)?.[0]),
  ].join('');
  const sortedExtensions = extensions
    .filter((type) => type !== ExtensionType.serverName && type !== ExtensionType.alpn)
    .map(hex4)
    .sort();
  const schemes = (value(hello.extensions, signatureAlgorithms) ?? []).filter((code) => !isGrease(code)).map(hex4);
  const second = sortedExtensions.join(',') + (schemes.length > 0 ? `_${schemes.join(',')}` : '');
  return `${head}_${shortHash(suites.map(hex4).sort().join(','))}_${shortHash(sortedExtensions.length === 0 ? '' : second)}`;
}

const JA4_VERSIONS: ReadonlyMap<number, string> = new Map([
  [Version.SSL2, 's2'],
  [Version.SSL3, 's3'],
  [Version.TLS10, '10'],
  [Version.TLS11, '11'],
  [Version.TLS12, '12'],
  [Version.TLS13, '13'],
]);

function ja4Version(hello: ClientHello): string {
  const versions = (value(hello.extensions, offeredVersions) ?? []).filter((version) => !isGrease(version));
  return JA4_VERSIONS.get(versions.length > 0 ? Math.max(...versions) : hello.legacyVersion) ?? '00';
}

function ja4Alpn(name: Uint8Array | undefined): string {
  const first = name?.[0];
  const last = name?.at(-1);
  if (first === undefined || last === undefined) {
    return '00';
  }
  if (isAlphanumeric(first) && isAlphanumeric(last)) {
    return String.fromCharCode(first, last);
  }
  return hex2(first).charAt(0) + hex2(last).charAt(1);
}

function isAlphanumeric(octet: number): boolean {
  return /[0-9A-Za-z]/.test(String.fromCharCode(octet));
}

function count(items: number): string {
  return String(Math.min(items, 99)).padStart(2, '0');
}

function hex2(octet: number): string {
  return octet.toString(16).padStart(2, '0');
}

function hex4(code: number): string {
  return code.toString(16).padStart(4, '0');
}

function shortHash(text: string): string {
  return text === '' ? '000000000000' : digest('sha256', text).slice(0, 12);
}

function md5(text: string): string | undefined {
  try {
    return digest('md5', text);
  } catch {
    return undefined;
  }
}

/** Digests kept: a capture has few kinds of clients and thousands of hellos of each. */
const DIGESTS_MAX = 512;
const digests = new Map<string, string>();

function digest(algorithm: 'md5' | 'sha256', text: string): string {
  const key = `${algorithm} ${text}`;
  let hex = digests.get(key);
  if (hex === undefined) {
    hex = createHash(algorithm).update(text).digest('hex');
    if (digests.size >= DIGESTS_MAX) {
      digests.clear();
    }
    digests.set(key, hex);
  }
  return hex;
}

function types(extensions: Extensions): readonly number[] {
  return (extensions ?? []).map((extension) => extension.type);
}

function joined(codes: readonly number[]): string {
  return codes.filter((code) => !isGrease(code)).join('-');
}

/** Malformed data of an extension count as none. */
function value<T>(extensions: Extensions, codec: ExtensionCodec<T>): T | undefined {
  try {
    return extensionValue(extensions, codec);
  } catch {
    return undefined;
  }
}
