import type { Reader } from '../bytes/reader.ts';
import { Writer } from '../bytes/writer.ts';
import { selectedVersion } from './extension-values.ts';
import {
  type Extensions,
  extensionValue,
  readOptionalExtensions,
  scanExtensions,
  writeExtensions,
} from './extensions.ts';

/** RFC 8446 section 4.1.3; HelloRetryRequest is a ServerHello with a fixed random. */
export interface ServerHello {
  readonly legacyVersion: number;
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly cipherSuite: number;
  readonly compressionMethod: number;
  readonly extensions: Extensions;
}

/** SHA-256 of "HelloRetryRequest" (RFC 8446 section 4.1.3). */
const RETRY_RANDOM = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');

export function isHelloRetryRequest(hello: ServerHello): boolean {
  return RETRY_RANDOM.equals(hello.random);
}

/** Strict: any fault throws. Byte ranges are views. */
export function readServerHello(reader: Reader): ServerHello {
  const hello: ServerHello = { ...readFixedPart(reader), extensions: readOptionalExtensions(reader) };
  reader.end();
  return hello;
}

/** For witnesses: faults of the extension block go to `problems`. @throws DecodeError before the block */
export function scanServerHello(reader: Reader, problems: string[]): ServerHello {
  return { ...readFixedPart(reader), extensions: scanExtensions(reader, problems) };
}

function readFixedPart(reader: Reader): Omit<ServerHello, 'extensions'> {
  const legacyVersion = reader.uint16('legacy_version');
  if (legacyVersion >> 8 !== 3 && !isEarlyDraft(legacyVersion)) {
    throw reader.fail('illegal-value', 'legacy_version', `0x${legacyVersion.toString(16)}`);
  }
  const random = reader.bytes(32, 'random');
  if (isEarlyDraft(legacyVersion)) {
    const cipherSuite = reader.uint16('cipher_suite');
    return { legacyVersion, random, sessionId: new Uint8Array(0), cipherSuite, compressionMethod: 0 };
  }
  const sessionId = reader.vector8('legacy_session_id_echo').rest();
  if (sessionId.length > 32) {
    throw reader.fail('length-out-of-range', 'legacy_session_id_echo', `${sessionId.length} bytes`);
  }
  const cipherSuite = reader.uint16('cipher_suite');
  return {
    legacyVersion,
    random,
    sessionId,
    cipherSuite,
    compressionMethod: reader.uint8('legacy_compression_method'),
  };
}

/** Drafts up to 21 of TLS 1.3: their number stands here, session id and compression are left out. */
function isEarlyDraft(legacyVersion: number): boolean {
  return legacyVersion >> 8 === 0x7f;
}

export function writeServerHello(hello: ServerHello): Uint8Array {
  const writer = new Writer().uint16(hello.legacyVersion).bytes(hello.random);
  if (isEarlyDraft(hello.legacyVersion)) {
    writer.uint16(hello.cipherSuite);
  } else {
    writer
      .vector8((inner) => inner.bytes(hello.sessionId))
      .uint16(hello.cipherSuite)
      .uint8(hello.compressionMethod);
  }
  if (hello.extensions !== undefined) {
    writeExtensions(writer, hello.extensions);
  }
  return writer.finish();
}

/** Version in use: supported_versions, else legacy_version (RFC 8446 section 4.2.1). A malformed extension counts as none. */
export function negotiatedVersion(hello: ServerHello): number {
  try {
    return extensionValue(hello.extensions, selectedVersion) ?? hello.legacyVersion;
  } catch {
    return hello.legacyVersion;
  }
}
