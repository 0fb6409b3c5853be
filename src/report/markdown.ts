import type { Finding, Report } from '../model/report.ts';
import { endpointRows } from './endpoint-rows.ts';
import {
  type FindingGroup,
  groupFindings,
  hasOwnChannel,
  type Judged,
  listeningOf,
  proof,
  settingLines,
  unique,
  verdictWord,
  whereParts,
} from './finding-text.ts';
import { formatFixPlan } from './fix-plan-text.ts';
import { inputText, qualityTexts } from './input-texts.ts';
import { codeBlock, inCode, inText } from './markdown-escape.ts';
import { DEFAULT_FAIL_ON, type FailOn } from './severity.ts';
import { shortTime } from './time.ts';
import { findingCounts, reservations, unseenChannels } from './verdict-lines.ts';
import { waiverTexts } from './waiver-lines.ts';

export interface MarkdownOptions {
  /** Findings below it say WARN. Default `medium`. */
  readonly failOn?: FailOn;
  /** Time to count days of validity from, milliseconds since the epoch. Default: the report's end. */
  readonly now?: number;
}

/** GitHub takes 65,536 characters for a comment, GitLab and Jira more or less the same. */
const MAX_LENGTH = 60_000;
/** What is more is counted; the JSON report has all of it. */
const LIMITS = { rows: 60, places: 12, texts: 4, proofs: 6, inputs: 8, table: 16_000, plan: 24_000 } as const;

/**
 * The report as GitHub Flavored Markdown, for a pull request or a ticket: verdict, endpoints, then each finding with
 * what was expected and observed, its proof, and the fix to copy. Never longer than a comment may be: what does not fit
 * is named and counted.
 */
export function formatMarkdown(report: Report, options: MarkdownOptions = {}): string {
  const failOn = options.failOn ?? DEFAULT_FAIL_ON;
  const now = options.now ?? Date.parse(report.finishedAt);
  const groups = groupFindings(report.findings);
  const judged: Judged = { failOn, listening: listeningOf(report) };
  const open = groups.filter(([{ waived }]) => waived === null);
  const waived = groups.filter(([{ waived }]) => waived !== null);
  const before = [...headBlocks(report), ...endpointTable(report, failOn, now)];
  const after = [
    ...(waived.length === 0 ? [] : [waivedBlock(waived, judged)]),
    ...planBlocks(report),
    ...closingBlocks(report, judged),
  ];
  const room = MAX_LENGTH - lengthOf([...before, ...after]);
  return `${[...before, ...fitting(open, room, judged), ...after].join('\n\n')}\n`;
}

function planBlocks(report: Report): string[] {
  if (report.fixPlan === undefined) return [];
  const plan = formatFixPlan(report, report.fixPlan, 100).trimEnd();
  if (plan.length > LIMITS.plan) return ['### Plan', 'Too long for a comment: `--format text` prints it.'];
  return ['### Plan', codeBlock(plan.split('\n'), 'diff')];
}

function lengthOf(blocks: readonly string[]): number {
  return blocks.reduce((sum, block) => sum + block.length + 2, 0);
}

function headBlocks(report: Report): string[] {
  const { command, verdict, complete, startedAt, finishedAt, inputs, producer } = report;
  const told = inputs.filter(({ kind }) => kind !== 'keystore' && kind !== 'target');
  const reserved = reservations(report);
  return [
    `## flinkprobe ${inText(command)}: ${verdict.toUpperCase()}${complete ? '' : ', incomplete'}`,
    `**${findingCounts(report)}** · ${shortTime(startedAt)} to ${shortTime(finishedAt)} · flinkprobe ${inText(producer.version)}`,
    ...(reserved.length === 0 ? [] : [reserved.map((text) => `> ${inText(text)}`).join('\n>\n')]),
    ...(told.length === 0 ? [] : [limited(told.flatMap(inputLines), LIMITS.inputs, 'inputs').join('\n')]),
  ];
}

function inputLines(input: Report['inputs'][number]): string[] {
  return [`- ${input.kind}: ${inCode(inputText(input))}`, ...qualityTexts(input).map((text) => `  - ${inText(text)}`)];
}

function limited(lines: readonly string[], limit: number, noun: string): string[] {
  if (lines.length <= limit + 1) return [...lines];
  return [...lines.slice(0, limit), `- and ${lines.length - limit} more ${noun}`];
}

function endpointTable(report: Report, failOn: FailOn, now: number): string[] {
  const rows = endpointRows(report, { failOn, now, suites: 'short' });
  if (rows.length === 0) return [];
  let room: number = LIMITS.table;
  const lines = rows
    .slice(0, LIMITS.rows)
    .map(({ channel, endpoint, result, severity, tls, clientCertificate, servedCertificate, expires }) =>
      [channel, endpoint, `${result}${severity === undefined ? '' : ` ${severity}`}`, tls]
        .concat(clientCertificate, servedCertificate, expires)
        .map((cell) => (cell === '-' ? '' : inText(cell)))
        .join(' | '),
    )
    .filter((line) => {
      room -= line.length;
      return room >= 0;
    });
  const left = rows.length - lines.length;
  return [
    [
      '| channel | endpoint | result | TLS | client cert | served cert | expires |',
      '|---|---|---|---|---|---|---|',
      ...lines.map((line) => `| ${line} |`),
    ].join('\n'),
    ...(left === 0 ? [] : [`and ${left} more endpoints`]),
  ];
}

/** Findings in full as long as there is room, then their heads, then their number. */
function fitting(groups: readonly FindingGroup[], room: number, judged: Judged): string[] {
  const blocks: string[] = [];
  let left = room;
  for (const [index, group] of groups.entries()) {
    const whole = findingBlock(group, judged);
    if (whole.length + 2 > left) {
      const rest = groups.length - index;
      const heads = groups.slice(index).map((one) => `- ${headline(one, judged)}`);
      const kept = heads.filter((head) => {
        left -= head.length + 1;
        return left > 200;
      });
      const more = rest - kept.length;
      const note = `### ${rest} more, without their details here`;
      return [...blocks, note, [...kept, ...(more === 0 ? [] : [`- and ${more} more`])].join('\n')];
    }
    blocks.push(whole);
    left -= whole.length + 2;
  }
  return blocks;
}

function headline(group: FindingGroup, { failOn }: Judged): string {
  const [finding] = group;
  const { severity, ruleId, title, change } = finding;
  const times = group.length === 1 ? '' : ` (${group.length})`;
  const news = change === undefined || change === 'unchanged' ? '' : `, ${change}`;
  return `${verdictWord(finding, failOn)} ${severity}: ${inText(title)} ${inCode(ruleId)}${times}${news}`;
}

function findingBlock(group: FindingGroup, judged: Judged): string {
  const [first] = group;
  const { text, settings } = first.remediation;
  const commands = unique(group.flatMap(({ remediation }) => remediation.command ?? []));
  const proofs = unique(group.flatMap(({ evidence }) => evidence.map((one) => proof(one))));
  const keys = settingLines(settings);
  return [
    `### ${headline(group, judged)}`,
    paragraph(unique(group.map(({ message }) => message)).filter((one) => one !== '')),
    [
      ...limited(
        unique(group.map((one) => whereOf(one, judged.listening))).map((where) => `- ${where}`),
        LIMITS.places,
        'places',
      ),
      ...fact('expected', group, ({ expected }) => expected),
      ...fact('observed', group, ({ observed }) => observed),
    ].join('\n'),
    ...(proofs.length === 0 ? [] : [`**Proof**\n\n${codeBlock(limitedProofs(proofs), 'text')}`]),
    ...(text === '' ? [] : [`**Fix.** ${inText(text)}`]),
    ...(keys.length === 0 ? [] : [codeBlock(keys, 'yaml')]),
    ...(commands.length === 0 ? [] : [codeBlock(commands, 'sh')]),
  ]
    .filter((block) => block !== '')
    .join('\n\n');
}

function paragraph(texts: readonly string[]): string {
  if (texts.length <= 1) return texts.map(inText).join('');
  return limited(
    texts.map((text) => `- ${inText(text)}`),
    LIMITS.texts,
    'texts',
  ).join('\n');
}

function limitedProofs(proofs: readonly string[]): string[] {
  return proofs.length <= LIMITS.proofs + 1
    ? [...proofs]
    : [...proofs.slice(0, LIMITS.proofs), `and ${proofs.length - LIMITS.proofs} more`];
}

function fact(name: string, group: FindingGroup, textOf: (finding: Finding) => string): string[] {
  const texts = unique(group.map(textOf)).filter((text) => text !== '');
  return limited(
    texts.map((text) => `- ${name}: ${inText(text)}`),
    LIMITS.texts,
    `${name} texts`,
  );
}

/** Channel, then process and file as code. */
function whereOf(finding: Finding, listening: ReadonlySet<string>): string {
  const parts = whereParts(finding, listening);
  return parts.map((part, index) => (index === 0 && hasOwnChannel(finding) ? part : inCode(part))).join(' ');
}

/** Shown, and folded: somebody answers for them. */
function waivedBlock(groups: readonly FindingGroup[], { listening }: Judged): string {
  const count = groups.reduce((sum, group) => sum + group.length, 0);
  const lines = groups.map((group) => {
    const { waived, severity, ruleId, title } = group[0];
    const places = limited(unique(group.map((one) => whereOf(one, listening))), LIMITS.places, 'places').join(', ');
    const why = `until ${waived?.until} by ${inText(waived?.owner ?? '')}: ${inText(waived?.reason ?? '')}`;
    return `- WAIVED ${severity}: ${inText(title)} ${inCode(ruleId)}, ${places}; ${why} (${inCode(waived?.id ?? '')})`;
  });
  return `<details>\n<summary>${count} waived</summary>\n\n${limited(lines, LIMITS.rows, 'waived').join('\n')}\n\n</details>`;
}

function closingBlocks(report: Report, { listening }: Judged): string[] {
  const unseen = unseenChannels(report);
  const fixed = report.comparison?.fixed ?? [];
  const waivers = waiverTexts(report.waivers ?? []);
  const { policy } = report;
  const lines = [
    ...(unseen.length === 0 ? [] : [`- not seen, and so not judged: ${unseen.join(', ')}`]),
    ...(policy === undefined
      ? []
      : [
          `- policy ${inCode(policy.name)}: ${policy.met} met, ${policy.notMet} not met, ${policy.notJudged} not judged`,
        ]),
    ...waivers.map((text) => `- waivers: ${inText(text)}`),
    ...limited(
      fixed.map(
        (one) => `- fixed since the baseline: ${inText(one.title)} ${inCode(one.ruleId)} ${whereOf(one, listening)}`,
      ),
      LIMITS.places,
      'fixed',
    ),
  ];
  return lines.length === 0 ? [] : [lines.join('\n')];
}
