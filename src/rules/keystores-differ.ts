import type { Certificate } from '../model/report.ts';
import type {
  ClusterRule,
  ClusterSubject,
  ConfigurationSubject,
  Judgement,
  StoreFacts,
  StoreRole,
} from '../model/rule.ts';
import { certificateText } from './support/certificates.ts';
import { filePlace } from './support/file-place.ts';
import { oddOnes } from './support/members.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { leafOf } from './support/stores.ts';
import { count } from './support/text.ts';

/** Internal keystores of the members hold different certificates. */
export const rule: ClusterRule = {
  id: 'keystores-differ',
  scope: 'cluster',
  title: 'Internal key stores of the members hold different certificates',
  severity: 'high',
  rationale:
    'Internal TLS is made for one certificate that all processes share. Where one host was forgotten when it was renewed, that member is refused by the others after its next restart, mostly with an empty client certificate in the logs (seen on 1.20.3). Certificates of one private authority may differ.',
  decides:
    'Compares by SHA-256 the certificate of the first key in the internal keystores of the members. High for the members that differ from most; info where both certificates are of one issuer, since one truststore may accept both. The certificates of the internal truststores are compared as sets: medium, since who is trusted then depends on which host he asks.',
  verdicts: {
    pass: 'all keystores hold the same certificate, and all truststores the same ones',
    fail: 'a keystore or a truststore holds other certificates than most',
    'not-applicable': 'fewer than two internal key stores could be opened',
  },
  hears: ['promise'],
  remediation: remedy('Put the same keystore and truststore on every host, and restart all processes together.'),
  references: [SECURITY_SSL_PAGE],

  appliesTo: ({ configurations }: ClusterSubject): boolean =>
    holders(configurations).length > 1 || trusters(configurations).length > 1,

  evaluate({ configurations }: ClusterSubject): readonly Judgement[] {
    const judgements = [...ofKeystores(holders(configurations)), ...ofTruststores(trusters(configurations))];
    return judgements.length > 0 ? judgements : [{ verdict: 'pass' }];
  },
};

interface Holder {
  readonly subject: ConfigurationSubject;
  readonly leaf: Certificate;
  readonly path: string;
}

function ofKeystores(all: readonly Holder[]): readonly Judgement[] {
  const { most, odd } = oddOnes(all, ({ leaf }) => leaf.sha256);
  const common = most[0];
  if (common === undefined) return [];
  return odd.map(({ subject, leaf, path }) => ({
    verdict: 'fail',
    // One authority for all: the truststore accepts both.
    severity: !leaf.selfIssued && leaf.issuer === common.leaf.issuer ? 'info' : 'high',
    channel: 'jobmanager-rpc',
    discriminator: subject.member ?? subject.path,
    file: filePlace(path, subject.member),
    message: `Holds ${certificateText(leaf)}, where ${nameOf(common.subject)} has ${certificateText(common.leaf)}.`,
    expected: certificateText(common.leaf),
    observed: certificateText(leaf),
    evidence: [
      { text: `${path}: ${certificateText(leaf)}`, file: path },
      { text: `${common.path}: ${certificateText(common.leaf)}`, file: common.path },
    ],
  }));
}

interface Truster {
  readonly subject: ConfigurationSubject;
  readonly trusted: readonly Certificate[];
  readonly path: string;
}

function ofTruststores(all: readonly Truster[]): readonly Judgement[] {
  const { most, odd } = oddOnes(all, ({ trusted }) => trusted.map(({ sha256 }) => sha256).join());
  const common = most[0];
  if (common === undefined) return [];
  return odd.map(({ subject, trusted, path }) => {
    const more = without(trusted, common.trusted);
    const less = without(common.trusted, trusted);
    const said = [
      ...more.map((one) => `trusts ${certificateText(one)}`),
      ...less.map((one) => `lacks ${certificateText(one)}`),
    ];
    return {
      verdict: 'fail',
      severity: 'medium',
      channel: 'jobmanager-rpc',
      discriminator: `${subject.member ?? subject.path} truststore`,
      file: filePlace(path, subject.member),
      message: `The truststore differs from that of ${nameOf(common.subject)}: ${said.slice(0, DIFFERENCES_MAX).join(', ')}.`,
      expected: `${common.path} and ${path} alike`,
      observed: `${count(more.length, 'certificate')} more, ${less.length} fewer`,
      evidence: said.map((text) => ({ text: `${path} ${text}`, file: path })),
    };
  });
}

/** Of a bundle there may be hundreds. */
const DIFFERENCES_MAX = 4;

function without(certificates: readonly Certificate[], others: readonly Certificate[]): readonly Certificate[] {
  const known = new Set(others.map(({ sha256 }) => sha256));
  return certificates.filter(({ sha256 }) => !known.has(sha256));
}

function nameOf({ member, path }: ConfigurationSubject): string {
  return member ?? path;
}

function internalStore({ stores }: ConfigurationSubject, role: StoreRole): StoreFacts | undefined {
  return stores.find(({ use }) => use.family === 'internal' && use.role === role)?.store;
}

function trusters(configurations: readonly ConfigurationSubject[]): readonly Truster[] {
  return configurations.flatMap((subject) => {
    const store = internalStore(subject, 'truststore');
    if (store === undefined || store.state !== 'read') return [];
    const trusted = store.entries.filter(({ kind }) => kind === 'certificate').flatMap(({ chain }) => chain);
    const sorted = trusted.toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
    return trusted.length === 0 ? [] : [{ subject, trusted: sorted, path: store.path }];
  });
}

function holders(configurations: readonly ConfigurationSubject[]): readonly Holder[] {
  return configurations.flatMap((subject) => {
    const keystore = internalStore(subject, 'keystore');
    const leaf = keystore === undefined ? undefined : leafOf(keystore);
    return keystore === undefined || leaf === undefined ? [] : [{ subject, leaf, path: keystore.path }];
  });
}
