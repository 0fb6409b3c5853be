import type { HandshakeFailure, LogFailure, Remediation, StartFailure } from '../../model/report.ts';
import { remedy, STRONG_SUITES } from './remedies.ts';

/** Most likely cause of a failed handshake, and what mends it. */
interface Explanation {
  readonly cause: string;
  readonly remediation: Remediation;
}

const SAME_INTERNAL = remedy(
  'Give both processes the same security.ssl.internal.* settings and stores, and restart the one that differs.',
  { 'security.ssl.internal.enabled': 'true' },
);
const STORES = remedy(
  'Put the same key and certificate into the keystore, and its certificate into the truststore, of every process (security.ssl.internal.keystore and .truststore), and restart the one that differs.',
);
const PIN = remedy(
  'Set security.ssl.internal.cert.fingerprint to the SHA-1 fingerprint of the certificate that all processes use (keytool -list -v), or remove it, on every process.',
);
const SUITES = remedy(
  'Set the same suites and the same protocol on every process, of the kind that the key and the Java in use allow, and restart them together.',
  { 'security.ssl.algorithms': STRONG_SUITES, 'security.ssl.protocol': 'TLSv1.2' },
);
const RENEW = remedy(
  'Renew the certificate in the keystore of every process and restart them all: released Flink versions do not reload certificates. Check the clocks of both hosts.',
);

const FAILURES: Readonly<Record<HandshakeFailure, Explanation>> = {
  'peer-in-clear': {
    cause: 'TLS is switched on at one end only: the other one speaks clear text.',
    remediation: SAME_INTERNAL,
  },
  'peer-in-tls': {
    cause: 'TLS is switched on at one end only: this one speaks clear text.',
    remediation: SAME_INTERNAL,
  },
  alert: { cause: 'The other side says why in its own log.', remediation: STORES },
  untrusted: {
    cause: 'The two processes have different keys or truststores.',
    remediation: STORES,
  },
  'empty-client-certificate': {
    cause:
      "The client has no keystore, or its certificate's issuer is not in the server's truststore: Java then sends none.",
    remediation: STORES,
  },
  'client-pin-differs': {
    cause: "The server's pin is not the fingerprint of the client's certificate.",
    remediation: PIN,
  },
  'server-pin-differs': {
    cause: "The client's pin is not the fingerprint of the server's certificate.",
    remediation: PIN,
  },
  'no-common-suite': {
    cause: 'The suites of both ends have nothing in common, or the key is of another kind than they need.',
    remediation: SUITES,
  },
  'no-common-protocol': { cause: 'security.ssl.protocol differs between both ends.', remediation: SUITES },
  'nothing-enabled': {
    cause:
      "Java has disabled the only suite or protocol that is set (TLS_RSA_WITH_AES_128_CBC_SHA, Flink's former default, since 11.0.30, 17.0.18, 21.0.10 and 24).",
    remediation: SUITES,
  },
  expired: { cause: 'A certificate has expired.', remediation: RENEW },
  'not-yet-valid': { cause: 'A certificate is not valid yet, or a clock is wrong.', remediation: RENEW },
  'name-mismatch': {
    cause: "The server's certificate does not name the host that the client dialled.",
    remediation: remedy("Issue a certificate whose subject alternative names hold the server's host name."),
  },
  'algorithm-constraints': {
    cause: 'Key or signature of a certificate is too weak for this Java (jdk.certpath.disabledAlgorithms).',
    remediation: remedy('Issue a certificate with RSA of 2048 bits or more, or ECDSA, signed with SHA-256.'),
  },
  'key-usage': {
    cause: 'The certificate is for servers or for clients alone, and both use it in both roles.',
    remediation: remedy('Issue a certificate with both serverAuth and clientAuth, or without extended key usage.'),
  },
  timeout: {
    cause: 'The other side never answered a ClientHello: it speaks clear text, most likely.',
    remediation: SAME_INTERNAL,
  },
  closed: { cause: 'The other side closed without an alert: its own log says why.', remediation: STORES },
  other: { cause: 'The log names a reason that is not known here.', remediation: STORES },
};

/** Alerts that tell more than that the other side refused (RFC 8446 section 6.2; JSSE's use of them). */
const ALERTS: Readonly<Record<string, HandshakeFailure>> = {
  certificate_unknown: 'untrusted',
  unknown_ca: 'untrusted',
  bad_certificate: 'empty-client-certificate',
  certificate_required: 'empty-client-certificate',
  handshake_failure: 'no-common-suite',
  insufficient_security: 'no-common-suite',
  protocol_version: 'no-common-protocol',
  certificate_expired: 'expired',
  unexpected_message: 'peer-in-clear',
};

export function explainFailure({ reason, alert }: LogFailure): Explanation {
  if (reason === 'alert') {
    const meaning = ALERTS[alert ?? ''];
    return meaning === undefined ? FAILURES.alert : FAILURES[meaning];
  }
  return Object.hasOwn(FAILURES, reason) ? FAILURES[reason as HandshakeFailure] : FAILURES.other;
}

const START: Readonly<Record<StartFailure, string>> = {
  'option-missing': 'Set the option that is missing (with its password), and restart the process.',
  'malformed-pin': 'Give the fingerprint as SHA-1 (20 bytes): SHA-256 is refused and keeps the process from starting.',
  'wrong-store-password': 'Set the password that opens the store (try it with keytool -list), and restart the process.',
  'wrong-key-password':
    'Set security.ssl.*.key-password to the password of the key: of PKCS#12 it is that of the store.',
  'store-missing': 'Put the store where the configuration names it, readable by the user that runs Flink.',
  'wrong-store-type':
    'Set security.ssl.*.keystore-type and truststore-type to what the files are (PKCS12, JKS), or convert them.',
  'empty-truststore': 'Import the certificate into the truststore as a trusted one (keytool -importcert).',
  'unknown-suite': 'Name suites that this Java has, by their JSSE names.',
  'unknown-protocol': 'Set security.ssl.protocol to a single version: RPC takes no list.',
  'no-openssl': 'Put flink-shaded-netty-tcnative into lib, or set security.ssl.provider to JDK.',
  other: 'See the lines behind this one in the log for the cause, mend it and restart the process.',
};

export function startRemedy({ reason }: LogFailure): Remediation {
  const settings: Readonly<Record<string, string>> =
    reason === 'unknown-protocol' ? { 'security.ssl.protocol': 'TLSv1.2' } : {};
  return remedy(Object.hasOwn(START, reason) ? START[reason as StartFailure] : START.other, settings);
}
