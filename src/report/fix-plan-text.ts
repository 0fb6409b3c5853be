import type { FileFix, FixChange, FixPlan, FixStep, PlannedFinding } from '../model/fix-plan.ts';
import type { Finding, Report } from '../model/report.ts';
import { labelled, wrap } from './layout.ts';
import { printable } from './printable.ts';

const HEADS: Readonly<Record<FixPlan['restart'], string>> = {
  none: 'No restart is needed.',
  'rest-only': 'What serves REST is restarted, TaskManagers go on.',
  rolling: 'Processes are restarted one after the other.',
  'all-at-once': 'Everything is stopped before anything is started.',
};

const INDENT = 3;

/**
 * The plan, step by step. Patches stand at the left edge as they are, so that `patch` and `git apply` find them in the
 * whole text; everything else is indented or is no line of a patch. Patches are not printable text: who made them left
 * out lines that no terminal may see.
 *
 * @param width columns that sentences are wrapped to; commands and patches never are
 */
export function formatFixPlan(report: Report, plan: FixPlan, width: number): string {
  const blocks = [head(plan, width), ...plan.steps.map((step) => stepLines(step, width)), told(report, plan, width)];
  return blocks.map((lines) => `${lines.join('\n')}\n`).join('\n');
}

function head({ restart, because, steps, findings }: FixPlan, width: number): string[] {
  if (findings.length === 0) return ['Nothing to plan: no finding at or above --fail-on.'];
  return [
    `PLAN  ${count(steps.length, 'step')} for ${count(findings.length, 'finding')}. ${HEADS[restart]}`,
    ...because.flatMap((text) => labelled('', text, 0, INDENT, width)),
  ];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function stepLines({ number, title, text, commands, files }: FixStep, width: number): string[] {
  return [
    `STEP ${number}  ${title}`,
    ...text.flatMap((one) => labelled('', printable(one), 0, INDENT, width)),
    ...commands.map((line) => `${' '.repeat(INDENT + 2)}${printable(line)}`),
    ...files.flatMap((file) => fileLines(file, width)),
    ...applying(files),
  ];
}

function fileLines({ path, members, patch, changes }: FileFix, width: number): string[] {
  const whose = members.length === 0 ? '' : ` (${members.join(', ')})`;
  // Without its patch (--redact) a file still says what changes.
  const others = changes.filter(({ by }) => by !== 'patch' || patch === null).map(changeText);
  return [
    ...labelled('', printable(`${path}${whose}`), 0, INDENT, width),
    ...others.flatMap((text) => labelled('', printable(text), 0, INDENT + 2, width)),
    ...(patch === null ? [] : ['', ...patch.replace(/\n$/, '').split('\n'), '']),
  ];
}

function changeText({ change, key, to, line, by }: FixChange): string {
  const what =
    change === 'remove' ? `take out ${key}` : `${change === 'rename' ? `rename ${key} to` : `set ${key}:`} ${to}`;
  const place = line === undefined ? '' : ` (line ${line})`;
  return by === 'command' ? `${what}${place}, by the command above` : `${what}${place}`;
}

function applying(files: readonly FileFix[]): string[] {
  const names = files.flatMap(({ patch }) => (patch === null ? [] : [/^--- (.*?)\t/.exec(patch)?.[1] ?? '']));
  if (names.length === 0) return [];
  const fromRoot = files.some(({ path, patch }) => patch !== null && (path.startsWith('/') || path.startsWith('..')));
  const from = fromRoot ? 'patch -d / -p0' : 'patch -p0';
  const git = fromRoot ? '(cd / && git apply -p0 --unidiff-zero)' : 'git apply -p0 --unidiff-zero';
  return [`${' '.repeat(INDENT + 2)}${from} < PLAN_FILE`, `${' '.repeat(INDENT + 2)}# or: ${git} < PLAN_FILE`];
}

function told(report: Report, { findings, decisions, leftAlone }: FixPlan, width: number): string[] {
  const byStep = grouped(findings.filter(({ cure }) => cure === 'step'));
  const byHand = findings.filter(({ cure }) => cure === 'by-hand');
  const list = (title: string, texts: readonly string[]): string[] =>
    texts.length === 0 ? [] : [title, ...texts.flatMap((text) => labelled('-', printable(text), 2, INDENT, width))];
  return [
    ...list('MENDED', byStep),
    ...list('BY HAND', handwork(byHand, report)),
    ...list('TO DECIDE', decisions),
    ...(leftAlone === 0 ? [] : wrap(`${count(leftAlone, 'finding')} below --fail-on left alone.`, width)),
  ];
}

/** One line a rule and step. */
function grouped(findings: readonly PlannedFinding[]): string[] {
  const counts = new Map<string, number>();
  for (const { ruleId, step, arises } of findings) {
    const key = `${ruleId}, by step ${step}${arises === 'with-the-change' ? ' (would come with the changes)' : ''}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([text, count]) => (count === 1 ? text : `${text} (${count} findings)`));
}

function handwork(findings: readonly PlannedFinding[], report: Report): string[] {
  const byPrint = new Map(report.findings.map((one) => [one.fingerprint, one]));
  const texts = new Map<string, string[]>();
  for (const { fingerprint, ruleId, text } of findings) {
    const key = `${ruleId}\n${text}`;
    texts.set(key, [...(texts.get(key) ?? []), placeOf(byPrint.get(fingerprint))]);
  }
  return [...texts].map(([key, places]) => {
    const [rule, ...text] = key.split('\n');
    const named = [...new Set(places)].filter((one) => one !== '');
    const where =
      named.length === 0
        ? ''
        : ` (${named.slice(0, 3).join(', ')}${named.length > 3 ? ` and ${named.length - 3} more` : ''})`;
    return `${rule}${where}: ${text.join(' ')}`;
  });
}

function placeOf(finding: Finding | undefined): string {
  const { file, endpoint } = finding ?? {};
  if (file !== undefined) return file.line === undefined ? file.path : `${file.path}:${file.line}`;
  return endpoint === undefined ? '' : `${endpoint.host}:${endpoint.port}`;
}
