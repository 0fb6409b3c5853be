import type { Observation, WitnessVerdict } from '../../model/report.ts';
import type { EndpointSubject } from '../../model/rule.ts';
import { isServedInClear, isServedInTls } from './clear.ts';
import { processOf } from './text.ts';

/** What connections show an endpoint to speak. `both`: some clear, some TLS; `nothing`: none was served. */
export type Shown = 'tls' | 'clear' | 'both' | 'nothing';

export function shownAs(observations: readonly Observation[]): Shown {
  const clear = observations.some(isServedInClear);
  const tls = observations.some(isServedInTls);
  if (clear && tls) return 'both';
  return clear ? 'clear' : tls ? 'tls' : 'nothing';
}

/** What the witness says whose connections these are: `pass` is TLS. */
export function verdictOn(observations: readonly Observation[]): WitnessVerdict {
  return ({ tls: 'pass', clear: 'fail', both: 'fail', nothing: 'not-heard' } as const)[shownAs(observations)];
}

export function ofVantage(
  observations: readonly Observation[],
  vantage: Observation['vantage'],
): readonly Observation[] {
  return observations.filter((one) => one.vantage === vantage);
}

/** Connections that were served, in the way that is asked for. */
export function servedIn(shown: 'tls' | 'clear', observations: readonly Observation[]): readonly Observation[] {
  return observations.filter(shown === 'tls' ? isServedInTls : isServedInClear);
}

/** Whether two addresses are the same listening port of one process: by address, or by name. */
export function isSamePort(a: EndpointSubject['server'], b: EndpointSubject['server']): boolean {
  const isSameProcess = a.host === b.host || (a.member !== undefined && processOf(a) === processOf(b));
  // A log does not always name the port.
  return isSameProcess && (a.port === b.port || a.port === 0 || b.port === 0);
}
