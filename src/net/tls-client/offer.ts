import { type ClientHello, writeClientHello } from '../../tls/client-hello.ts';
import { Version } from '../../tls/code-points.ts';
import * as values from '../../tls/extension-values.ts';
import type { Extension } from '../../tls/extensions.ts';
import type { Offer } from './types.ts';

const RENEGOTIATION_SCSV = 0x00ff;
/** Uncompressed points (RFC 8422 section 5.1.2). */
const UNCOMPRESSED = 0;
/** A pre-shared key with (EC)DHE (RFC 8446 section 4.2.9): JSSE sends tickets only to clients that say so. */
const PSK_DHE_KE = 1;
/** OCSP, without responders and extensions (RFC 6066 section 8). */
const STATUS_REQUEST: Extension = { type: 5, data: Uint8Array.of(1, 0, 0, 0, 0) };

/** What belongs to one connection, and stays the same in a second ClientHello. */
export interface HelloIdentity {
  readonly random: Uint8Array;
  /** 32 octets where TLS 1.3 is offered: middleboxes take the handshake for a resumption (RFC 8446 appendix D.4). */
  readonly sessionId: Uint8Array;
}

/** Body of the ClientHello of an offer. @param cookie of a HelloRetryRequest */
export function composeHello(
  offer: Offer,
  identity: HelloIdentity,
  shares: readonly values.KeyShareEntry[],
  cookie?: Uint8Array,
): Uint8Array {
  const scsv = offer.shape === 'short' && offersOld(offer) && !offer.cipherSuites.includes(RENEGOTIATION_SCSV);
  const hello: ClientHello = {
    legacyVersion: legacyVersion(offer),
    random: identity.random,
    sessionId: identity.sessionId,
    cipherSuites: scsv ? [...offer.cipherSuites, RENEGOTIATION_SCSV] : offer.cipherSuites,
    compressionMethods: [0],
    extensions: extensionsOf(offer, shares, cookie),
  };
  return writeClientHello(hello);
}

export function offersTls13(offer: Offer): boolean {
  return offer.versions.includes(Version.TLS13);
}

function offersOld(offer: Offer): boolean {
  return offer.versions.some((version) => version <= Version.TLS12);
}

/** Highest version that the field may name (RFC 8446 section 4.1.2). */
export function legacyVersion(offer: Offer): number {
  return Math.min(Version.TLS12, Math.max(Version.SSL3, ...offer.versions));
}

/** Version of the first record: 3.1 is what all servers take (RFC 8446 section 5.1). */
export function helloRecordVersion(offer: Offer): number {
  return Math.min(Version.TLS10, legacyVersion(offer));
}

function extensionsOf(
  offer: Offer,
  shares: readonly values.KeyShareEntry[],
  cookie: Uint8Array | undefined,
): readonly Extension[] | undefined {
  const extensions = [
    ...naming(offer),
    ...(offer.shape === 'full' && legacyVersion(offer) >= Version.TLS10 ? oldExtensions(offer) : []),
    ...agreement(offer),
    ...(offersTls13(offer) ? tls13Extensions(offer, shares, cookie) : []),
  ];
  return extensions.length === 0 ? undefined : extensions;
}

function naming(offer: Offer): readonly Extension[] {
  const { serverName, alpn } = offer;
  const name = serverName === undefined ? [] : [values.extension(values.serverName, [serverName])];
  const protocols = (alpn ?? []).map((protocol) => Buffer.from(protocol, 'latin1'));
  return protocols.length === 0 ? name : [...name, values.extension(values.alpn, protocols)];
}

/** What TLS 1.3 has no use for, or has in it. */
function oldExtensions(offer: Offer): readonly Extension[] {
  if (!offersOld(offer)) return [STATUS_REQUEST];
  return [
    STATUS_REQUEST,
    values.extension(values.encryptThenMac, true),
    values.extension(values.extendedMasterSecret, true),
    values.extension(values.sessionTicket, new Uint8Array(0)),
    values.extension(values.renegotiationInfo, new Uint8Array(0)),
  ];
}

function agreement(offer: Offer): readonly Extension[] {
  const { namedGroups, signatureSchemes } = offer;
  return [
    ...(namedGroups.length === 0 ? [] : [values.extension(values.supportedGroups, namedGroups)]),
    ...(namedGroups.length === 0 || !offersOld(offer) ? [] : [values.extension(values.ecPointFormats, [UNCOMPRESSED])]),
    ...(signatureSchemes.length === 0 || Math.max(...offer.versions) < Version.TLS12
      ? []
      : [values.extension(values.signatureAlgorithms, signatureSchemes)]),
  ];
}

function tls13Extensions(
  offer: Offer,
  shares: readonly values.KeyShareEntry[],
  cookie: Uint8Array | undefined,
): readonly Extension[] {
  return [
    values.extension(values.offeredVersions, offer.versions),
    ...(cookie === undefined ? [] : [values.extension(values.cookie, cookie)]),
    values.extension(values.pskKeyExchangeModes, [PSK_DHE_KE]),
    values.extension(values.clientKeyShares, shares),
  ];
}
