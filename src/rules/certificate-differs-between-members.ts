import type { ClusterRule, ClusterSubject, Judgement, RuleContext } from '../model/rule.ts';
import { certificateText } from './support/certificates.ts';
import { type Holder, hasHiddenCertificates, holdersOf, leftBehind } from './support/holders.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { evidenceOf, groupBy, listed, processOf } from './support/text.ts';

/**
 * One member of the cluster presents another certificate on internal channels than the others.
 *
 * Internal TLS is made for one key pair that all processes share. A cluster where every process has a certificate of
 * its own from one common issuer is another set-up that works, and no finding. A process counts with what it showed
 * last, so that a rotation in between accuses only those who did not follow.
 */
export const rule: ClusterRule = {
  id: 'certificate-differs-between-members',
  scope: 'cluster',
  title: 'One member has another certificate than the rest of the cluster',
  severity: 'high',
  rationale:
    'On internal channels trust is the possession of a certificate that all truststores accept. A member with another one was left out of a rotation, or belongs to another cluster, or to somebody else. The next restart or rotation may lock it out.',
  decides:
    'Compares by SHA-256 the leaf certificates that the processes showed last on internal channels, as servers and as clients. Processes outside of the largest group are accused; a certificate for each process, all of one issuer, is a set-up that works.',
  verdicts: {
    pass: 'all processes show one certificate, or each its own of a common issuer',
    fail: 'a process shows another certificate than most others',
    inconclusive: 'TLS was seen on internal channels, and no certificate could be read',
    'not-applicable': 'no TLS was seen on internal channels, or old-certificate-still-served tells the difference',
  },
  hears: ['wire', 'handshake'],
  remediation: remedy(
    'Give the member the keystore of the cluster (security.ssl.internal.keystore) and restart it. If nobody knows the certificate, find out who holds it first.',
  ),
  references: [SECURITY_SSL_PAGE],

  appliesTo(subject: ClusterSubject, context: RuleContext): boolean {
    return holdersOf(subject, context).length > 0 || hasHiddenCertificates(subject, context);
  },

  evaluate(subject: ClusterSubject, context: RuleContext): readonly Judgement[] {
    const holders = holdersOf(subject, context);
    if (holders.length === 0) return [{ verdict: 'inconclusive' }];
    const groups = [...groupBy(holders, (one) => one.certificate.sha256).values()].sort((a, b) => b.length - a.length);
    if (groups.length === 1 || isOneEach(groups)) return [{ verdict: 'pass' }];
    const [most, next] = [groups[0]!, groups[1]!];
    const tied = most.length === next.length;
    const odd = groups.slice(1).flat();
    // Who was left out of a rotation is told with more weight by `old-certificate-still-served`.
    const behind = new Set(leftBehind(subject, context).map((one) => processOf(one.endpoint)));
    const told = odd.filter((one) => !behind.has(processOf(one.endpoint)));
    if (behind.size > 0 && groups.length === 2) return [{ verdict: 'not-applicable' }];
    return told.map((one) => ({
      verdict: 'fail',
      channel: one.channel,
      endpoint: one.endpoint,
      discriminator: one.certificate.sha256,
      message: `${processOf(one.endpoint)} presents ${certificateText(one.certificate)}, ${listed(most.map((each) => processOf(each.endpoint)))} present${most.length === 1 ? 's' : ''} ${certificateText(most[0]!.certificate)}${tied ? '; which of the two is right cannot be told from their number' : ''}.`,
      expected: `one certificate on all internal channels: ${certificateText(most[0]!.certificate)}`,
      observed: `${certificateText(one.certificate)}, issued by ${one.certificate.issuer}, not after ${one.certificate.notAfter}`,
      evidence: [one, most[0]!].map((each) =>
        evidenceOf(each.observation, `${processOf(each.endpoint)} presents ${certificateText(each.certificate)}`),
      ),
    }));
  },
};

/** Every process its own certificate, all of one issuer that is not itself one of them. */
function isOneEach(groups: readonly (readonly Holder[])[]): boolean {
  const certificates = groups.map((group) => group[0]!.certificate);
  const [first] = certificates;
  return (
    groups.every((group) => group.length === 1) &&
    certificates.every((certificate) => !certificate.selfIssued && certificate.issuer === first?.issuer)
  );
}
