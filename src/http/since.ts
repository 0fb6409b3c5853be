import { HttpFault } from './fault.ts';

/** No daemon publishes as many events; what is longer is nobody's. */
export const MAX_SEQ = 999_999_999_999_999;

/**
 * `?since=SEQ` of the live events; undefined: it was not given.
 *
 * @throws HttpFault 400
 */
export function sinceOf(query: string): number | undefined {
  const parameters = new URLSearchParams(query);
  const since = parameters.get('since');
  if ([...parameters.keys()].some((name) => name !== 'since')) throw new HttpFault(400, 'the only parameter is since');
  if (parameters.getAll('since').length > 1) throw new HttpFault(400, 'since is given twice');
  if (since === null) return undefined;
  if (!/^\d{1,15}$/.test(since)) throw new HttpFault(400, 'since must be the number of an event');
  return Number(since);
}
