import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export type Labels = Readonly<Record<string, string>>;

export type FamilyKind = 'gauge' | 'counter' | 'histogram';

export interface Family {
  readonly kind: FamilyKind;
  /** One sentence without its full stop. */
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, seconds. */
  readonly buckets?: readonly number[];
}

export type Format = 'text' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: Registry.PROMETHEUS_CONTENT_TYPE,
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** Families of metrics by name, in a registry of their own. */
export class MetricSet<Name extends string> {
  readonly #register = new Registry();
  readonly #metrics: ReadonlyMap<string, Gauge | Counter | Histogram>;

  constructor(families: Readonly<Record<Name, Family>>) {
    this.#metrics = new Map(
      Object.entries<Family>(families).map(([name, family]) => [name, metricOf(name, family, this.#register)]),
    );
  }

  set(name: Name, labels: Labels, value: number): void {
    (this.#metrics.get(name) as Gauge).set(labels, value);
  }

  add(name: Name, labels: Labels, value = 1): void {
    (this.#metrics.get(name) as Counter).inc(labels, value);
  }

  /** Of a counter that somebody else counts: what it stands at now. */
  setTotal(name: Name, labels: Labels, value: number): void {
    const counter = this.#metrics.get(name) as Counter;
    counter.remove(labels);
    counter.inc(labels, value);
  }

  observe(name: Name, labels: Labels, seconds: number): void {
    (this.#metrics.get(name) as Histogram).observe(labels, seconds);
  }

  remove(name: Name, labels: Labels): void {
    this.#metrics.get(name)!.remove(labels);
  }

  /** One family, head and samples, in the text format and without the last line break; undefined: it has no sample. */
  async part(name: Name): Promise<string | undefined> {
    const part = await this.#register.getSingleMetricAsString(name);
    return /^[^#]/m.test(part) ? part : undefined;
  }

  async text(format: Format): Promise<string> {
    const parts = await Promise.all([...this.#metrics.keys()].map((name) => this.part(name as Name)));
    return exposition(
      parts.filter((part) => part !== undefined),
      format,
    );
  }
}

/** Families as they go over the wire. */
export function exposition(parts: readonly string[], format: Format): string {
  if (format === 'text') return parts.map((part) => `${part}\n`).join('');
  return `${parts.map((part) => `${openMetrics(part)}\n`).join('')}# EOF\n`;
}

function metricOf(
  name: string,
  { kind, help, labels, buckets }: Family,
  registry: Registry,
): Gauge | Counter | Histogram {
  const settings = { name, help, labelNames: [...labels], registers: [registry] };
  if (kind === 'gauge') {
    const gauge = new Gauge(settings);
    // One without labels begins as 0, which is a lie until somebody sets it.
    gauge.remove({});
    return gauge;
  }
  if (kind === 'counter') return new Counter(settings);
  return new Histogram({ ...settings, ...(buckets === undefined ? {} : { buckets: [...buckets] }) });
}

/**
 * A family of the text format as OpenMetrics 1.0 has it: a counter is named without `_total` but in its samples. (Asked
 * for OpenMetrics, prom-client 15 renames the counter itself, so that the next text has a wrong name.)
 */
function openMetrics(family: string): string {
  if (!/^# HELP .*\n# TYPE \S+ counter\n/.test(family)) return family;
  return family.replace(/^(# (?:HELP|TYPE) \S+?)_total /gm, '$1 ');
}

/** What `Accept` prefers. Prometheus names both, with weights. */
export function formatFor(accept: string | undefined): Format {
  const open = weightOf(accept, 'application/openmetrics-text', /^(?:1\.0\.0|0\.0\.1)$/);
  const text = weightOf(accept, 'text/plain', /^0\.0\.4$/);
  return open > 0 && open >= text ? 'openmetrics' : 'text';
}

/** The greatest weight that a type is named with; versions that we do not write count for nothing. */
function weightOf(accept: string | undefined, type: string, versions: RegExp): number {
  const weights = (accept ?? '').split(',').map((range) => {
    const [name, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (name !== type) return 0;
    const told = new Map(parameters.map((one) => one.split('=', 2) as [string, string | undefined]));
    const version = told.get('version');
    if (version !== undefined && !versions.test(version)) return 0;
    const weight = Number(told.get('q') ?? 1);
    return Number.isFinite(weight) ? weight : 0;
  });
  return Math.max(0, ...weights);
}
