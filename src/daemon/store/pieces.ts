import type { Observation, Report } from '../../model/report.ts';

/**
 * A report in pieces, so that what does not change from run to run is kept once: of a cluster that stays as it is, a
 * run costs the times of its observations and little more.
 *
 * Everything comes back as it was, the order of fields too. What varies leaves a 0 in its place.
 */
export interface Pieces {
  /** JSON of one observation, one finding, or one of the {@link LISTS} each. */
  readonly parts: readonly string[];
  /** JSON of the other fields. */
  readonly head: string;
  readonly counts: readonly [observations: number, findings: number];
  /** JSON of what varies. */
  readonly varying: string;
}

/** Kept as one piece each: they change all at once or not at all. */
const LISTS = ['inputs', 'expectations', 'coverage', 'processes', 'comparison'] as const;
const VARYING = ['startedAt', 'finishedAt', 'watchedSeconds', 'summary'] as const;

interface Varying {
  readonly head: readonly unknown[];
  readonly baseline?: unknown;
  readonly ids: readonly string[];
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly bytes: readonly number[];
  readonly frames: readonly unknown[];
}

export function takeApart(report: Report): Pieces {
  const { observations, findings, comparison, startedAt } = report;
  const base = secondsOf(startedAt) ?? 0;
  const parts = [
    ...observations.map((one) => JSON.stringify(withoutVarying(one))),
    ...findings.map((one) => JSON.stringify(one)),
    ...LISTS.map((name) => {
      if (name === 'comparison' && comparison !== undefined) return JSON.stringify({ ...comparison, baseline: 0 });
      return JSON.stringify(report[name] ?? 0);
    }),
  ];
  const head: Record<string, unknown> = { ...report, observations: 0, findings: 0 };
  for (const name of [...LISTS, ...VARYING]) if (report[name] !== undefined) head[name] = 0;
  const varying: Varying = {
    head: VARYING.map((name) => report[name] ?? 0),
    ...(comparison === undefined ? {} : { baseline: comparison.baseline }),
    ids: observations.map(({ id }) => id),
    from: observations.map(({ observedAt }) => shortened(observedAt, base)),
    to: observations.map(({ lastSeenAt }) => shortened(lastSeenAt, base)),
    bytes: observations.flatMap(({ bytes }) => [bytes.client, bytes.server]),
    frames: observations.flatMap(({ frames }) => (frames === undefined ? [] : [frames])),
  };
  return {
    parts,
    head: JSON.stringify(head),
    counts: [observations.length, findings.length],
    varying: JSON.stringify(varying),
  };
}

function withoutVarying(one: Observation): Record<string, unknown> {
  const frames = one.frames === undefined ? {} : { frames: 0 };
  return { ...one, id: 0, observedAt: 0, lastSeenAt: 0, bytes: 0, ...frames };
}

export function putTogether({ parts, head, counts, varying }: Pieces): Report {
  const [observations, findings] = counts;
  const values = parts.map((part) => JSON.parse(part) as unknown);
  const changing = JSON.parse(varying) as Varying;
  const report = JSON.parse(head) as Record<string, unknown>;
  for (const [index, name] of VARYING.entries()) if (name in report) report[name] = changing.head[index];
  for (const [index, name] of LISTS.entries()) {
    if (name in report) report[name] = values[observations + findings + index];
  }
  const { comparison } = report;
  if (typeof comparison === 'object' && comparison !== null) {
    report.comparison = { ...comparison, baseline: changing.baseline };
  }
  report.observations = withVarying(values.slice(0, observations), changing, String(report.startedAt));
  report.findings = values.slice(observations, observations + findings);
  return report as unknown as Report;
}

function withVarying(values: readonly unknown[], changing: Varying, startedAt: string): unknown[] {
  const base = secondsOf(startedAt) ?? 0;
  let framed = 0;
  return values.map((value, index) => {
    const one = value as Record<string, unknown>;
    one.id = changing.ids[index];
    one.observedAt = lengthened(changing.from[index]!, base);
    one.lastSeenAt = lengthened(changing.to[index]!, base);
    one.bytes = { client: changing.bytes[2 * index], server: changing.bytes[2 * index + 1] };
    if ('frames' in one) {
      one.frames = changing.frames[framed];
      framed += 1;
    }
    return one;
  });
}

/** `3.25`: a quarter past the third second after the base; a time of another form behind `=`. */
function shortened(time: string, base: number): string {
  const seconds = secondsOf(time);
  if (seconds === undefined) return `=${time}`;
  const text = `${seconds - base}${time.slice(WHOLE_SECONDS, -1)}`;
  return lengthened(text, base) === time ? text : `=${time}`;
}

function lengthened(text: string, base: number): string {
  if (text.startsWith('=')) return text.slice(1);
  const dot = text.indexOf('.');
  const [seconds, fraction] = dot < 0 ? [text, ''] : [text.slice(0, dot), text.slice(dot)];
  return `${new Date((base + Number(seconds)) * 1000).toISOString().slice(0, WHOLE_SECONDS)}${fraction}Z`;
}

/** Characters of `2026-11-22T22:00:00`. */
const WHOLE_SECONDS = 19;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

function secondsOf(time: string): number | undefined {
  if (!TIME.test(time)) return undefined;
  const milliseconds = Date.parse(`${time.slice(0, WHOLE_SECONDS)}Z`);
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000;
}
