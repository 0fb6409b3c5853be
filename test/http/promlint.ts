/**
 * The rules of `promtool check metrics`, ported from promlint (prometheus/client_golang,
 * prometheus/testutil/promlint/validations: help, counter, histogram, metric type in name, units, reserved, camel case),
 * with the grammar of the text format 0.0.4. Returns what is wrong; empty: nothing.
 */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Exposition {
  readonly types: ReadonlyMap<string, string>;
  readonly helps: ReadonlyMap<string, string>;
  readonly samples: readonly Sample[];
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]?Inf|[-+0-9.eE]+)$/s;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

/** @throws Error with the line that is no exposition */
export function parseExposition(text: string): Exposition {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const types = new Map<string, string>();
  const helps = new Map<string, string>();
  const samples: Sample[] = [];
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment !== null) {
      const [, kind, name, rest] = comment as unknown as [string, string, string, string];
      const known = kind === 'HELP' ? helps : types;
      if (known.has(name)) throw new Error(`second ${kind} of ${name}`);
      known.set(name, rest);
    } else if (line !== '# EOF') {
      const match = SAMPLE.exec(line);
      if (match === null) throw new Error(`no sample: ${line}`);
      samples.push({ name: match[1]!, labels: parseLabels(match[2] ?? ''), value: Number(match[3]) });
    }
  }
  return { types, helps, samples };
}

function parseLabels(text: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const at = LABEL.lastIndex;
    const match = LABEL.exec(text);
    if (match === null) throw new Error(`no label at ${at}: ${text}`);
    labels[match[1]!] = match[2]!.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));
  }
  return labels;
}

const NOT_BASE = 'minutes hours days weeks kelvins fahrenheit percent inches yards miles bits calories pounds ounces';
const PREFIXED =
  /^(?:pico|nano|micro|milli|centi|deci|deca|hecto|kilo|kibi|mega|mibi|mebi|giga|gibi|tera|tebi|peta|pebi)/;
const BASE = ['seconds', 'bytes', 'meters', 'grams', 'joules', 'volts', 'amperes', 'celsius', 'ratio'];
const ABBREVIATIONS = 's ms us ns sec b kb mb gb tb pb m h d'.split(' ');

export function lint(text: string): string[] {
  const { types, helps, samples } = parseExposition(text);
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const { name, labels } of samples) {
    const key = `${name}${JSON.stringify(Object.entries(labels).sort())}`;
    if (seen.has(key)) problems.push(`${key} is there twice`);
    seen.add(key);
    const family = familyOf(name, types);
    if (family === undefined) problems.push(`${name} has no type`);
    const type = types.get(family ?? '');
    if (type !== 'histogram' && 'le' in labels) problems.push(`${name}: only histograms have le`);
    if (type !== 'summary' && 'quantile' in labels) problems.push(`${name}: only summaries have quantile`);
    for (const label of Object.keys(labels))
      if (/[a-z][A-Z]/.test(label)) problems.push(`${name}: ${label} is camel case`);
  }
  for (const [name, type] of types) {
    if (!helps.has(name)) problems.push(`${name} has no help`);
    if (!samples.some((one) => familyOf(one.name, types) === name)) problems.push(`${name} has no sample`);
    if ((type === 'counter') !== name.endsWith('_total')) problems.push(`${name}: _total is for counters, and for all`);
    if (type !== 'histogram' && /_bucket$/.test(name)) problems.push(`${name}: _bucket is for histograms`);
    if (type !== 'histogram' && type !== 'summary' && /_(?:count|sum)$/.test(name))
      problems.push(`${name}: is reserved`);
    if (name.includes(':')) problems.push(`${name}: colons are for recording rules`);
    if (/[a-z][A-Z]/.test(name)) problems.push(`${name} is camel case`);
    for (const word of name.toLowerCase().split('_')) {
      if (['counter', 'gauge', 'histogram', 'summary'].includes(word)) problems.push(`${name} names its type`);
      if (ABBREVIATIONS.includes(word)) problems.push(`${name} shortens a unit: ${word}`);
      const isScaled = PREFIXED.test(word) && BASE.includes(word.replace(PREFIXED, ''));
      if (isScaled || NOT_BASE.split(' ').includes(word)) problems.push(`${name} has no base unit: ${word}`);
    }
  }
  return problems;
}

function familyOf(name: string, types: ReadonlyMap<string, string>): string | undefined {
  if (types.has(name)) return name;
  const base = name.replace(/_(?:bucket|count|sum)$/, '');
  return types.get(base) === 'histogram' || types.get(base) === 'summary' ? base : undefined;
}
