import type { HandshakeFailure, LogFailure } from '../model/log.ts';

interface FailureText {
  readonly pattern: RegExp;
  readonly reason: HandshakeFailure;
}

/** Texts of JSSE (JDK 8 to 24) and Netty 3 and 4, the most telling first: a trace holds several. */
const TEXTS: readonly FailureText[] = [
  { pattern: /not an SSL\/TLS record: /, reason: 'peer-in-clear' },
  { pattern: /Unsupported or unrecognized SSL message/, reason: 'peer-in-clear' },
  { pattern: /Unrecognized SSL message, plaintext connection\?/, reason: 'peer-in-clear' },
  { pattern: /Empty client certificate chain|null cert chain/, reason: 'empty-client-certificate' },
  { pattern: /client certificate with unknown fingerprint/, reason: 'client-pin-differs' },
  { pattern: /server certificate with unknown fingerprint/, reason: 'server-pin-differs' },
  { pattern: /no cipher suites in common/, reason: 'no-common-suite' },
  {
    pattern:
      /supported protocol versions? \S.*not accepted by server preferences|Client requested protocol \S+ (?:is )?not enabled or not supported|The server selected protocol version \S+ is not accepted/,
    reason: 'no-common-protocol',
  },
  { pattern: /No appropriate protocol \(protocol is disabled/, reason: 'nothing-enabled' },
  { pattern: /CertificateExpiredException|certificate expired on|NotAfter: /, reason: 'expired' },
  { pattern: /CertificateNotYetValidException|NotBefore: /, reason: 'not-yet-valid' },
  { pattern: /Extended key usage does not permit|KeyUsage does not allow/, reason: 'key-usage' },
  {
    pattern: /do(?:es)? not conform to algorithm constraints|Algorithm constraints check failed/,
    reason: 'algorithm-constraints',
  },
  { pattern: /No subject alternative|No name matching/, reason: 'name-mismatch' },
  {
    pattern:
      /PKIX path (?:building|validation) failed|unable to find valid certification path|No trusted certificate found/,
    reason: 'untrusted',
  },
  { pattern: /SslHandshakeTimeoutException|handshake timed out/, reason: 'timeout' },
  {
    pattern: /Remote host (?:terminated the handshake|closed connection during handshake)/,
    reason: 'closed',
  },
];

/** Netty's name of the length that it read: four bytes, of which TLS gives type and version. */
const TOO_LONG = /TooLongFrameException: Adjusted frame length exceeds \d+: (\d+) - discarded/;
const HANDSHAKE_OR_ALERT: ReadonlySet<number> = new Set([0x1603, 0x1503]);
const LENGTH_FIELD_BYTES = 4;

/** Why a handshake failed, by the texts of its exception; undefined where no TLS is in it. */
export function handshakeFailure(text: string): Omit<LogFailure, 'side'> | undefined {
  const known = TEXTS.find(({ pattern }) => pattern.test(text));
  if (known !== undefined) return { reason: known.reason, certainty: 'proven' };
  const alert = /Received fatal alert: ([a-z_]{1,40})\b/.exec(text)?.[1];
  if (alert !== undefined) return { reason: 'alert', certainty: 'proven', alert };
  const length = TOO_LONG.exec(text)?.[1];
  if (length !== undefined && HANDSHAKE_OR_ALERT.has(Math.floor((Number(length) - LENGTH_FIELD_BYTES) / 0x10000))) {
    return { reason: 'peer-in-tls', certainty: 'proven' };
  }
  return /SSLHandshakeException|SSLPeerUnverifiedException/.test(text)
    ? { reason: 'other', certainty: 'proven' }
    : undefined;
}
