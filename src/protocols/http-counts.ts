import type { Side } from '../bytes/stream.ts';

/** Different values of one kind that are counted by name; the rest goes to `other`. */
const MAX_DISTINCT = 32;
const MAX_TEXT = 100;
/** Most of a header value that is taken apart. */
const MAX_VALUE = 512;

/** Counts by name, bounded. */
class Tally {
  readonly #counts = new Map<string, number>();

  add(name: string): void {
    const known = this.#counts.has(name) || this.#counts.size < MAX_DISTINCT ? name : 'other';
    this.#counts.set(known, (this.#counts.get(known) ?? 0) + 1);
  }

  /** `GET 9`, most frequent first, equal ones by name. */
  lines(): readonly string[] {
    return [...this.#counts]
      .sort(([nameA, a], [nameB, b]) => b - a || (nameA < nameB ? -1 : 1))
      .map(([name, count]) => `${name} ${count}`);
  }

  names(): readonly string[] {
    return [...this.#counts.keys()];
  }
}

/** Product names and versions of a User-Agent or Server header, without comments, which may hold anything. */
function products(value: string): string {
  const plain = value
    .slice(0, MAX_VALUE)
    .replace(/\([^)]*\)/g, ' ')
    .replace(/[^\x20-\x7e]/g, '.');
  const words = plain.split(/[\s,]+/).filter((word) => /^[\w.+-]+(?:\/[\w.:+-]+)?$/.test(word));
  return words.slice(0, 3).join(' ').slice(0, MAX_TEXT);
}

/** What one connection's messages were, by number: methods, paths, statuses, programs. */
export class Counts {
  #requests = 0;
  #responses = 0;
  readonly #bytes: [number, number] = [0, 0];
  readonly #methods = new Tally();
  readonly #paths = new Tally();
  readonly #statuses = new Tally();
  readonly #userAgents = new Tally();
  readonly #servers = new Tally();
  readonly #hosts = new Tally();
  readonly #signatures = new Tally();

  request(method: string, path: string, userAgent: string | undefined, host: string | undefined): void {
    this.#requests++;
    this.#methods.add(method);
    this.#paths.add(`${method} ${path}`);
    addProduct(this.#userAgents, userAgent);
    if (host !== undefined && /^[\w.:[\]-]{1,255}$/.test(host)) {
      this.#hosts.add(host);
    }
  }

  response(status: number, server: string | undefined): void {
    this.#responses++;
    this.#statuses.add(String(status));
    addProduct(this.#servers, server);
  }

  signature(scheme: string): void {
    this.#signatures.add(scheme);
  }

  body(side: Side, bytes: number): void {
    this.#bytes[side] += bytes;
  }

  details(): Readonly<Record<string, number | readonly string[]>> {
    const lists: readonly (readonly [string, readonly string[]])[] = [
      ['methods', this.#methods.lines()],
      ['paths', this.#paths.lines()],
      ['statuses', this.#statuses.lines()],
      ['userAgents', this.#userAgents.names()],
      ['servers', this.#servers.names()],
      ['hosts', this.#hosts.names()],
      ['signatures', this.#signatures.names()],
    ];
    return {
      requests: this.#requests,
      responses: this.#responses,
      bodyBytes: this.#bytes[0] + this.#bytes[1],
      ...Object.fromEntries(lists.filter(([, list]) => list.length > 0)),
    };
  }
}

function addProduct(tally: Tally, value: string | undefined): void {
  const product = value === undefined ? '' : products(value);
  if (product !== '') {
    tally.add(product);
  }
}
