import type { ClusterRule, ClusterSubject, Judgement, RuleContext } from '../model/rule.ts';
import { certificateText } from './support/certificates.ts';
import { holdersOf, leftBehind } from './support/holders.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { evidenceOf, listed, processOf } from './support/text.ts';

/** All processes had one certificate in the baseline, the others have a new one, and this one still shows the old. */
export const rule: ClusterRule = {
  id: 'old-certificate-still-served',
  scope: 'cluster',
  title: 'One process still serves the old certificate',
  severity: 'high',
  rationale:
    'Released Flink versions read keystores at their start only, so a process that was not restarted, or was restarted with the old keystore, keeps the old certificate until it expires. Where the new truststore does not hold the old certificate, it is locked out already.',
  decides:
    'Needs a baseline in which all processes, two at least, showed one certificate on internal channels. Told are those that still show it while more others show one new certificate; as many of each count where these were not restarted and the others were.',
  verdicts: {
    pass: 'no process was left behind',
    fail: 'a process still shows the certificate of the baseline while the others have a new one',
    'not-applicable': 'no baseline was given',
  },
  hears: ['wire', 'handshake'],
  toldBy: ['served-certificate-is-not-the-one-on-disk'],
  remediation: remedy(
    'Put the new keystore and truststore on the host of this process (security.ssl.internal.keystore, security.ssl.internal.truststore) and restart it.',
  ),
  references: [SECURITY_SSL_PAGE, 'FLINK-37504'],

  appliesTo(subject: ClusterSubject): boolean {
    return subject.baseline !== undefined;
  },

  evaluate(subject: ClusterSubject, context: RuleContext): readonly Judgement[] {
    const behind = leftBehind(subject, context);
    if (behind.length === 0) return [{ verdict: 'pass' }];
    const old = behind[0]!.certificate;
    const ahead = holdersOf(subject, context).filter((one) => one.certificate.sha256 !== old.sha256);
    const fresh = ahead[0]!.certificate;
    const names = listed(ahead.map((one) => processOf(one.endpoint)));
    return behind.map((one) => ({
      verdict: 'fail',
      channel: one.channel,
      endpoint: one.endpoint,
      discriminator: old.sha256,
      message: `${processOf(one.endpoint)} still shows ${certificateText(old)}, as in the baseline, while ${names} show${ahead.length === 1 ? 's' : ''} ${certificateText(fresh)}${restartText(one.endpoint.member ?? one.endpoint.host, subject)}.`,
      expected: `the new certificate on all processes: ${certificateText(fresh)}`,
      observed: `${certificateText(old)}, not after ${old.notAfter}`,
      evidence: [one, ahead[0]!].map((each) =>
        evidenceOf(each.observation, `${processOf(each.endpoint)} shows ${certificateText(each.certificate)}`),
      ),
    }));
  },
};

function restartText(process: string, { baseline }: ClusterSubject): string {
  const change = baseline?.endpoints.find(({ endpoint }) => processOf(endpoint) === process)?.process;
  if (change === 'same') return ': it was not restarted';
  return change === 'restarted' ? ': it was restarted with the old keystore' : '';
}
