import type { Endpoint, Evidence, FilePlace, Finding, Report } from '../model/report.ts';
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
      cureKey(finding),
    ]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [finding]);
    else group.push(finding);
  }
  return [...groups.values()];
}

/** Commands name their endpoint: they are listed, and keep no findings apart. */
function cureKey({ remediation }: Finding): string {
  return JSON.stringify([remediation.text, remediation.settings]);
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

/** What decides how findings are worded. */
export interface Judged {
  readonly failOn: FailOn;
  /** `host port` of every endpoint that was seen to listen: others are clients, whose port says nothing. */
  readonly listening: ReadonlySet<string>;
}

export interface FindingTextOptions extends Judged {
  readonly width: number;
  readonly detail: Detail;
  readonly paint: Paint;
  /** Cures that were printed already and by which finding; filled in passing. */
  readonly cures: Map<string, string>;
}

/** The lines of one group: word, severity, rule and title, then where, why, expected, observed, proof, fix, more. */
export function findingLines(group: FindingGroup, options: FindingTextOptions): string[] {
  const { width, detail, failOn, paint, listening } = options;
  const [finding] = group;
  const whereOf = (one: Finding): string => whereParts(one, listening).join('  ');
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
    ...list('proof', proofs(group, detail)),
    ...fixLines(group, options, field),
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

/** `host port` of every endpoint that was seen to listen. */
export function listeningOf({ observations }: Pick<Report, 'observations'>): ReadonlySet<string> {
  return new Set(observations.map(({ server }) => `${server.host} ${server.port}`));
}

/** Channel, process and file of a finding, as far as it has them. */
export function whereParts(finding: Finding, listening: ReadonlySet<string>): string[] {
  const { channel, endpoint, file } = finding;
  return [
    ...(hasOwnChannel(finding) ? [channel] : []),
    ...(endpoint === undefined ? [] : [processOf(endpoint, listening)]),
    ...(file === undefined ? [] : [fileText(file)]),
  ];
}

/** False of what was found in a file and concerns no channel. */
export function hasOwnChannel({ channel, file }: Pick<Finding, 'channel' | 'file'>): boolean {
  return channel !== 'unknown' || file === undefined;
}

/** `jm conf/config.yaml:17` */
export function fileText({ path, line, member }: FilePlace): string {
  const place = line === undefined ? path : `${path}:${line}`;
  return member === undefined ? place : `${member} ${place}`;
}

/** `jm 10.77.0.1:6123`; a client without its port, which is another one in every connection. */
export function processOf(endpoint: Endpoint, listening: ReadonlySet<string>): string {
  const place = placeOf(endpoint);
  return listening.has(`${endpoint.host} ${endpoint.port}`) ? place : place.replace(/:\d+$/, ' (client)');
}

/** One text where all say the same but for their own name; else each text with the endpoints that it is of. */
function differing(group: FindingGroup, textOf: (finding: Finding) => string, detail: Detail): string[] {
  const alike = new Map<string, { readonly text: string; readonly places: string[] }>();
  for (const finding of group) {
    const text = textOf(finding);
    if (text === '') continue;
    const key = detail === 'whole' ? text : withoutName(text, finding);
    const place = shortPlaceOf(finding);
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

function shortPlaceOf({ endpoint, file, channel }: Finding): string {
  if (endpoint !== undefined) return placeOf(endpoint);
  return file === undefined ? channel : (file.member ?? fileText(file));
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

/** `and 6 more`, where a rule found more than a finding keeps. */
const MORE = /^and (\d+) more$/;

function proofs(group: FindingGroup, detail: Detail): string[] {
  const all = group.flatMap(({ evidence, endpoint }) =>
    evidence.map((one) => ({ one, text: proof(one, group.length === 1 && detail === 'brief' ? endpoint : undefined) })),
  );
  const uncounted = all.map(({ one }) => Number(MORE.exec(one.text)?.[1] ?? 0)).reduce((a, b) => a + b, 0);
  const texts = unique(all.filter(({ one }) => !MORE.test(one.text)).map(({ text }) => text));
  const shown = detail === 'whole' || texts.length <= BRIEF.proofs + 1 ? texts : texts.slice(0, BRIEF.proofs);
  const left = texts.length - shown.length + uncounted;
  if (left === 0) return shown;
  const hint = texts.length > shown.length ? ` (--wide shows ${uncounted === 0 ? 'all' : texts.length})` : '';
  return [...shown, `and ${left} more${hint}`];
}

/** `frame 88, offset 4096, o3: …`; `server` is left out of who asked whom where the finding is of that endpoint alone. */
export function proof(evidence: Evidence, server?: Endpoint): string {
  const place = [
    ...(evidence.file === undefined ? [] : [evidence.file]),
    ...(evidence.frame === undefined ? [] : [`frame ${evidence.frame}`]),
    ...(evidence.streamOffset === undefined ? [] : [`offset ${evidence.streamOffset}`]),
    ...(evidence.observation === undefined ? [] : [evidence.observation]),
  ].join(', ');
  const text = server === undefined ? evidence.text : evidence.text.replace(` -> ${namedPlaceOf(server)}:`, ':');
  return place === '' ? text : `${place}: ${text}`;
}

/** As rules write it: `jm (10.77.0.1:6123)`. */
function namedPlaceOf(endpoint: Endpoint): string {
  const { member: _, ...unnamed } = endpoint;
  const address = placeOf(unnamed);
  return endpoint.member === undefined ? address : `${endpoint.member} (${address})`;
}

/** Setting lines are never wrapped or cut, so that they can be copied into the file as they stand. */
function fixLines(
  group: FindingGroup,
  { detail, cures }: FindingTextOptions,
  field: (label: string, text: string) => string[],
): string[] {
  const { text, settings } = group[0].remediation;
  const indent = ' '.repeat(INDENT + LABEL_WIDTH + 2);
  const commands = unique(group.flatMap(({ remediation }) => remediation.command ?? []));
  const keys = settingLines(settings).map((line) => `${indent}${line}`);
  const known = (key: string): string | undefined => (detail === 'brief' ? cures.get(key) : undefined);
  const [whole, alone] = [cureKey(group[0]), JSON.stringify(settings)];
  const { ruleId, channel, file } = group[0];
  const name = channel === 'unknown' && file !== undefined ? ruleId : `${ruleId} on ${channel}`;
  const before = known(whole);
  if (before !== undefined && commands.length === 0) return field('fix', `the same as of ${before}, above`);
  const same = keys.length > 1 ? known(alone) : undefined;
  if (!cures.has(whole)) cures.set(whole, name);
  if (!cures.has(alone)) cures.set(alone, name);
  return [
    ...(text === '' ? [] : field('fix', text)),
    ...(same === undefined ? keys : field('', `The settings are those of ${same}, above.`)),
    ...limited(commands.map(printable), detail, BRIEF.places, 'endpoints').map((command) => `${indent}${command}`),
  ];
}

/** What YAML would read as a number, a time or a truth value, and is meant as text. */
const LOOKS_LIKE_A_NUMBER = /^[-+]?\.?[0-9][0-9_.:eE+-]*$/;

/** Lines for `config.yaml`, to be copied as they stand. */
export function settingLines(settings: Finding['remediation']['settings']): string[] {
  return Object.entries(settings).map(([key, value]) => `${printable(key)}: ${yamlScalar(value)}`);
}

/** Plain where YAML reads it back as it is; else double-quoted, whose escapes are those of JSON. */
function yamlScalar(value: string): string {
  const plain =
    /^[A-Za-z0-9_./<][A-Za-z0-9_./,:<>+-]*$/.test(value) && !/:$/.test(value) && !LOOKS_LIKE_A_NUMBER.test(value);
  return plain ? value : printable(JSON.stringify(value));
}

/** Each once, in the order of the first of its kind. */
export function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
