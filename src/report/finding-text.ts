import type { Evidence, Finding } from '../model/report.ts';
import { placeOf } from './endpoint-rows.ts';
import { labelled } from './layout.ts';
import type { Paint } from './paint.ts';
import { printable } from './printable.ts';
import { type FailOn, weigh } from './severity.ts';

/** Findings of one rule that read the same but for where they are. Never empty. */
export type FindingGroup = readonly [Finding, ...Finding[]];

/** How much of a group is shown; `whole` shows all of it. */
export type Detail = 'brief' | 'whole';

const INDENT = 2;
const LABEL_WIDTH = 10;
/** A brief group names so many endpoints, differing texts and proofs, and counts the rest. */
const BRIEF = { places: 12, texts: 3, proofs: 3 } as const;

/** Keeps the order of the report (severity first); findings of a group share rule, severity, verdict, waiver and cure. */
export function groupFindings(findings: readonly Finding[]): FindingGroup[] {
  const groups = new Map<string, [Finding, ...Finding[]]>();
  for (const finding of findings) {
    const key = JSON.stringify([
      finding.ruleId,
      finding.severity,
      finding.verdict,
      finding.title,
      finding.waived?.id ?? null,
      finding.change ?? null,
      finding.remediation,
    ]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [finding]);
    else group.push(finding);
  }
  return [...groups.values()];
}

export function verdictWord(finding: Finding, failOn: FailOn): string {
  const words = {
    failing: 'FAIL',
    warning: 'WARN',
    note: 'INFO',
    inconclusive: 'INCONCLUSIVE',
    error: 'ERROR',
    waived: 'WAIVED',
  };
  return words[weigh(finding, failOn)];
}

/** The lines of one group: word, severity, rule and title, then where, expected, observed, proof, fix, more. */
export function findingLines(
  group: FindingGroup,
  options: { readonly width: number; readonly detail: Detail; readonly failOn: FailOn; readonly paint: Paint },
): string[] {
  const { width, detail, failOn, paint } = options;
  const [finding] = group;
  const field = (label: string, text: string): string[] => labelled(label, printable(text), LABEL_WIDTH, INDENT, width);
  const list = (label: string, texts: readonly string[]): string[] =>
    texts.flatMap((text, index) => field(index === 0 ? label : '', text));
  return [
    ...headline(finding, failOn, width, paint),
    ...list('where', limited(unique(group.map(whereOf)), detail, BRIEF.places, 'endpoints')),
    ...list(
      'why',
      differing(group, (one) => one.message, detail),
    ),
    ...list(
      'expected',
      differing(group, (one) => one.expected, detail),
    ),
    ...list(
      'observed',
      differing(group, (one) => one.observed, detail),
    ),
    ...list(
      'proof',
      limited(unique(group.flatMap(({ evidence }) => evidence.map(proof))), detail, BRIEF.proofs, 'proofs'),
    ),
    ...fixLines(finding, field),
    ...(finding.waived === null
      ? []
      : field('waived', `until ${finding.waived.until} by ${finding.waived.owner}: ${finding.waived.reason}`)),
    ...field('more', `flinkprobe explain ${finding.ruleId}`),
  ];
}

function headline(finding: Finding, failOn: FailOn, width: number, paint: Paint): string[] {
  const word = verdictWord(finding, failOn);
  const change =
    finding.change === undefined || finding.change === 'unchanged' ? '' : `  ${finding.change.toUpperCase()}`;
  const text = printable(`${finding.severity}  ${finding.ruleId}  ${finding.title}${change}`);
  const [first, ...rest] = labelled(word, text, word.length + 2, 0, width);
  const tone = finding.waived !== null ? 'waived' : finding.verdict === 'fail' ? finding.severity : 'inconclusive';
  return [paint(tone, first!), ...rest.map((line) => paint(tone, line))];
}

function whereOf(finding: Finding): string {
  return finding.endpoint === undefined ? finding.channel : `${finding.channel}  ${placeOf(finding.endpoint)}`;
}

/** One text where all say the same but for their own name; else each text with the endpoints that it is of. */
function differing(group: FindingGroup, textOf: (finding: Finding) => string, detail: Detail): string[] {
  const alike = new Map<string, { readonly text: string; readonly places: string[] }>();
  for (const finding of group) {
    const text = textOf(finding);
    if (text === '') continue;
    const key = detail === 'whole' ? text : withoutName(text, finding);
    const place = finding.endpoint === undefined ? finding.channel : placeOf(finding.endpoint);
    const known = alike.get(key);
    if (known === undefined) alike.set(key, { text, places: [place] });
    else known.places.push(place);
  }
  const texts = [...alike.values()];
  if (texts.length <= 1) return texts.map(({ text }) => text);
  const named = texts.map(({ text, places }) => {
    const more = places.length > 1 ? ` and ${places.length - 1} more` : '';
    return `${places[0]}${more}: ${text}`;
  });
  return limited(named, detail, BRIEF.texts, 'texts');
}

/** The text as it would read for any endpoint: rules write `jm (10.77.0.1:6123)`, or the address alone. */
function withoutName(text: string, { endpoint }: Finding): string {
  if (endpoint === undefined) return text;
  const address = `${endpoint.host}:${endpoint.port}`;
  return text.replaceAll(`${endpoint.member ?? endpoint.host} (${address})`, '@').replaceAll(address, '@');
}

function limited(texts: readonly string[], detail: Detail, limit: number, noun: string): string[] {
  if (detail === 'whole' || texts.length <= limit + 1) return [...texts];
  return [...texts.slice(0, limit), `and ${texts.length - limit} more ${noun} (--wide shows all)`];
}

function proof(evidence: Evidence): string {
  const place = [
    ...(evidence.file === undefined ? [] : [evidence.file]),
    ...(evidence.frame === undefined ? [] : [`frame ${evidence.frame}`]),
    ...(evidence.streamOffset === undefined ? [] : [`offset ${evidence.streamOffset}`]),
    ...(evidence.observation === undefined ? [] : [evidence.observation]),
  ].join(', ');
  return place === '' ? evidence.text : `${place}: ${evidence.text}`;
}

/** Setting lines are never wrapped or cut, so that they can be copied into the file as they stand. */
function fixLines(finding: Finding, field: (label: string, text: string) => string[]): string[] {
  const { text, settings, command } = finding.remediation;
  const indent = ' '.repeat(INDENT + LABEL_WIDTH + 2);
  return [
    ...(text === '' ? [] : field('fix', text)),
    ...Object.entries(settings).map(([key, value]) => `${indent}${printable(key)}: ${yamlScalar(value)}`),
    ...(command === null ? [] : [`${indent}${printable(command)}`]),
  ];
}

/** Plain where YAML reads it back as it is; else double-quoted, whose escapes are those of JSON. */
function yamlScalar(value: string): string {
  const plain = /^[A-Za-z0-9_./<][A-Za-z0-9_./,:<>+-]*$/.test(value) && !/:$/.test(value);
  return plain ? value : printable(JSON.stringify(value));
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
