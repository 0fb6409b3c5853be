import type { Channel } from '../model/channel.ts';
import type { Endpoint, Expectation, FilePlace, Finding, Observation, WitnessVerdict } from '../model/report.ts';
import type { EndpointSubject, Judgement, Rule, RuleContext, Witness } from '../model/rule.ts';
import type { LogRecord } from './log-record.ts';
import { ownWitnesses } from './rule-facts.ts';

/** One judgement of one rule, and whom it is about. */
export interface Judged {
  readonly rule: Rule;
  readonly judgement: Judgement;
  readonly channel: Channel;
  readonly endpoint: Endpoint | undefined;
  /** The listening endpoint whose traffic was judged; absent for judgements of the whole run. */
  readonly subject: EndpointSubject | undefined;
  /** Where in a configuration, store or log. */
  readonly file: FilePlace | undefined;
}

/** One that becomes a finding. */
export type Told = Judged & { readonly judgement: Judgement & { readonly verdict: 'fail' | 'inconclusive' | 'error' } };

/** What witnesses are looked up in. */
export interface Seen {
  readonly byId: ReadonlyMap<string, Observation>;
  readonly record: LogRecord;
}

/** What each of the four witnesses says of a finding. */
export function witnessVerdicts(
  { rule, judgement, channel, endpoint, subject, file }: Told,
  context: RuleContext,
  seen: Seen,
): Finding['witnesses'] {
  const { verdict } = judgement;
  const cited = (judgement.evidence ?? []).flatMap((one) => seen.byId.get(one.observation ?? '') ?? []);
  const judged = subject?.observations ?? cited;
  const said: WitnessVerdict = verdict === 'error' ? 'inconclusive' : verdict;
  const heard = (vantage: Observation['vantage']): WitnessVerdict => {
    if (!judged.some((one) => one.vantage === vantage)) return 'not-heard';
    // Who saw the same endpoint and is not cited against it saw nothing bad.
    const isAccused = cited.length === 0 || cited.some((one) => one.vantage === vantage);
    return said === 'fail' && !isAccused ? 'pass' : said;
  };
  // What cites no observation is said of what the rule listens to: captures as a whole, configurations side by side.
  const isUncited = rule.scope === 'cluster' && judged.length === 0;
  const general = (witness: Witness): boolean => isUncited && ownWitnesses(rule).includes(witness);
  const onDisk = rule.scope === 'configuration' || rule.scope === 'store' || heard('disk') !== 'not-heard';
  const promise =
    onDisk || general('promise')
      ? said
      : promiseOf(rule.promise, judgement, context.expectationFor(channel, endpoint?.member));
  const wire = general('wire') ? said : heard('passive');
  const handshake = general('handshake') ? said : heard('active');
  const told = general('record') ? said : heard('log');
  const record = told === 'not-heard' && rule.promise === 'tls' ? seen.record.says(channel, endpoint, file) : told;
  return { wire, handshake, promise, record, ...judgement.witnesses };
}

/** What the configuration says of the matter: `pass` where it promises what the rule asks for, `fail` where it does not. */
function promiseOf(about: Rule['promise'], judgement: Judgement, expectation: Expectation | undefined): WitnessVerdict {
  if (about === undefined || expectation === undefined || expectation.basis !== 'configuration') return 'not-heard';
  const { tls, clientAuthentication, protocols, cipherSuites } = expectation;
  if (tls === 'impossible') return 'not-heard';
  switch (about) {
    case 'tls':
      return tls === 'required' ? 'pass' : 'fail';
    case 'client-authentication':
      return clientAuthentication === 'required' ? 'pass' : 'fail';
    case 'values': {
      const value = judgement.discriminator ?? '';
      const listed = value.includes('_') ? cipherSuites : protocols;
      if (listed === undefined) return 'not-heard';
      return listed.includes(value) ? 'fail' : 'pass';
    }
  }
}
