import type { Reader } from '../bytes/reader.ts';
import { Writer } from '../bytes/writer.ts';
import { isAnonymous, suiteProperties } from './cipher-suites.ts';
import { hasSignatureScheme } from './handshake.ts';

export interface DhParameters {
  readonly kind: 'dh';
  readonly p: Uint8Array;
  readonly g: Uint8Array;
  readonly publicKey: Uint8Array;
}

export interface EcdhParameters {
  readonly kind: 'ecdh';
  readonly namedGroup: number;
  readonly publicKey: Uint8Array;
}

/** RFC 5246 section 7.4.3, RFC 8422 section 5.4; anonymous and PSK suites carry no signature. */
export interface ServerKeyExchange {
  /** Stands before the parameters of PSK suites (RFC 4279 section 3, RFC 5489 section 2); absent in all others. */
  readonly pskIdentityHint?: Uint8Array;
  readonly parameters: DhParameters | EcdhParameters;
  /** `undefined` before TLS 1.2, and without a signature. */
  readonly signatureScheme: number | undefined;
  readonly signature: Uint8Array | undefined;
}

/** @throws DecodeError `unsupported` for key exchanges that carry neither DH nor named-curve ECDH parameters */
export function readServerKeyExchange(reader: Reader, version: number, cipherSuite: string): ServerKeyExchange {
  const { keyExchange, authentication } = suiteProperties(cipherSuite);
  if (authentication === 'PSK') {
    const pskIdentityHint = reader.vector16('psk_identity_hint').rest();
    const parameters = readParameters(reader, keyExchange);
    reader.end();
    return { pskIdentityHint, parameters, signatureScheme: undefined, signature: undefined };
  }
  const parameters = readParameters(reader, keyExchange);
  if (isAnonymous(cipherSuite)) {
    reader.end();
    return { parameters, signatureScheme: undefined, signature: undefined };
  }
  const signatureScheme = hasSignatureScheme(version) ? reader.uint16('algorithm') : undefined;
  const signature = reader.vector16('signature').rest();
  reader.end();
  return { parameters, signatureScheme, signature };
}

function readParameters(reader: Reader, keyExchange: string): DhParameters | EcdhParameters {
  switch (keyExchange) {
    case 'DH':
    case 'DHE':
      return {
        kind: 'dh',
        p: reader.vector16('dh_p').rest(),
        g: reader.vector16('dh_g').rest(),
        publicKey: reader.vector16('dh_Ys').rest(),
      };
    case 'ECDH':
    case 'ECDHE':
      return readEcdhParameters(reader);
    default:
      throw reader.fail('unsupported', 'params', keyExchange);
  }
}

const NAMED_CURVE = 3;

function readEcdhParameters(reader: Reader): EcdhParameters {
  const curveType = reader.uint8('curve_type');
  if (curveType !== NAMED_CURVE) {
    throw reader.fail('unsupported', 'curve_type', `${curveType}`);
  }
  return { kind: 'ecdh', namedGroup: reader.uint16('namedcurve'), publicKey: reader.vector8('public').rest() };
}

export function writeServerKeyExchange(message: ServerKeyExchange): Uint8Array {
  const writer = new Writer();
  const { pskIdentityHint, parameters, signature } = message;
  if (pskIdentityHint !== undefined) {
    writer.vector16((inner) => inner.bytes(pskIdentityHint));
  }
  if (parameters.kind === 'dh') {
    for (const part of [parameters.p, parameters.g, parameters.publicKey]) {
      writer.vector16((inner) => inner.bytes(part));
    }
  } else {
    writer.uint8(NAMED_CURVE).uint16(parameters.namedGroup);
    writer.vector8((inner) => inner.bytes(parameters.publicKey));
  }
  if (message.signatureScheme !== undefined) {
    writer.uint16(message.signatureScheme);
  }
  if (signature !== undefined) {
    writer.vector16((inner) => inner.bytes(signature));
  }
  return writer.finish();
}
