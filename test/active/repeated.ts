import type { Observation } from '../../src/model/report.ts';
import { type SurveyOptions, survey } from './support.ts';

/** Times, and octet counts that follow random numbers (a DH value with a leading zero, a ticket's length). */
function timeless({ observedAt: _, lastSeenAt: __, bytes: ___, ...rest }: Observation): object {
  return rest;
}

/** Reports of the same endpoint, without what no two runs have in common. */
export async function repeatedly(
  times: number,
  endpoint: { readonly address: string; readonly port: number },
  options: SurveyOptions,
): Promise<object[]> {
  const reports: object[] = [];
  for (let run = 0; run < times; run++) reports.push(timeless(await survey(endpoint, options)));
  return reports;
}
