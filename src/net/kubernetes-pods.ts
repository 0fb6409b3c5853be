import type { Client, Dispatcher } from 'undici';
import { bodyText } from './body-text.ts';
import type { ListPage } from './kubernetes-answers.ts';
import {
  type KubernetesAccess,
  KubernetesFailure,
  type PodEvent,
  type PodList,
  type PodScope,
  type PodSource,
} from './kubernetes-types.ts';
import { linesOf } from './lines.ts';

export interface PodsMeans extends PodScope {
  /** Asked before each request. May throw: then so does the request. */
  readonly access: () => KubernetesAccess;
  /** Of one page of a list, and of the head of a watch. */
  readonly timeoutMs: number;
  /** After so many seconds the server ends a watch; left out: {@link WATCH_S}. */
  readonly watchSeconds?: number;
}

/** Shorter than what gateways and load balancers let a connection stand. */
const WATCH_S = 240;
/** The server ends a watch itself: one that lasts so much longer goes nowhere. */
const OVERDUE_MS = 30_000;
/** A page of 100 pods is about 1 MB, and takes some 10 ms to parse. */
const PAGE = 100;
const PODS_MAX = 20_000;
/** Of one page. */
const ANSWER_MAX = 64 * 1024 * 1024;
/** Of one event. The server takes no object of more than 3 MiB (`MaxRequestBodyBytes`). */
const LINE_MAX = 4 * 1024 * 1024;
/** Of what the server says is wrong. */
const SAID_MAX = 300;
const STATUS_MAX = 64 * 1024;

/**
 * Lists and watches pods, by two GETs of the Kubernetes API (core/v1, "Efficient detection of changes"): nothing is
 * written, no redirect is followed, nothing but pods is asked for.
 */
export class KubernetesPods implements PodSource {
  readonly #means: PodsMeans;

  constructor(means: PodsMeans) {
    this.#means = means;
  }

  async list(signal: AbortSignal): Promise<PodList> {
    const pods: PodList['pods'][number][] = [];
    let next: string | undefined;
    for (;;) {
      const query = { limit: String(PAGE), ...(next === undefined ? {} : { continue: next }) };
      const page = await this.#page(query, signal);
      pods.push(...page.pods);
      if (page.next === undefined) return { pods, resourceVersion: page.resourceVersion };
      if (pods.length > PODS_MAX || page.pods.length === 0) {
        throw new KubernetesFailure('too-large', `more than ${PODS_MAX} pods, or pages without end: select fewer`);
      }
      next = page.next;
    }
  }

  async *watch(resourceVersion: string, signal: AbortSignal): AsyncGenerator<PodEvent> {
    const { watchEvent } = await answers();
    const seconds = this.#means.watchSeconds ?? WATCH_S;
    const query = {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion,
      timeoutSeconds: String(seconds),
    };
    const opened = await this.#open(query, signal, seconds * 1000 + OVERDUE_MS);
    const { place } = opened;
    try {
      yield { kind: 'opened' };
      const tooLong = (): Error =>
        new KubernetesFailure('too-large', `${place}: an event of more than ${LINE_MAX} bytes`);
      for await (const line of linesOf(opened.answer.body, LINE_MAX, tooLong)) {
        const event = read(place, watchEvent, line);
        if (event.kind !== 'error') yield event;
        else throw failureOf(event.code, event.message, place, this.#means);
      }
    } catch (error) {
      throw opened.explain(error);
    } finally {
      await opened.close();
    }
  }

  async #page(query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<ListPage> {
    const { listPage } = await answers();
    const opened = await this.#open(query, signal, this.#means.timeoutMs);
    const { answer, place } = opened;
    try {
      return read(place, listPage, await textOf(answer.body, ANSWER_MAX, place));
    } catch (error) {
      throw opened.explain(error);
    } finally {
      await opened.close();
    }
  }

  /** A connection of its own: token and authorities may be others than the last time. `withinMs`: for all of it. */
  async #open(query: Readonly<Record<string, string>>, signal: AbortSignal, withinMs: number): Promise<Opened> {
    const { namespace, selector, timeoutMs } = this.#means;
    const access = this.#means.access();
    const url = urlOf(access);
    const place = url.host;
    const client = await openClient(url, access, timeoutMs, withinMs);
    const limit = new AbortController();
    const overdue = (): void =>
      limit.abort(new KubernetesFailure('unreachable', `${place}: no whole answer in ${withinMs} ms`));
    const timer = setTimeout(overdue, withinMs);
    const interrupt = (): void => limit.abort(new KubernetesFailure('unreachable', `${place}: interrupted`));
    signal.addEventListener('abort', interrupt, { once: true });
    if (signal.aborted) interrupt();
    const close = async (): Promise<void> => {
      clearTimeout(timer);
      signal.removeEventListener('abort', interrupt);
      await client.destroy();
    };
    const explain = (error: unknown): Error => (limit.signal.aborted ? limit.signal.reason : asFailure(error, place));
    try {
      const answer = await client.request({
        method: 'GET',
        path: `${url.pathname.replace(/\/+$/, '')}/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`,
        query: { labelSelector: selector, ...query },
        headers: {
          accept: 'application/json',
          'user-agent': 'flinkprobe',
          ...(access.token === undefined ? {} : { authorization: `Bearer ${access.token}` }),
        },
        signal: limit.signal,
      });
      if (answer.statusCode === 200) return { answer, place, explain, close };
      throw failureOf(answer.statusCode, await saidBy(answer.body, place), place, this.#means);
    } catch (error) {
      const explained = explain(error);
      await close();
      throw explained;
    }
  }
}

interface Opened {
  readonly answer: Dispatcher.ResponseData;
  readonly place: string;
  /** What an error of this connection comes of. */
  readonly explain: (error: unknown) => Error;
  readonly close: () => Promise<void>;
}

/** Schemas are loaded with the first answer: no command but the daemon needs them. */
async function answers(): Promise<typeof import('./kubernetes-answers.ts')> {
  return import('./kubernetes-answers.ts');
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Exported for its test. Throws `KubernetesFailure` `bad-access`; what it says holds no token. */
export function urlOf({ url: written, token }: KubernetesAccess): URL {
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new KubernetesFailure('bad-access', 'the address of the API server is no http or https URL');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new KubernetesFailure('bad-access', 'the URL of the API server has no user, query or fragment');
  }
  if (token === undefined) return url;
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    throw new KubernetesFailure('bad-access', `${url.host}: a token is not sent in clear: use https`);
  }
  if (token === '' || /[^\x21-\x7e]/.test(token)) {
    throw new KubernetesFailure('bad-access', 'the token is empty or holds other characters than printable ASCII');
  }
  return url;
}

async function openClient(url: URL, { ca }: KubernetesAccess, timeoutMs: number, bodyMs: number): Promise<Client> {
  const { Client } = await import('undici');
  return new Client(url.origin, {
    connect: { timeout: timeoutMs, ...(ca === undefined ? {} : { ca }) },
    connectTimeout: timeoutMs,
    headersTimeout: timeoutMs,
    bodyTimeout: bodyMs,
    pipelining: 1,
  });
}

function textOf(body: AsyncIterable<Uint8Array>, most: number, place: string): Promise<string> {
  const tooLong = (): Error => new KubernetesFailure('too-large', `${place}: an answer of more than ${most} bytes`);
  return bodyText(body, most, tooLong);
}

/** What the server says is wrong; empty where it says nothing that can be read. */
async function saidBy(body: AsyncIterable<Uint8Array>, place: string): Promise<string> {
  try {
    const { statusMessage } = await answers();
    return statusMessage(JSON.parse(await textOf(body, STATUS_MAX, place))) ?? '';
  } catch {
    return '';
  }
}

function read<Value>(place: string, parse: (json: unknown) => Value, text: string): Value {
  try {
    return parse(JSON.parse(text));
  } catch (cause) {
    const shown = JSON.stringify(text.slice(0, 60));
    throw new KubernetesFailure('malformed', `${place}: answers what is not of the Kubernetes API: ${shown}`, {
      cause,
    });
  }
}

const GONE = 410;

function failureOf(code: number, message: string, place: string, { namespace }: PodScope): KubernetesFailure {
  const said = message === '' ? '' : `: ${JSON.stringify(message.slice(0, SAID_MAX))}`;
  if (code === GONE)
    return new KubernetesFailure('expired', `${place}: what was watched from is no longer kept${said}`);
  if (code === 401) return new KubernetesFailure('refused', `${place}: HTTP 401, the token is not accepted${said}`);
  if (code === 403) {
    return new KubernetesFailure(
      'refused',
      `${place}: HTTP 403, a Role with list and watch on pods in ${namespace} is needed${said}`,
    );
  }
  return new KubernetesFailure('http-status', `${place}: HTTP ${code}${said}`);
}

function asFailure(error: unknown, place: string): KubernetesFailure {
  if (error instanceof KubernetesFailure) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return new KubernetesFailure('unreachable', `${place}: ${code === undefined ? '' : `${code}: `}${message}`, {
    cause: error,
  });
}
