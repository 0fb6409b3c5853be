import type { ClusterRule, ClusterSubject, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import type { TlsObservation } from './support/handshakes.ts';
import { askedTls, families, oddOnes } from './support/members.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { evidenceOf, listed, placeOf, processOf } from './support/text.ts';

/**
 * Members of a cluster that serve the same channel in different ways: versions, suites, client authentication.
 *
 * Compared are endpoints of one channel (of RPC altogether) that were asked the same and answered it all. Another
 * certificate is told by `certificate-differs-between-members`, clear text by `mixed-tls-and-clear`.
 */
export const rule: ClusterRule = {
  id: 'members-differ-in-tls',
  scope: 'cluster',
  title: 'Members serve the same channel with different TLS',
  severity: 'medium',
  rationale:
    'All processes of a cluster are meant to run with the same TLS settings and the same Java. One that differs was started with another file, before the last change, or on another Java version: it is the one that will not connect when the next suite is disabled, or the one that an attacker picks.',
  decides:
    'Compares endpoints of one channel (those of RPC together) that were asked everything in the same profile: who needs a client certificate (high), versions and suites (medium). Those that differ from most are told.',
  verdicts: {
    pass: 'all members serve the same',
    fail: 'a member serves its channel otherwise than most',
    'not-applicable': 'fewer than two endpoints of one channel were asked everything',
  },
  hears: ['handshake'],
  remediation: remedy(
    'Compare configuration and Java version of the odd process with the others (its log lists both), make them equal and restart it.',
  ),
  references: [SECURITY_SSL_PAGE],

  appliesTo(subject: ClusterSubject, context: RuleContext): boolean {
    return comparable(subject, context).length > 0;
  },

  evaluate(subject: ClusterSubject, context: RuleContext): readonly Judgement[] {
    const found = comparable(subject, context).flatMap((members) =>
      ASPECTS.flatMap((aspect) => compare(members, aspect)),
    );
    return found.length === 0 ? [{ verdict: 'pass' }] : found;
  },
};

interface Member {
  readonly subject: EndpointSubject;
  readonly observation: TlsObservation;
}

interface Aspect {
  readonly name: string;
  readonly severity: 'high' | 'medium';
  /** In words, equal where two are alike; undefined where it was not wholly told. */
  readonly value: (observation: TlsObservation) => string | undefined;
}

const ASPECTS: readonly Aspect[] = [
  {
    name: 'client authentication',
    severity: 'high',
    value: ({ tls }) => {
      const demands = Object.entries(tls.clientAuthentication.byVersion ?? {});
      if (demands.some(([, demand]) => demand === 'unknown')) return undefined;
      // One that takes fewer versions differs in versions.
      return [...new Set(demands.map(([, demand]) => demand))].sort().join(' or ') || undefined;
    },
  },
  { name: 'versions', severity: 'medium', value: ({ tls }) => sorted(tls.accepted?.versions) },
  {
    name: 'suites',
    severity: 'medium',
    value: ({ tls }) => sorted([...new Set(Object.values(tls.accepted?.cipherSuites ?? {}).flat())]),
  },
];

function sorted(values: readonly string[] | undefined): string | undefined {
  return values === undefined || values.length === 0 ? undefined : [...values].sort().join(', ');
}

/** Families with at least two endpoints that were asked all of the same profile. */
function comparable(subject: ClusterSubject, context: RuleContext): readonly (readonly Member[])[] {
  const own = subject.endpoints.filter(({ channel }) => {
    const protection = context.probes.get(channel)?.protection;
    return protection === 'internal' || protection === 'rest';
  });
  return families(own)
    .flatMap((family) => {
      const members = family.flatMap((one) => {
        const observation = askedTls(one);
        return observation?.asked?.complete === true ? [{ subject: one, observation }] : [];
      });
      return ['quick', 'standard', 'full'].map((profile) =>
        members.filter(({ observation }) => observation.asked?.profile === profile),
      );
    })
    .filter((members) => members.length > 1);
}

function compare(members: readonly Member[], { name, severity, value }: Aspect): readonly Judgement[] {
  const told = members.filter(({ observation }) => value(observation) !== undefined);
  const { most, odd, tied } = oddOnes(told, ({ observation }) => value(observation)!);
  return odd.map(({ subject, observation }) => {
    const usual = value(most[0]!.observation)!;
    const mine = value(observation)!;
    const others = [...new Set(most.map((one) => nameOf(one, subject)))];
    return {
      verdict: 'fail',
      severity,
      channel: subject.channel,
      endpoint: subject.server,
      discriminator: name,
      message: `${processOf(subject.server)} differs from ${listed(others)} in ${name}${tied ? '; which of them is right cannot be told from their number' : ''}: ${difference(mine, usual)}.`,
      expected: `${name} as on ${listed(others)}: ${usual}`,
      observed: mine,
      evidence: [evidenceOf(observation, `${name}: ${mine}`), evidenceOf(most[0]!.observation, `${name}: ${usual}`)],
    };
  });
}

/** Two endpoints of one process, as of several addresses, need their addresses to be told apart. */
function nameOf({ subject }: Member, other: EndpointSubject): string {
  const isSame = processOf(subject.server) === processOf(other.server);
  return isSame ? placeOf(subject.server) : processOf(subject.server);
}

function difference(mine: string, usual: string): string {
  const [own, others] = [mine.split(', '), usual.split(', ')];
  const more = own.filter((one) => !others.includes(one));
  const less = others.filter((one) => !own.includes(one));
  const parts = [
    ...(more.length === 0 ? [] : [`it has ${listed(more, 6)}`]),
    ...(less.length === 0 ? [] : [`${more.length === 0 ? 'it ' : ''}lacks ${listed(less, 6)}`]),
  ];
  return parts.join(' and ');
}
