import { Reader } from '../bytes/reader.ts';
import { Writer } from '../bytes/writer.ts';
import { Version } from './code-points.ts';
import { readCodes16, writeCodes16 } from './extension-values.ts';
import { type Extensions, readOptionalExtensions, scanExtensions, writeExtensions } from './extensions.ts';

/** RFC 8446 section 4.1.2; the same in every version since SSL 3.0. */
export interface ClientHello {
  readonly legacyVersion: number;
  /** 32 octets; the challenge of an SSLv2-format hello may be shorter. */
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  /** Two-byte suites, or three-byte cipher kinds in an SSLv2-format hello. */
  readonly cipherSuites: readonly number[];
  readonly compressionMethods: readonly number[];
  readonly extensions: Extensions;
}

/** Strict: any fault throws. Byte ranges are views. */
export function readClientHello(reader: Reader): ClientHello {
  const hello: ClientHello = {
    ...readFixedPart(reader),
    ...readSuites(reader),
    extensions: readOptionalExtensions(reader),
  };
  reader.end();
  return hello;
}

function readFixedPart(reader: Reader): Pick<ClientHello, 'legacyVersion' | 'random' | 'sessionId'> {
  const legacyVersion = reader.uint16('legacy_version');
  if (legacyVersion >> 8 !== 3) {
    throw reader.fail('illegal-value', 'legacy_version', `0x${legacyVersion.toString(16)}`);
  }
  const random = reader.bytes(32, 'random');
  const sessionId = reader.vector8('legacy_session_id').rest();
  if (sessionId.length > 32) {
    throw reader.fail('length-out-of-range', 'legacy_session_id', `${sessionId.length} bytes`);
  }
  return { legacyVersion, random, sessionId };
}

function readSuites(reader: Reader): Pick<ClientHello, 'cipherSuites' | 'compressionMethods'> {
  const suites = reader.vector16('cipher_suites');
  if (suites.remaining < 2) {
    throw reader.fail('length-out-of-range', 'cipher_suites', `${suites.remaining} bytes`);
  }
  const cipherSuites = readCodes16(suites);
  const compressionMethods = [...reader.vector8('legacy_compression_methods').rest()];
  if (compressionMethods.length === 0) {
    throw reader.fail('length-out-of-range', 'legacy_compression_methods', 'empty');
  }
  return { cipherSuites, compressionMethods };
}

/** What is left of a hello that was cut or is malformed; `undefined` before the end of the random. */
export interface ScannedClientHello {
  readonly hello: ClientHello;
  readonly complete: boolean;
  readonly problems: readonly string[];
}

/** For witnesses: every complete field before the first fault. Never throws. */
export function scanClientHello(body: Uint8Array): ScannedClientHello | undefined {
  const reader = new Reader(body, 'client_hello');
  const problems: string[] = [];
  let fixed: Pick<ClientHello, 'legacyVersion' | 'random' | 'sessionId'>;
  try {
    fixed = readFixedPart(reader);
  } catch {
    return undefined;
  }
  let hello: ClientHello = { ...fixed, cipherSuites: [], compressionMethods: [], extensions: undefined };
  try {
    hello = { ...hello, ...readSuites(reader) };
    hello = { ...hello, extensions: scanExtensions(reader, problems) };
    reader.end();
  } catch (error) {
    problems.push(error instanceof Error ? error.message : 'unreadable');
  }
  return { hello, complete: problems.length === 0, problems };
}

export function writeClientHello(hello: ClientHello): Uint8Array {
  const writer = new Writer()
    .uint16(hello.legacyVersion)
    .bytes(hello.random)
    .vector8((inner) => inner.bytes(hello.sessionId))
    .vector16((inner) => writeCodes16(inner, hello.cipherSuites))
    .vector8((inner) => inner.bytes(Uint8Array.from(hello.compressionMethods)));
  if (hello.extensions !== undefined) {
    writeExtensions(writer, hello.extensions);
  }
  return writer.finish();
}

/**
 * SSLv2-format hello (RFC 5246 appendix E.2), from the message type on; the two-byte record header is not part of it.
 * Cipher kinds of three bytes: `00 xx yy` is a TLS suite.
 */
export function readSsl2ClientHello(reader: Reader): ClientHello {
  const type = reader.uint8('msg_type');
  if (type !== 1) {
    throw reader.fail('illegal-value', 'msg_type', `${type}`);
  }
  const legacyVersion = reader.uint16('version');
  if (legacyVersion !== Version.SSL2 && legacyVersion >> 8 !== 3) {
    throw reader.fail('illegal-value', 'version', `0x${legacyVersion.toString(16)}`);
  }
  const kindsLength = reader.uint16('cipher_spec_length');
  const sessionIdLength = reader.uint16('session_id_length');
  const challengeLength = reader.uint16('challenge_length');
  if (kindsLength === 0 || kindsLength % 3 !== 0 || challengeLength < 16 || challengeLength > 32) {
    throw reader.fail('length-out-of-range', 'cipher_specs');
  }
  const kinds = reader.window(kindsLength, 'cipher_specs');
  const cipherSuites: number[] = [];
  while (kinds.remaining > 0) {
    cipherSuites.push(kinds.uint24('cipher_kind'));
  }
  const sessionId = reader.bytes(sessionIdLength, 'session_id');
  const random = reader.bytes(challengeLength, 'challenge');
  reader.end();
  return { legacyVersion, random, sessionId, cipherSuites, compressionMethods: [0], extensions: undefined };
}
