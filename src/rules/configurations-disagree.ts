import { CHANNEL_IDS, type ChannelId } from '../model/channel.ts';
import type { Expectation } from '../model/report.ts';
import type { ClusterRule, ClusterSubject, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { oddOnes } from './support/members.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { placeOfSetting, settingEvidence, shown } from './support/settings.ts';
import { count } from './support/text.ts';

/** Channels on which the members' configurations cannot meet. */
const INTERNAL: readonly ChannelId[] = [
  'jobmanager-rpc',
  'taskmanager-rpc',
  'taskmanager-data',
  'blob-server',
  'metrics-query-service',
];

/** Members whose configurations give the same internal channel other TLS: they cannot talk to each other. */
export const rule: ClusterRule = {
  id: 'configurations-disagree',
  scope: 'cluster',
  title: 'Members are configured with different TLS for one channel',
  severity: 'high',
  rationale:
    'Both ends of an internal channel take their TLS from their own configuration. A member that has it off, or another protocol, or no suite in common, cannot join, or joins and fails its jobs in an endless restart (seen on 1.20.3). Half-done changes look like this.',
  decides:
    'Compares for each internal channel what the configurations of the members promise: TLS or clear, protocols, suites and pins. The members that differ from most are told; of two that are equally frequent the first one given counts as right.',
  verdicts: {
    pass: 'all members have the same settings',
    fail: 'a member has other settings than most',
    'not-applicable': 'fewer than two configurations were read',
  },
  hears: ['promise'],
  toldBy: ['mixed-tls-and-clear', 'members-differ-in-tls'],
  remediation: remedy('Give all members the same security settings, and restart them together.'),
  references: [SECURITY_SSL_PAGE],

  appliesTo: ({ configurations }: ClusterSubject): boolean => configurations.length > 1,

  evaluate({ configurations }: ClusterSubject): readonly Judgement[] {
    const judgements = CHANNEL_IDS.filter((id) => INTERNAL.includes(id)).flatMap((id) => judge(id, configurations));
    return judgements.length > 0 ? judgements : [{ verdict: 'pass' }];
  },
};

interface Promised {
  readonly subject: ConfigurationSubject;
  readonly expectation: Expectation;
}

function judge(channel: ChannelId, configurations: readonly ConfigurationSubject[]): readonly Judgement[] {
  const promises = configurations.flatMap((subject): Promised[] => {
    const expectation = subject.expectations.find((one) => one.channel === channel);
    return expectation === undefined ? [] : [{ subject, expectation }];
  });
  // Of two that are equally frequent, the one that came first: the JobManager by custom.
  const { most, odd } = oddOnes(promises, ({ expectation }) => content(expectation));
  return odd.map(({ subject, expectation }) => {
    const others = most[0]!;
    const cause = expectation.because.find(({ origin }) => origin !== 'default') ?? expectation.because[0];
    return {
      verdict: 'fail',
      channel,
      discriminator: channel,
      file: placeOfSetting(cause, subject),
      message: `Configured with ${wordsOf(expectation)}, where ${nameOf(others.subject)} has ${wordsOf(others.expectation)}: they cannot connect to each other.`,
      expected: wordsOf(others.expectation),
      observed: cause === undefined ? wordsOf(expectation) : shown(cause),
      evidence: [...expectation.because, ...others.expectation.because].map(settingEvidence),
    };
  });
}

function content({ tls, protocols = [], cipherSuites = [], certificateSha1 = [] }: Expectation): string {
  return JSON.stringify([tls, [...protocols].sort(), [...cipherSuites].sort(), [...certificateSha1].sort()]);
}

function wordsOf({ tls, protocols = [], cipherSuites = [], certificateSha1 = [] }: Expectation): string {
  if (tls !== 'required') return 'clear text';
  const pins =
    certificateSha1.length === 0 ? '' : `, pinned to ${certificateSha1.map((one) => one.slice(0, 8)).join(', ')}`;
  return `${protocols.join(', ') || 'TLS'} and ${count(cipherSuites.length, 'suite')}${pins}`;
}

function nameOf({ member, path }: ConfigurationSubject): string {
  return member ?? path;
}
