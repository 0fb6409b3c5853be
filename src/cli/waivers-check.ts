import { daysLeft, outcomeOf, scopeText } from '../evaluate/waivers.ts';
import type { Finding } from '../model/report.ts';
import type { Waiver, WaiverOutcome } from '../model/waiver.ts';
import { readText } from './common.ts';
import { ExitCode } from './exit-code.ts';
import { Unusable } from './failure.ts';
import { readWaiversFile } from './waivers-file.ts';

export interface WaiversCheck {
  readonly lines: readonly string[];
  /** 1 where a waiver is expired or unused; one that is ending is told, no more. */
  readonly code: number;
}

/** Throws `Unusable` for what is wrong in the file or in a report. */
export async function checkWaivers(file: string, reports: readonly string[], now: number): Promise<WaiversCheck> {
  const waivers = await readWaiversFile(file);
  const findings = (await Promise.all(reports.map(readFindings))).flat();
  return waiversCheck(waivers, reports.length === 0 ? undefined : findings, now);
}

/** `findings`: of the reports; `undefined` where there are none, and nobody can tell what is unused. */
export function waiversCheck(
  waivers: readonly Waiver[],
  findings: readonly Finding[] | undefined,
  now: number,
): WaiversCheck {
  const outcomes = waivers.map((one) => outcomeOf(one, findings ?? [], now));
  const rows = outcomes.map((one) => ({ one, word: wordOf(one, findings !== undefined) }));
  const told = rows.filter(({ word }) => word !== 'active').map(({ one, word }) => line(one, word, now));
  const counts = (['expired', 'unused', 'ending', 'active'] as const)
    .map((word) => [rows.filter((row) => row.word === word).length, word] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`);
  const noun = waivers.length === 1 ? 'waiver' : 'waivers';
  const summary = `${waivers.length} ${noun}${counts.length === 0 ? '' : `: ${counts.join(', ')}`}`;
  return {
    lines: [...told, findings === undefined ? `${summary} (unused ones are found with --report)` : summary],
    code: rows.some(({ word }) => word === 'expired' || word === 'unused') ? ExitCode.finding : ExitCode.clean,
  };
}

type Word = 'expired' | 'unused' | 'ending' | 'active';

/** One that is expired and unused is to be deleted: the first says so. */
function wordOf({ state, matched }: WaiverOutcome, isKnown: boolean): Word {
  if (state === 'expired') return 'expired';
  return isKnown && matched === 0 ? 'unused' : state;
}

function line({ id, until, owner, scope, matched }: WaiverOutcome, word: Word, now: number): string {
  const left = daysLeft(until, now);
  const when = {
    expired: `since ${until}${matched === 0 ? '' : `, ${counted(matched)} ${matched === 1 ? 'counts' : 'count'} again`}`,
    unused: `until ${until}, and fits no finding`,
    ending: left === 0 ? `today, ${until}` : `in ${left} ${left === 1 ? 'day' : 'days'}, ${until}`,
    active: '',
  }[word];
  return `${word.toUpperCase().padEnd(8)} ${id}  ${when}  owner ${owner}  ${scopeText(scope)}`;
}

function counted(count: number): string {
  return `${count} ${count === 1 ? 'finding' : 'findings'}`;
}

async function readFindings(file: string): Promise<readonly Finding[]> {
  const text = readText('report', file);
  const { parseBaseline, ReportError } = await import('../report/parse.ts');
  try {
    return parseBaseline(text, file).findings;
  } catch (error) {
    if (error instanceof ReportError) throw new Unusable(`--report: ${error.message}`);
    throw error;
  }
}
