import type { Verdict } from '../model/report.ts';
import type { Rule, Witness } from '../model/rule.ts';

/** In the order in which they are told: what is good first, what was not judged last. */
export const VERDICT_ORDER: readonly Verdict[] = ['pass', 'fail', 'inconclusive', 'error', 'not-applicable'];

export const WITNESS_WORDS: Readonly<Record<Witness, string>> = {
  wire: 'captured traffic',
  handshake: "flinkprobe's own connections",
  promise: 'configurations, key stores and directories',
  record: "Flink's own logs",
};

const WITNESSES = Object.keys(WITNESS_WORDS) as readonly Witness[];

export const SCOPE_WORDS: Readonly<Record<Rule['scope'], string>> = {
  endpoint: 'each listening endpoint',
  configuration: 'the configuration of each member',
  store: 'each key store file',
  cluster: 'the whole run',
};

/** Whom a rule listens to. */
export function ownWitnesses({ hears, scope }: Rule): readonly Witness[] {
  if (hears !== undefined) return hears;
  switch (scope) {
    case 'endpoint':
      return ['wire', 'handshake'];
    case 'cluster':
      return ['wire'];
    default:
      return ['promise'];
  }
}

/** With those that are held beside its verdict, in the order of the report. */
export function witnessesOf(rule: Rule): readonly Witness[] {
  const beside: readonly Witness[] =
    rule.promise === undefined ? [] : rule.promise === 'tls' ? ['promise', 'record'] : ['promise'];
  return WITNESSES.filter((one) => ownWitnesses(rule).includes(one) || beside.includes(one));
}

/** The verdicts that a rule can give, with what they mean. */
export function verdictTexts(rule: Rule): readonly (readonly [verdict: Verdict, text: string])[] {
  return VERDICT_ORDER.flatMap((verdict) => {
    const text = rule.verdicts[verdict];
    return text === undefined ? [] : [[verdict, text] as const];
  });
}
