import { CASES } from './cases.ts';
import { CONTRADICTIONS, type ContradictionResult } from './contradictions.ts';
import type { CaseResult } from './results.ts';
import { STATE_JOBS } from './state-jobs.ts';
import type { StateResult } from './state-run.ts';
import { FLINK_VERSIONS } from './versions.ts';

const VERSIONS = FLINK_VERSIONS.map(({ version }) => version);

/** What `audit` made of each case's configurations, stores and logs, and which rules told it. */
export function auditTable(all: readonly (CaseResult | undefined)[]): readonly string[] {
  const audited = all.filter((one) => one?.audit !== undefined) as readonly CaseResult[];
  if (audited.length === 0) return [];
  const find = (name: string, version: string): CaseResult | undefined =>
    audited.find((one) => one.case === name && one.version === version);
  return [
    '## Audit',
    '',
    "`audit` of the members' configurations, key stores and logs, without a packet: `=` where its promise of every endpoint",
    '(TLS, versions, suites, client authentication, pin) and what it reads in the logs are the truth, every finding of medium',
    'and above that the case dictates is there, and no other.',
    '',
    `| case | ${VERSIONS.join(' | ')} | told at medium and above |`,
    `|---|${VERSIONS.map(() => '---').join('|')}|---|`,
    ...CASES.map(({ name }) => {
      const cells = VERSIONS.map((version) => find(name, version));
      return `| \`${name}\` | ${cells.map(markOf).join(' | ')} | ${told(cells)} |`;
    }),
    '',
  ];
}

function markOf(result: CaseResult | undefined): string {
  if (result === undefined) return '';
  return result.audit === 'equal' ? '=' : '≠';
}

/** Rules of all versions first, then those of some, with them. */
function told(cells: readonly (CaseResult | undefined)[]): string {
  const heard = cells.filter((one) => one !== undefined);
  if (heard.length === 0) return '';
  const rules = [...new Set(heard.flatMap((one) => one.told ?? []))].sort();
  const words = rules.map((rule) => {
    const own = heard.filter((one) => one.told?.includes(rule)).map(({ version }) => version);
    return {
      text: own.length === heard.length ? rule : `${rule} (${spans(own)})`,
      everywhere: own.length === heard.length,
    };
  });
  const ordered = [...words.filter((one) => one.everywhere), ...words.filter((one) => !one.everywhere)];
  return ordered.map(({ text }) => text).join(', ') || 'nothing';
}

/** `1.16.3 to 1.20.3` for versions that follow each other. */
function spans(versions: readonly string[]): string {
  const runs: string[][] = [];
  for (const version of versions) {
    const last = runs.at(-1);
    const follows = last !== undefined && VERSIONS.indexOf(last.at(-1)!) === VERSIONS.indexOf(version) - 1;
    if (follows) last.push(version);
    else runs.push([version]);
  }
  return runs.map((run) => (run.length > 1 ? `${run[0]} to ${run.at(-1)}` : run[0])).join(', ');
}

/** Witnesses that were made to contradict each other on a real cluster, and what told it. */
export function contradictionTable(results: readonly ContradictionResult[]): readonly string[] {
  if (results.length === 0) return [];
  const own = VERSIONS.filter((version) => results.some((one) => one.version === version));
  const find = (version: string): ContradictionResult => results.find((one) => one.version === version)!;
  const wrong = results.flatMap(({ version, differences }) => differences.map((text) => `- ${version}: ${text}`));
  return [
    '## Contradictions',
    '',
    'A cluster with everything on (`all`), of which each witness is given what is of another time or another file; then the',
    'same members without internal TLS. `=` where the rule tells it with the word of both witnesses, and nothing of the sort',
    'is told of the sound cluster.',
    '',
    `| witnesses | contradiction | ${own.join(' | ')} | told by |`,
    `|---|---|${own.map(() => '---').join('|')}|---|`,
    ...Object.entries(CONTRADICTIONS).map(([name, { between, what }]) => {
      const cells = own.map((version) => (find(version).told[name] && !isAmiss(find(version), name) ? '=' : '≠'));
      const told = [...new Set(own.map((version) => find(version).told[name] ?? 'nothing'))].join('; ');
      return `| ${between.join(' and ')} | ${what} | ${cells.join(' | ')} | ${told} |`;
    }),
    '',
    ...(wrong.length > 0 ? [...wrong, ''] : []),
  ];
}

const isAmiss = ({ differences }: ContradictionResult, name: string): boolean =>
  differences.some((text) => text.startsWith(`${name}: `));

/** Files that jobs with state left, by what they are to Flink, and what `audit --state-dir` called them. */
export function stateTable(results: readonly StateResult[]): readonly string[] {
  if (results.length === 0) return [];
  return [
    '## State on disk',
    '',
    'Jobs with state ran, completed checkpoints and savepoints, and were killed. Every file that they left is held, by the',
    'name and place that Flink gave it, against what its bytes were recognised as, and the counts of `audit` against the',
    'files: `=` where all are equal and nothing is called state that is not. `unknown` are texts of RocksDB, and what carries',
    'no mark of its own: records in flight of unaligned checkpoints and segments of a changelog. `java-serialized` are the',
    'handles of local copies.',
    '',
    ...STATE_JOBS.flatMap(({ name, what }) => jobTable(name, what, results)),
  ];
}

function jobTable(name: string, what: string, results: readonly StateResult[]): readonly string[] {
  const find = (version: string): StateResult | undefined =>
    results.find((one) => one.job === name && one.version === version);
  const own = VERSIONS.map(find);
  const kinds = [...new Set(own.flatMap((one) => Object.keys(one?.kinds ?? {})))].sort();
  const wrong = own.flatMap((one) => (one?.differences ?? []).map((text) => `- ${one!.version}: ${text}`));
  return [
    `### \`${name}\`: ${what}`,
    '',
    `| files recognised as | ${VERSIONS.join(' | ')} |`,
    `|---|${VERSIONS.map(() => '---').join('|')}|`,
    `| equal to the names | ${own.map((one) => (one ? (one.verdict === 'equal' ? '=' : '≠') : '')).join(' | ')} |`,
    ...kinds.map((kind) => `| ${kind} | ${own.map((one) => (one ? String(one.kinds[kind] ?? 0) : '')).join(' | ')} |`),
    '',
    ...(wrong.length > 0 ? [...wrong, ''] : []),
  ];
}
