import type { JourneyResult } from './journey-run.ts';
import { JOURNEYS } from './journeys.ts';
import { LINES_A_PORT } from './log-judgement.ts';
import type { ProbedResult } from './probed.ts';
import { type CaseResult, isWrong } from './results.ts';
import { FLINK_VERSIONS } from './versions.ts';

type Cell = CaseResult | undefined;

/** When, on what and in how many seconds the cases were run. */
export function runSummary(all: readonly Cell[]): readonly string[] {
  const run = all.filter((one) => one?.at !== undefined) as readonly (CaseResult & { at: string })[];
  if (run.length === 0) return [];
  const times = run.map((one) => one.at).sort();
  const seconds = run.reduce((sum, one) => sum + (one.seconds.all ?? 0), 0);
  const count = (is: (one: CaseResult) => boolean): number => run.filter(is).length;
  const reread = run.filter((one) => one.reread !== undefined);
  const shown = count((one) => one.identity === 'shown');
  return [
    '| | |',
    '|---|---|',
    `| first and last case | ${times[0]!.slice(0, 19)}Z, ${times.at(-1)!.slice(0, 19)}Z |`,
    `| machine | ${unique(run.map((one) => one.machine ?? 'not told')).join('; ')} |`,
    `| Java | ${unique(run.map((one) => one.java)).join('; ')} |`,
    `| clusters run | ${run.length}, ${Math.round(seconds)} s in all, ${(seconds / run.length).toFixed(1)} s each |`,
    `| equal | ${count((one) => !one.unavailable && !one.broken && !isWrong(one))} |`,
    `| not equal, or broken | ${count((one) => one.broken !== undefined || isWrong(one))} |`,
    `| cannot be had | ${count((one) => one.unavailable !== undefined)} |`,
    `| audited: configurations, key stores and logs | ${count((one) => one.audit !== undefined)} |`,
    `| whose \`verify --pcap-out\` \`analyze\` read alike | ${reread.filter((one) => one.reread?.length === 0).length} of ${reread.length} |`,
    `| with the members' own certificate shown to internal channels | ${shown} |`,
    '',
  ];
}

const unique = (texts: readonly string[]): readonly string[] => [...new Set(texts)];

const bySum = (all: readonly Cell[], pick: (one: CaseResult['endpoints'][number]) => boolean): readonly number[] =>
  all.flatMap((result) =>
    (result?.endpoints ?? []).filter(pick).flatMap(({ lines }) => (lines === undefined ? [] : [lines])),
  );

/** WARN and ERROR lines that `standard` wrote, by channel and by what the port speaks. */
export function logLines(all: readonly Cell[]): readonly string[] {
  const channels = unique(all.flatMap((one) => (one?.endpoints ?? []).map(({ channel }) => channel)));
  const rows = channels.flatMap((channel) =>
    [false, true].flatMap((tls) => {
      const lines = bySum(
        all,
        (one) => one.channel === channel && /^[Tx]/.test(one.truth) === tls && one.truth !== '–',
      );
      if (lines.length === 0) return [];
      const mean = lines.reduce((sum, n) => sum + n, 0) / lines.length;
      return [
        `| ${channel} | ${tls ? 'TLS' : 'clear'} | ${lines.length} | ${mean.toFixed(1)} | ${Math.max(...lines)} |`,
      ];
    }),
  );
  if (rows.length === 0) return [];
  return [
    '## Lines in the logs',
    '',
    `WARN and ERROR lines that one probed port wrote in profile \`standard\`, counted by the peer that each line names; the`,
    `limit is ${LINES_A_PORT.standard}. A port with more, an ERROR line that nobody predicted, or a line that the report did not announce makes a case \`≠\`.`,
    '',
    '| channel | speaks | ports probed | lines a port | most |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ];
}

export function journeyTable(results: readonly JourneyResult[]): readonly string[] {
  if (results.length === 0) return [];
  const versions = FLINK_VERSIONS.filter(({ version }) => results.some((one) => one.version === version));
  const find = (journey: string, version: string): JourneyResult | undefined =>
    results.find((one) => one.journey === journey && one.version === version);
  const wrong = results.flatMap(({ version, journey, differences }) =>
    differences.map((text) => `- ${version} \`${journey}\`: ${text}`),
  );
  return [
    '## Restarts',
    '',
    'A sound cluster (`all`) with a running job, `verify --save-baseline`, a restart, `verify --baseline` with the sound',
    "cluster's configurations: `=` where it told the fault, all of it and nothing else.",
    '',
    `| restart | ${versions.map(({ version }) => version).join(' | ')} | told |`,
    `|---|${versions.map(() => '---').join('|')}|---|`,
    ...JOURNEYS.flatMap(({ name, what }) => {
      const cells = versions.map(({ version }) => find(name, version));
      const told = cells.find((one) => one !== undefined)?.told ?? [];
      const marks = cells.map((one) => (one === undefined ? '' : one.verdict === 'equal' ? '=' : '≠'));
      return [`| \`${name}\`: ${what} | ${marks.join(' | ')} | ${grouped(told).join('; ') || 'nothing'} |`];
    }),
    '',
    ...(wrong.length > 0 ? [...wrong, ''] : []),
  ];
}

const OF_MEMBER = /^(\S+) of (\w+)(?:: (.*))?$/;

/** `tm2: weaker (taskmanager-rpc, taskmanager-data)`: what was told, by member. */
function grouped(told: readonly string[]): readonly string[] {
  const groups = new Map<string, string[]>();
  const others: string[] = [];
  for (const text of told) {
    const [, what, member, change] = OF_MEMBER.exec(text) ?? [];
    if (what === undefined) others.push(text);
    else groups.set(`${member} ${change ?? ''}`, [...(groups.get(`${member} ${change ?? ''}`) ?? []), what]);
  }
  const lines = [...groups].map(([key, names]) => {
    const [member, ...change] = key.split(' ');
    const about = change.join(' ').replace('unchanged, ', '');
    return about === '' ? `${member}: ${names.join(', ')}` : `${member}: ${about} (${names.join(', ')})`;
  });
  return [...others, ...lines];
}

export function probedTables(results: readonly ProbedResult[]): readonly string[] {
  if (results.length === 0) return [];
  return [
    '## A running job, probed over and over',
    '',
    'Cluster `all` with its job, probed again and again with the identity of its members. Lines and connections are the',
    'most of one port in one run.',
    '',
    ...results.flatMap(probedTable),
  ];
}

function probedTable(result: ProbedResult): readonly string[] {
  const { version, checkpoints, jobRestarts, taskManagers, profiles, differences } = result;
  const most = (values: Readonly<Record<string, number>>): string => {
    const top = Math.max(0, ...Object.values(values));
    const where = Object.entries(values).filter(([, n]) => n === top && n > 0);
    return where.length > 0 ? `${top} (${where.map(([channel]) => channel).join(', ')})` : '0';
  };
  return [
    `${version}: ${jobRestarts} restarts of the job, ${checkpoints.completed} checkpoints completed and ${checkpoints.failed} failed meanwhile, ${taskManagers} TaskManagers registered at the end.`,
    '',
    '| profile | runs | equal to the truth | slowest | connections | log lines | limit |',
    '|---|---|---|---|---|---|---|',
    ...profiles.map(
      (one) =>
        `| ${one.profile} | ${one.times} | ${one.equal} | ${one.seconds} s | ${most(one.connections)} | ${most(one.lines)} | ${LINES_A_PORT[one.profile]} |`,
    ),
    '',
    ...(differences.length > 0 ? [...differences.map((text) => `- ${text}`), ''] : []),
  ];
}
