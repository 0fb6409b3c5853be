import { constants, publicEncrypt, randomBytes } from 'node:crypto';
import { Writer } from '../../bytes/writer.ts';
import { isExport } from '../../tls/cipher-suites.ts';
import { NAMED_GROUPS } from '../../tls/code-points.ts';
import { bitLength } from '../../tls/dh-groups.ts';
import { concat } from '../../tls/record-protection.ts';
import { flightOnly, malformed } from './ending.ts';
import { DH_BITS_MAX, dhAgreement } from './finite-field.ts';
import { type FlightTls12, keyExchangeKind } from './flight-tls12.ts';
import { keyAgreement } from './key-agreement.ts';
import { certificateKey } from './signatures.ts';

export interface ClientExchange {
  /** Body of the ClientKeyExchange. */
  readonly message: Uint8Array;
  readonly premasterSecret: Uint8Array;
}

/**
 * Our part of the key exchange (RFC 5246 section 7.4.7, RFC 8422 section 5.7).
 *
 * @param helloVersion version that our ClientHello named: a premaster secret under RSA begins with it
 * @throws Ending `flight` where Node cannot compute it, `malformed` where the server's part is missing or no key
 */
export function clientExchange(
  suite: string,
  flight: FlightTls12,
  certificates: readonly Uint8Array[],
  helloVersion: number,
): ClientExchange {
  const kind = isExport(suite) ? 'unsupported' : keyExchangeKind(suite);
  if (kind === 'unsupported') throw flightOnly(`key exchange of ${suite} cannot be computed`);
  if (kind === 'rsa') {
    if (flight.keyExchange !== undefined) throw malformed(`server_key_exchange in ${suite}`);
    return encrypted(certificates, helloVersion);
  }
  const parameters = flight.keyExchange?.parameters;
  if (parameters === undefined) throw malformed(`no server_key_exchange in ${suite}`);
  return parameters.kind === 'dh'
    ? finiteField(parameters.p, parameters.g, parameters.publicKey)
    : elliptic(parameters.namedGroup, parameters.publicKey);
}

/** RFC 5246 section 7.4.7.1. */
function encrypted(certificates: readonly Uint8Array[], helloVersion: number): ClientExchange {
  const [leaf] = certificates;
  const key = leaf && certificateKey(leaf);
  if (key === undefined) throw flightOnly('public key of the certificate cannot be read');
  if (key.asymmetricKeyType !== 'rsa') throw malformed('RSA key exchange without an RSA key');
  const premasterSecret = concat(Uint8Array.of(helloVersion >> 8, helloVersion & 0xff), randomBytes(46));
  const sealed = publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, premasterSecret);
  return { message: new Writer().vector16((inner) => inner.bytes(sealed)).finish(), premasterSecret };
}

/** RFC 5246 section 8.1.2: leading zeros of the secret are stripped. */
function finiteField(p: Uint8Array, g: Uint8Array, peer: Uint8Array): ClientExchange {
  if (bitLength(p) > DH_BITS_MAX) throw flightOnly(`DHE of ${bitLength(p)} bits is not computed with`);
  const own = dhAgreement(p, g);
  const secret = own.agree(peer);
  const start = secret.findIndex((octet) => octet !== 0);
  return {
    message: new Writer().vector16((inner) => inner.bytes(own.publicKey)).finish(),
    premasterSecret: secret.subarray(start < 0 ? secret.length : start),
  };
}

function elliptic(group: number, peer: Uint8Array): ClientExchange {
  const own = keyAgreement(group);
  if (own === undefined) throw flightOnly(`${NAMED_GROUPS.name(group)} cannot be computed with`);
  return {
    message: new Writer().vector8((inner) => inner.bytes(own.publicKey)).finish(),
    premasterSecret: own.agree(peer),
  };
}
