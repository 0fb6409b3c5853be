import type { Remediation } from '../model/report.ts';
import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { presentedCertificates, withoutCertificate } from './support/certificates.ts';
import { hasTls, tlsObservations } from './support/handshakes.ts';
import { isInternal, isRest } from './support/protection.ts';
import { remedy } from './support/remedies.ts';
import { connections, count, distinct, evidenceOf } from './support/text.ts';

const WHY = {
  encrypted: 'TLS 1.3 encrypts it',
  resumed: 'all sessions were resumed',
  truncated: 'its messages were not captured whole',
  'not-reached': 'the handshake did not come so far',
} as const;

/**
 * No certificate of the server could be read, so that dates, keys, names and signatures stay unjudged: told once, for
 * all rules that need it.
 *
 * Inconclusive, on REST too, although TLS 1.3 is Flink's default there and hides it from every capture: exit 0 promises
 * that nothing that had to be judged was left out, and an expired REST certificate is among what people run this for. A
 * pass here would be a pass of what nobody saw. One connection that shows the certificate settles the endpoint: of a
 * client that writes its session keys, or one that speaks TLS 1.2.
 */
export const rule: EndpointRule = {
  id: 'certificate-not-seen',
  scope: 'endpoint',
  title: 'Certificate could not be seen',
  severity: 'info',
  rationale:
    "A certificate that nobody has seen may be expired, weak or somebody else's. TLS 1.3 encrypts certificates and resumed sessions send none, so a capture alone cannot judge them. That is no fault of the cluster, and no pass either: the run ends with exit code 2 until one connection shows the certificate.",
  decides:
    'Looks on internal and REST channels with TLS whether any connection, or any answer to a probe, showed the certificate of the server.',
  verdicts: {
    pass: 'at least one showed it',
    inconclusive: 'all of them hid it: dates, key, names and signature are not judged',
    'not-applicable':
      'no TLS was seen at the endpoint, or no handshake came as far as a certificate, or it is another channel',
  },
  remediation: remedy(
    'Show one full handshake: with session keys (--keylog), in TLS 1.2, or by asking the endpoint itself (flinkprobe verify).',
  ),
  references: ['https://www.rfc-editor.org/rfc/rfc8446#section-2'],

  appliesTo(subject: EndpointSubject, context: RuleContext): boolean {
    return (isInternal(subject, context) || isRest(subject, context)) && hasTls(subject);
  },

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    if (presentedCertificates(subject).some((one) => one.role === 'server')) return [{ verdict: 'pass' }];
    if (withoutCertificate(subject) === 'not-applicable') return [{ verdict: 'not-applicable' }];
    const hidden = tlsObservations(subject.observations).filter(({ tls }) => tls.serverCertificate.seen === 'hidden');
    const why = distinct(
      hidden.map(({ tls }) =>
        tls.serverCertificate.seen === 'hidden' ? WHY[tls.serverCertificate.because] : undefined,
      ),
    ).join('; ');
    return [
      {
        verdict: 'inconclusive',
        message: `The certificate could not be seen: ${why}. Its dates, key, names and signature are not judged.`,
        expected: 'a certificate to judge',
        observed: `no certificate in ${count(connections(hidden), 'TLS connection')}`,
        evidence: hidden.map((one) => evidenceOf(one, `${one.tls.version ?? 'unknown version'}, certificate hidden`)),
        remediation: waysOut(subject, context),
      },
    ];
  },
};

/** Any client may ask REST, and many can write their keys; on internal channels only Flink's own processes speak. */
function waysOut(subject: EndpointSubject, context: RuleContext): Remediation {
  const { channel, server } = subject;
  const command = `flinkprobe verify ${channel}=${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`;
  if (isRest(subject, context)) {
    return {
      text: 'While capturing, open the endpoint once with a client that writes its session keys (SSLKEYLOGFILE=keys.log curl, or a browser), or with one that speaks TLS 1.2 (curl --tls-max 1.2); then analyze again, with --keylog keys.log in the first case. Or ask the endpoint itself:',
      settings: {},
      command,
    };
  }
  return {
    text: 'Give session keys that an agent in the JVM wrote (--keylog), or, where sessions were resumed, capture from before the process starts. Or ask the endpoint itself:',
    settings: {},
    command,
  };
}
