import type { Alert, Certificate, Expectation, Remediation } from '../../model/report.ts';
import { isSignallingSuite, suiteProperties } from '../../tls/cipher-suites.ts';
import type { TlsObservation } from './handshakes.ts';
import { remedy, STRONG_SUITES } from './remedies.ts';
import { distinct, listed, settingPlace, settingText } from './text.ts';

/** Why a handshake was refused, as far as alert, version, suites and certificates tell. */
export interface Refusal {
  /** Stable: part of the fingerprint. */
  readonly reason:
    | 'no-common-suite'
    | 'no-common-version'
    | 'empty-client-certificate'
    | 'client-certificate-refused'
    | 'server-certificate-refused'
    | 'name-refused'
    | 'not-tls'
    | 'unexplained';
  readonly by: 'client' | 'server' | 'unknown';
  /** What was seen: `the server sent alert 42 (bad_certificate)`. */
  readonly how: string;
  /** What it means, `how` included. */
  readonly text: string;
  readonly remediation: Remediation;
}

/** What other connections to the same endpoint show, and what its configuration says. */
export interface RefusalContext {
  readonly peers: readonly TlsObservation[];
  readonly expectation: Expectation | undefined;
  readonly internal: boolean;
}

const PIN_KEY = 'security.ssl.internal.cert.fingerprint';

/** Alerts by which a peer refuses a certificate (RFC 8446 section 6.2; 41 is SSLv3's, RFC 6101). */
const CERTIFICATE_ALERTS: ReadonlySet<number> = new Set([41, 42, 43, 44, 45, 46, 48, 49, 116]);

export function explainRefusal(one: TlsObservation, context: RefusalContext): Refusal {
  const alert = deciding(one.tls.alerts);
  if (alert === undefined) return withoutAlert(one, context);
  if (CERTIFICATE_ALERTS.has(alert.code)) return certificateRefused(one, alert, context);
  switch (alert.code) {
    case 40:
    case 71:
      return isEmptyCertificate(one) && alert.from === 'server'
        ? emptyCertificate(one, sent(alert))
        : noCommonSuite(one, alert, context);
    case 70:
      return noCommonVersion(one, alert, context);
    case 10:
      return {
        reason: 'not-tls',
        by: alert.from,
        how: sent(alert),
        text: `${sent(alert)}: it read something that is no TLS, or not at this place`,
        remediation: remedy(
          'Check that both processes have the same security.ssl.* settings and that nothing between them changes the stream.',
        ),
      };
    case 112:
      return {
        reason: 'name-refused',
        by: alert.from,
        how: sent(alert),
        text: `${sent(alert)}: the server does not know the name ${one.tls.serverName ?? 'that was asked for'}`,
        remediation: remedy(
          'Connect by a name that the server knows. Java refuses names with an underscore or a trailing dot.',
        ),
      };
    default:
      return unexplained(one, alert.from, sent(alert));
  }
}

/** The alert that ended the handshake: the first fatal one, else the first that is no mere farewell. */
function deciding(alerts: readonly Alert[]): Alert | undefined {
  const readable = alerts.filter((alert) => alert.description !== 'encrypted');
  return readable.find((alert) => alert.level === 'fatal') ?? readable.find((alert) => alert.code !== 0);
}

function named(alert: Alert): string {
  return `alert ${alert.code} (${alert.description})`;
}

function sent(alert: Alert): string {
  return `the ${alert.from} sent ${named(alert)}`;
}

function isEmptyCertificate(one: TlsObservation): boolean {
  const { clientCertificate, clientAuthentication } = one.tls;
  return (
    clientAuthentication.presented === 'empty' ||
    (clientCertificate.seen === 'present' && clientCertificate.chain.length === 0)
  );
}

function isPinned(one: TlsObservation): boolean {
  const { verdict, basis, certificateAuthorities } = one.tls.clientAuthentication;
  return (
    verdict !== 'unknown' && verdict !== 'not-requested' && basis === 'messages' && certificateAuthorities.length === 0
  );
}

function certificateRefused(one: TlsObservation, alert: Alert, context: RefusalContext): Refusal {
  if (alert.from === 'client') return serverCertificateRefused(one, sent(alert), context);
  if (isEmptyCertificate(one) || alert.code === 116 || alert.code === 41) return emptyCertificate(one, sent(alert));
  const expiry = alert.code === 45 ? ' because it has expired' : '';
  const pin = isPinned(one)
    ? `. It names no authorities, the sign of a fingerprint pin: the client's certificate is not the pinned one${pinText(one, context)}`
    : '';
  return {
    reason: 'client-certificate-refused',
    by: 'server',
    how: sent(alert),
    text: `the server refused the client's certificate${expiry} with ${named(alert)}${pin}`,
    remediation: isPinned(one)
      ? pinRemedy(one)
      : remedy(
          "Import the issuer of the client's certificate into the server's truststore, or give the client the cluster's keystore.",
        ),
  };
}

/** What is pinned by the server's configuration, and what was presented instead. */
function pinText(one: TlsObservation, { expectation }: RefusalContext): string {
  const pin = expectation?.because.find((setting) => setting.key === PIN_KEY);
  const leaf = presentedLeaf(one);
  const presented = leaf === undefined ? '' : `; presented was ${leaf.subject} with the SHA-1 ${leaf.sha1}`;
  return `${pin === undefined ? '' : `: ${settingText(pin)}`}${presented}`;
}

function pinRemedy(one: TlsObservation): Remediation {
  const leaf = presentedLeaf(one);
  return remedy(
    "Set the pin on the server to the SHA-1 of the cluster's certificate (what the clients presented, if that is the right one; keytool -list -v shows it), or take the pin out, and restart the server.",
    leaf === undefined ? {} : { [PIN_KEY]: leaf.sha1 },
  );
}

function presentedLeaf(one: TlsObservation): Certificate | undefined {
  return one.tls.clientCertificate.seen === 'present' ? one.tls.clientCertificate.chain[0] : undefined;
}

function serverCertificateRefused(one: TlsObservation, how: string, context: RefusalContext): Refusal {
  const store = context.internal ? 'truststore (security.ssl.internal.truststore)' : 'truststore';
  const pin = context.internal ? ", or its pin (security.ssl.internal.cert.fingerprint) is another certificate's" : '';
  const leaf = one.tls.serverCertificate.seen === 'present' ? one.tls.serverCertificate.chain[0] : undefined;
  const shown = leaf === undefined ? '' : ` ${leaf.subject}${leaf.selfIssued ? '' : `, issued by ${leaf.issuer}`}`;
  return {
    reason: 'server-certificate-refused',
    by: 'client',
    how,
    text: `${how}: it does not trust the server's certificate${shown}. Its ${store} does not hold the issuer${pin}`,
    remediation: context.internal
      ? remedy(
          'Give the client the stores and the pin of the rest of the cluster (security.ssl.internal.keystore, security.ssl.internal.truststore, security.ssl.internal.cert.fingerprint) and restart it.',
        )
      : remedy("Import the issuer of the server's certificate into the client's truststore."),
  };
}

/** JSSE answers a request with an empty list where no key of its store has an issuer that the server names. */
function emptyCertificate(one: TlsObservation, how: string): Refusal {
  const names = one.tls.clientAuthentication.certificateAuthorities;
  const wanted = names.length === 0 ? '' : ` The server asks for one issued by ${listed(names, 3)}.`;
  return {
    reason: 'empty-client-certificate',
    by: 'server',
    how,
    text: `the client sent an empty certificate list and ${how}: the client has no key in its keystore, or one whose issuer is not among the server's authorities.${wanted}`,
    remediation: remedy(
      "Give the client the keystore of the rest of the cluster (security.ssl.internal.keystore) and restart it; or, if its own certificate is meant, import the issuer into the server's truststore (security.ssl.internal.truststore).",
    ),
  };
}

function noCommonSuite(one: TlsObservation, alert: Alert, context: RefusalContext): Refusal {
  const offered = (one.tls.offered?.cipherSuites ?? []).filter((suite) => !isSignallingSuite(suite));
  const used = distinct(context.peers.map((peer) => peer.tls.cipherSuite));
  const served = context.expectation?.cipherSuites ?? used;
  const offers = offered.length === 0 ? '' : `; the client offers ${listed(offered)}`;
  const takes = served.length === 0 ? '' : `; the server takes ${listed(served)}${source(context)}`;
  return {
    reason: 'no-common-suite',
    by: alert.from,
    how: sent(alert),
    text: `${sent(alert)}: no common cipher suite${offers}${takes}${keyTypeHint(offered, served)}`,
    remediation: remedy(
      "Set the same suites on every process, of the kind that the keystore's key allows (ECDHE_RSA needs an RSA key), and restart them together.",
      {
        'security.ssl.algorithms': STRONG_SUITES,
      },
    ),
  };
}

function source(context: RefusalContext): string {
  if (context.expectation?.cipherSuites === undefined) return ' (seen on other connections)';
  const written = context.expectation.because.find((setting) => setting.key === 'security.ssl.algorithms');
  return written === undefined ? " (Flink's default)" : `, by ${settingPlace(written)}`;
}

function keyTypeHint(offered: readonly string[], served: readonly string[]): string {
  const kinds = (suites: readonly string[]): readonly string[] =>
    distinct(suites.map((suite) => suiteProperties(suite).authentication)).filter(
      (kind) => kind !== 'TLS13' && kind !== 'unknown',
    );
  const [theirs, ours] = [kinds(offered), kinds(served)];
  if (theirs.length === 0 || ours.length === 0 || theirs.some((kind) => ours.includes(kind))) return '';
  return `; one side wants ${theirs.join(' or ')} certificates, the other ${ours.join(' or ')}`;
}

function noCommonVersion(one: TlsObservation, alert: Alert, context: RefusalContext): Refusal {
  const offered = one.tls.offered?.versions ?? [];
  const used = distinct(context.peers.map((peer) => peer.tls.version));
  const served = context.expectation?.protocols ?? used;
  const offers = offered.length === 0 ? '' : `; the client offers ${listed(offered)}`;
  const takes = served.length === 0 ? '' : `; the server takes ${listed(served)}`;
  return {
    reason: 'no-common-version',
    by: alert.from,
    how: sent(alert),
    text: `${sent(alert)}: no common protocol version${offers}${takes}`,
    remediation: remedy('Set the same protocol on every process and restart them together.', {
      'security.ssl.protocol': served[0] ?? 'TLSv1.2',
    }),
  };
}

/** Netty 3 (Flink 1.18 and older) refuses without a word, and TLS 1.3 encrypts its alerts. */
function withoutAlert(one: TlsObservation, context: RefusalContext): Refusal {
  const { refusal, version } = one.tls;
  const encrypted = one.tls.alerts.find((alert) => alert.description === 'encrypted');
  const by = refusal?.from ?? encrypted?.from ?? 'unknown';
  const after = refusal === undefined ? '' : ` after ${refusal.after}`;
  const how =
    encrypted !== undefined || refusal?.how === 'encrypted-alert'
      ? `the ${by} sent an encrypted alert${after}`
      : `the ${by === 'unknown' ? 'connection was' : `${by}`} closed${by === 'unknown' ? '' : ' the connection'} without an alert${after}, as Netty 3 of Flink 1.18 and older does`;
  if (isEmptyCertificate(one) && by !== 'client') return emptyCertificate(one, how);
  if (by === 'client' && (one.tls.serverCertificate.seen === 'present' || version === 'TLSv1.3')) {
    return serverCertificateRefused(one, how, context);
  }
  if (by === 'server' && one.tls.clientCertificate.seen === 'present') {
    const pin = isPinned(one) ? '; it names no authorities, the sign of a fingerprint pin' : '';
    return {
      reason: 'client-certificate-refused',
      by,
      how,
      text: `${how}: it does not accept the client's certificate${pin}`,
      remediation: remedy(
        "Check the server's truststore and pin (security.ssl.internal.truststore, security.ssl.internal.cert.fingerprint) against the client's certificate; the server's log has the reason.",
      ),
    };
  }
  return unexplained(one, by, how);
}

function unexplained(one: TlsObservation, by: Refusal['by'], how: string): Refusal {
  const version = one.tls.version === undefined ? '' : ` in ${one.tls.version}`;
  return {
    reason: 'unexplained',
    by,
    how,
    text: `${how}${version}; what was captured does not tell why`,
    remediation: remedy(
      'Read the logs of both processes at this time: the side that refuses writes the reason (SSLHandshakeException, NotSslRecordException).',
    ),
  };
}
