import type { ClusterRule, ClusterSubject, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { certificateText } from './support/certificates.ts';
import { filePlace } from './support/file-place.ts';
import { oddOnes } from './support/members.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { leafOf } from './support/stores.ts';

/** Internal keystores of the members hold different certificates. */
export const rule: ClusterRule = {
  id: 'keystores-differ',
  scope: 'cluster',
  title: 'Internal keystores of the members hold different certificates',
  severity: 'high',
  rationale:
    'Internal TLS is made for one certificate that all processes share. Where one host was forgotten when it was renewed, that member is refused by the others after its next restart, mostly with an empty client certificate in the logs (seen on 1.20.3). Certificates of one private authority may differ.',
  decides:
    'Compares by SHA-256 the certificate of the first key in the internal keystores of the members. High for the members that differ from most; info where both certificates are of one issuer, since one truststore may accept both.',
  verdicts: {
    pass: 'all keystores hold the same certificate',
    fail: 'a keystore holds another certificate than most',
    'not-applicable': 'fewer than two internal keystores could be opened',
  },
  hears: ['promise'],
  remediation: remedy('Put the same keystore and truststore on every host, and restart all processes together.'),
  references: [SECURITY_SSL_PAGE],

  appliesTo: ({ configurations }: ClusterSubject): boolean => holders(configurations).length > 1,

  evaluate({ configurations }: ClusterSubject): readonly Judgement[] {
    const all = holders(configurations);
    const { most, odd } = oddOnes(all, ({ leaf }) => leaf.sha256);
    const common = most[0]!;
    if (odd.length === 0) return [{ verdict: 'pass' }];
    return odd.map(({ subject, leaf, path }) => ({
      verdict: 'fail',
      // One authority for all: the truststore accepts both.
      severity: !leaf.selfIssued && leaf.issuer === common.leaf.issuer ? 'info' : 'high',
      channel: 'jobmanager-rpc',
      discriminator: subject.member ?? subject.path,
      file: filePlace(path, subject.member),
      message: `Holds ${certificateText(leaf)}, where ${common.subject.member ?? common.subject.path} has ${certificateText(common.leaf)}.`,
      expected: certificateText(common.leaf),
      observed: certificateText(leaf),
      evidence: [
        { text: `${path}: ${certificateText(leaf)}`, file: path },
        { text: `${common.path}: ${certificateText(common.leaf)}`, file: common.path },
      ],
    }));
  },
};

function holders(configurations: readonly ConfigurationSubject[]) {
  return configurations.flatMap((subject) => {
    const keystore = subject.stores.find(({ use }) => use.family === 'internal' && use.role === 'keystore')?.store;
    const leaf = keystore === undefined ? undefined : leafOf(keystore);
    return leaf === undefined ? [] : [{ subject, leaf, path: keystore!.path }];
  });
}
