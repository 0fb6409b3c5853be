import { CHANNELS, type Channel } from '../model/channel.ts';
import { SEVERITIES, type Severity } from '../model/report.ts';
import { HttpFault } from './fault.ts';

export const DEFAULT_LIMIT = 100;
export const MAX_LIMIT = 1000;
/** No list is longer. */
const MAX_START = 1_000_000;
/** Names and cursors are short; longer ones are nobody's. */
const MAX_VALUE = 200;

/** Query parameters, each read once and strictly: a misspelt one is an error, not a list that is too long. */
export class Query {
  readonly #values: URLSearchParams;

  /** @throws HttpFault 400 for parameters that are not `known`, or are there twice */
  constructor(request: Request, known: readonly string[]) {
    this.#values = new URL(request.url).searchParams;
    for (const name of new Set(this.#values.keys())) {
      if (!known.includes(name)) {
        throw new HttpFault(400, `no parameter is called ${quoted(name)}; there are ${known.join(', ')}`);
      }
      if (this.#values.getAll(name).length > 1) throw new HttpFault(400, `${name} is given twice`);
    }
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name);
    if (value === null) return undefined;
    if (value === '' || value.length > MAX_VALUE) throw new HttpFault(400, `${name} must be 1 to ${MAX_VALUE} long`);
    return value;
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new HttpFault(400, `${name} is missing`);
    return value;
  }

  oneOf<T extends string>(name: string, words: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const word = words.find((one) => one === value);
    if (word === undefined) throw new HttpFault(400, `${name} must be one of ${words.join(', ')}`);
    return word;
  }

  channel(): Channel | undefined {
    return this.oneOf('channel', CHANNELS);
  }

  /** `severity=critical,high` */
  severities(): readonly Severity[] | undefined {
    const words = this.text('severity')?.split(',');
    if (new Set(words).size !== (words?.length ?? 0)) throw new HttpFault(400, 'severity names one twice');
    return words?.map((word) => {
      const severity = SEVERITIES.find((one) => one === word);
      if (severity === undefined) throw new HttpFault(400, `severity must be of ${SEVERITIES.join(', ')}`);
      return severity;
    });
  }

  limit(): number {
    return this.number('limit', 1, MAX_LIMIT) ?? DEFAULT_LIMIT;
  }

  number(name: string, least: number, most: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= least && number <= most)) {
      throw new HttpFault(400, `${name} must be a whole number from ${least} to ${most}`);
    }
    return number;
  }
}

/** One page of a list, and what to give as `before` for the one behind it; `null`: there is none. */
export interface ListPage<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** How many items stand before a page. */
export function startOf(query: Query): number {
  return query.number('before', 0, MAX_START) ?? 0;
}

/** A page of a list that is in memory: its cursor counts the items before it. */
export function slicePage<T>(all: readonly T[], query: Query): ListPage<T> {
  const start = startOf(query);
  const end = start + query.limit();
  return { items: all.slice(start, end), next: end < all.length ? String(end) : null };
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}
