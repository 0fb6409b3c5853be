import type { Budget, LostTarget, Profile, Target } from '../observe/active/types.ts';
import { placeOf } from '../observe/named-target.ts';
import { printable } from '../report/printable.ts';
import type { Plan } from './verification-plan.ts';

/** `14 endpoints, at most 1120 connections and 112 WARN or ERROR lines in Flink's logs (profile standard)`. */
export function budgetText({ budget }: Pick<Plan, 'budget'>, profile: Profile): string {
  const { endpoints, connections, logLines }: Budget = budget;
  const lines = `${logLines} WARN or ERROR line${logLines === 1 ? '' : 's'} in Flink's logs`;
  return `${endpoints} endpoint${endpoints === 1 ? '' : 's'}, at most ${connections} connections and ${lines} (profile ${profile})`;
}

/** Endpoints one a line, then what REST left open, then the budget. */
export function dryRunText(
  plan: Pick<Plan, 'located' | 'budget' | 'shortfalls'>,
  profile: Profile,
  layout: 'fitted' | 'plain',
): string {
  const rows = [...plan.located.targets, ...plan.located.lost].map(cellsOf);
  const shortfalls = plan.shortfalls.map((text) => ['incomplete', text]);
  const { endpoints, connections, logLines } = plan.budget;
  const records =
    layout === 'plain'
      ? [
          ...rows.map((row) => ['endpoint', ...row]),
          ...shortfalls,
          ['budget', profile, ...[endpoints, connections, logLines].map(String)],
        ]
      : [...aligned([TITLES, ...rows]), ...shortfalls.map((cells) => [cells.join(': ')]), [budgetText(plan, profile)]];
  return records.map((cells) => `${cells.map((cell) => printable(cell)).join('\t')}\n`).join('');
}

const TITLES: readonly string[] = ['CHANNEL', 'ENDPOINT', 'ADDRESS', 'MEMBER', 'KNOWN BY'];
const NOTHING = '-';

function cellsOf(target: Target | LostTarget): readonly string[] {
  const address = 'address' in target ? placeOf({ ...target, name: target.address }) : target.because;
  return [target.channel ?? 'to be found', placeOf(target), address, target.member ?? NOTHING, target.channelBasis];
}

function aligned(rows: readonly (readonly string[])[]): string[][] {
  const widths = TITLES.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => [
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  ]);
}
