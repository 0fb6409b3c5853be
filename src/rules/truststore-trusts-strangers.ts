import type { Certificate } from '../model/report.ts';
import type { ConfigurationRule, ConfigurationSubject, Judgement, StoreTrust } from '../model/rule.ts';
import { certificateText } from './support/certificates.ts';
import { filePlace } from './support/file-place.ts';
import { remedy } from './support/remedies.ts';
import { count } from './support/text.ts';

/** More authorities than any cluster has of its own: the JDK's cacerts, or a bundle of a browser. */
const BUNDLE_LEAST = 20;
/** Organisations of authorities that issue for the public (CA/Browser Forum members). */
const PUBLIC =
  /\bO=(?:"?)(?:Let's Encrypt|Internet Security Research Group|DigiCert|GlobalSign|Sectigo|COMODO|Entrust|GoDaddy|Amazon|Google Trust Services|Microsoft Corporation|VeriSign|GeoTrust|Thawte|Certum|Unizeto|Actalis|QuoVadis|SwissSign|Buypass|IdenTrust|Baltimore|The USERTRUST Network|Starfield|SSL Corporation|Deutsche Telekom|T-Systems|D-Trust|HARICA|Hellenic)/i;

/** Public authorities in the internal truststore: whoever buys a certificate may join the cluster. */
export const rule: ConfigurationRule = {
  id: 'truststore-trusts-strangers',
  scope: 'configuration',
  title: 'Internal truststore trusts public authorities',
  severity: 'high',
  rationale:
    "On internal channels Flink checks no names: any certificate that the truststore accepts may join the cluster, take jobs and read data. With a public authority in it, or a copy of the JDK's cacerts, that is everybody who owns a domain. A pin of the one certificate closes the gap.",
  decides:
    'Looks at the internal truststore: trusted certificates of authorities that issue for the public, by their names, or 20 certificates and more, which only bundles have.',
  verdicts: {
    pass: 'it holds neither',
    fail: 'it trusts authorities from which others get certificates',
    'not-applicable': 'internal TLS is off, its stores could not be read, or a pin closes the gap',
  },
  remediation: remedy(
    "Keep in the internal truststore the cluster's own certificate, or its private authority, and nothing else, or pin the leaf with security.ssl.internal.cert.fingerprint.",
  ),
  references: ['https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/security/security-ssl/'],

  appliesTo: (subject: ConfigurationSubject): boolean =>
    subject.trust.some((one) => one.family === 'internal') &&
    subject.configuration.setting('security.ssl.internal.cert.fingerprint') === undefined,

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const trust = subject.trust.find((one) => one.family === 'internal')!;
    const trusted = trust.truststore.entries.filter(({ kind }) => kind === 'certificate').flatMap(({ chain }) => chain);
    const strangers = trusted.filter((one) => PUBLIC.test(one.subject));
    if (strangers.length === 0 && trusted.length < BUNDLE_LEAST) return [{ verdict: 'pass' }];
    return [judgement(strangers.length > 0 ? strangers : trusted, trusted.length, trust, subject)];
  },
};

function judgement(
  strangers: readonly Certificate[],
  total: number,
  { truststore }: StoreTrust,
  subject: ConfigurationSubject,
): Judgement {
  const first = strangers[0]!;
  return {
    verdict: 'fail',
    channel: 'jobmanager-rpc',
    file: filePlace(truststore.path, subject.member),
    message: `The internal truststore holds ${count(total, 'trusted certificate')}, among them ${certificateText(first)}: whoever gets a certificate there may join the cluster.`,
    expected: "the cluster's own certificate or its private authority, or a pin",
    observed: `${count(strangers.length, 'authority', 'authorities')} that others use`,
    evidence: strangers.map((one) => ({ text: `trusted ${certificateText(one)}`, file: truststore.path })),
  };
}
