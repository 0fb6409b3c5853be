import { EVERYTHING, OLD, TLS12_SUITES, TLS13_SUITES } from '../../net/tls-client/offers.ts';
import type { Offer } from '../../net/tls-client/types.ts';
import { Version } from '../../tls/code-points.ts';

/** Code points of the versions that can be offered one by one, newest first. */
export const VERSIONS: Readonly<Record<string, number>> = {
  'TLSv1.3': Version.TLS13,
  'TLSv1.2': Version.TLS12,
  'TLSv1.1': Version.TLS11,
  TLSv1: Version.TLS10,
  SSLv3: Version.SSL3,
};

/** TLS 1.2 and few extensions, for servers that choke on more. */
export function shortOffer(offer: Offer): Offer {
  const { alpn: _, ...rest } = offer;
  return { ...rest, versions: [Version.TLS12], cipherSuites: TLS12_SUITES.slice(0, 60), keyShares: [], shape: 'short' };
}

/** The offer narrowed to one version, with all suites that exist there. */
export function only(offer: Offer, version: string): Offer {
  const code = VERSIONS[version]!;
  if (code === Version.TLS13) {
    const keyShares = offer.keyShares.length > 0 ? offer.keyShares : EVERYTHING.keyShares;
    return { ...offer, versions: [code], cipherSuites: TLS13_SUITES, keyShares };
  }
  const cipherSuites =
    offer.shape === 'short' ? offer.cipherSuites : code === Version.TLS12 ? TLS12_SUITES : OLD.cipherSuites;
  return { ...offer, versions: [code], cipherSuites, keyShares: [] };
}
