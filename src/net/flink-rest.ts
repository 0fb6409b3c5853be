import type { Client, Dispatcher } from 'undici';
import type { ZodType } from 'zod';
import { portOf } from './address.ts';
import { bodyText } from './body-text.ts';
import { failureOf, RestFailure } from './flink-rest-failure.ts';
import { isAllowedPath, type LogPath, type RestPath, taskManagerPath } from './flink-rest-paths.ts';
import type {
  CheckpointConfigAnswer,
  CheckpointsAnswer,
  ConfigurationEntry,
  DashboardAnswer,
  JobAnswer,
  OverviewAnswer,
  RestAccess,
  RestAuthorization,
  RestReader,
  RestTls,
  RestTrust,
  TaskManagerAnswer,
} from './flink-rest-types.ts';

/** Answers of real clusters are below 1 MiB with 1,000 TaskManagers; nothing that is longer is read. */
const MAX_ANSWER = 16 * 1024 * 1024;
/** Of one log; what is older than a restart or two is not needed, and logs of weeks are no answer to read here. */
const LOG_OCTETS_MAX = 256 * 1024 * 1024;
/** A TaskManager's log takes its way through the BLOB server. */
const LOG_MS = 60_000;
/** Of a body that is no JSON, for the message. */
const MAX_SHOWN = 60;

const PUBLIC: RestTls = { verification: 'public' };

/**
 * Asks Flink's REST API: allow-listed GETs only, one connection, no redirect followed.
 *
 * What it says of TLS is no evidence: that comes from our own handshakes. Call `close` at the end.
 */
export class FlinkRest implements RestReader {
  readonly url: URL;
  readonly trust: RestTrust;
  readonly #access: RestAccess;
  readonly #headers: Readonly<Record<string, string>>;
  /** Prefix of every path (`rest.url-prefix`, a proxy's): empty, or `/flink`. */
  readonly #prefix: string;
  #client: Promise<Client> | undefined;

  /** Throws `RestFailure` `bad-access` for a URL, an authorisation or pins that cannot be meant. */
  constructor(access: RestAccess) {
    this.#access = access;
    this.url = parseUrl(access.url);
    this.#prefix = this.url.pathname.replace(/\/+$/, '');
    this.trust = this.url.protocol === 'http:' ? 'clear' : (access.tls ?? PUBLIC).verification;
    this.#headers = {
      accept: 'application/json',
      'user-agent': 'flinkprobe',
      ...(access.authorization === undefined ? {} : { authorization: authorizationOf(access.authorization) }),
    };
  }

  /** `jm:8081`, as the URL has it. */
  get place(): string {
    return this.url.host;
  }

  async dashboard(): Promise<DashboardAnswer> {
    const { dashboardAnswer } = await answers();
    return this.#read('/config', dashboardAnswer);
  }

  async overview(): Promise<OverviewAnswer> {
    const { overviewAnswer } = await answers();
    return this.#read('/overview', overviewAnswer);
  }

  async jobManagerConfig(): Promise<readonly ConfigurationEntry[]> {
    const { configurationAnswer } = await answers();
    return this.#read('/jobmanager/config', configurationAnswer);
  }

  async taskManagers(): Promise<readonly TaskManagerAnswer[]> {
    const { taskManagersAnswer } = await answers();
    return this.#read('/taskmanagers', taskManagersAnswer);
  }

  async taskManager(id: string): Promise<TaskManagerAnswer> {
    const { taskManagerAnswer } = await answers();
    return this.#read(taskManagerPath(id), taskManagerAnswer);
  }

  async jobs(): Promise<readonly JobAnswer[]> {
    const { jobsAnswer } = await answers();
    return this.#read('/jobs/overview', jobsAnswer);
  }

  async checkpoints(jobId: string): Promise<CheckpointsAnswer> {
    const { checkpointsAnswer } = await answers();
    return this.#read(`/jobs/${jobId}/checkpoints`, checkpointsAnswer);
  }

  async checkpointConfig(jobId: string): Promise<CheckpointConfigAnswer> {
    const { checkpointConfigAnswer } = await answers();
    return this.#read(`/jobs/${jobId}/checkpoints/config`, checkpointConfigAnswer);
  }

  /** The JSON of an allowed path. Any other path is refused before a connection is made. */
  get(path: RestPath): Promise<unknown> {
    return this.#within(path, this.#access.timeoutMs, (signal) => this.#ask(path, signal));
  }

  /**
   * A log, piece by piece as it comes; no more than {@link LOG_OCTETS_MAX}. Resolves to whether that was all of it.
   *
   * A TaskManager uploads its log to the BLOB server first, which keeps it for an hour (`blob.service.cleanup.interval`).
   */
  log(path: LogPath, take: (piece: Uint8Array) => void): Promise<'whole' | 'cut'> {
    return this.#within(path, LOG_MS, async (signal) => {
      const answer = await this.#request(path, signal);
      let length = 0;
      for await (const piece of answer.body as AsyncIterable<Uint8Array>) {
        take(piece.subarray(0, LOG_OCTETS_MAX - length));
        length += piece.length;
        if (length > LOG_OCTETS_MAX) {
          await this.close();
          return 'cut';
        }
      }
      return 'whole';
    });
  }

  async #within<Answer>(
    path: RestPath,
    timeoutMs: number,
    ask: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer> {
    if (!isAllowedPath(path)) {
      throw new RestFailure('bad-access', `${JSON.stringify(path)} is none of the paths that flinkprobe asks`);
    }
    const { signal } = this.#access;
    if (signal?.aborted === true) throw interrupted(this.place);
    // One limit for connection, head and body together: a server that drips bytes is stopped too.
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(late(this.place, timeoutMs)), timeoutMs);
    const interrupt = (): void => limit.abort(interrupted(this.place));
    signal?.addEventListener('abort', interrupt, { once: true });
    try {
      return await ask(limit.signal);
    } catch (error) {
      await this.close();
      if (limit.signal.aborted) throw limit.signal.reason;
      throw failureOf(error, this.place, timeoutMs);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', interrupt);
    }
  }

  /** Ends the connection, an unfinished request too. The next question opens another. */
  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await (await client?.catch(() => undefined))?.destroy();
  }

  async #read<Answer>(path: RestPath, schema: ZodType<Answer>): Promise<Answer> {
    const parsed = schema.safeParse(await this.get(path));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    const where = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
    throw new RestFailure(
      'not-flink',
      `${this.place}: ${path} answers JSON that is not Flink's${where}: ${issue?.message}`,
    );
  }

  async #ask(path: RestPath, signal: AbortSignal): Promise<unknown> {
    const answer = await this.#request(path, signal);
    const text = await bodyText(answer.body, MAX_ANSWER, () => tooLarge(this.place));
    return this.#json(path, text, headerOf(answer.headers, 'content-type'));
  }

  async #request(path: RestPath, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    this.#client ??= openClient(this.url, this.#access);
    const client = await this.#client;
    const answer = await client.request({
      method: 'GET',
      path: `${this.#prefix}${path}`,
      headers: this.#headers,
      signal,
    });
    if (answer.statusCode !== 200) {
      throw this.#statusFailure(path, answer.statusCode, headerOf(answer.headers, 'location'));
    }
    return answer;
  }

  #statusFailure(path: RestPath, status: number, location: string | undefined): RestFailure {
    const { place } = this;
    if (status >= 300 && status < 400 && location !== undefined) return this.#redirectFailure(status, location);
    if (status === 401 || status === 403) {
      const given =
        this.#access.authorization === undefined ? 'give an authorisation' : 'the given authorisation is not accepted';
      return new RestFailure(
        'unauthorised',
        `${place}: HTTP ${status}, ${given} (Flink itself has none: a proxy asks)`,
        { status },
      );
    }
    if (status === 404 && path === '/config') {
      return new RestFailure(
        'not-flink',
        `${place}: HTTP 404 for ${this.#prefix}/config: give the URL of Flink's REST port, with the proxy's path if there is one`,
        { status },
      );
    }
    const busy = status === 503 ? ': no JobManager leads yet, or a proxy has none behind it' : '';
    return new RestFailure('http-status', `${place}: HTTP ${status} for ${path}${busy}`, { status });
  }

  /** A REST port with TLS answers clear HTTP with 301 to its advertised address (`RedirectingSslHandler`). */
  #redirectFailure(status: number, location: string): RestFailure {
    const to = URL.canParse(location, this.url.href) ? new URL(location, this.url) : undefined;
    const samePort = to !== undefined && portOf(to) === portOf(this.url);
    if (this.url.protocol === 'http:' && to?.protocol === 'https:' && (samePort || to.hostname === this.url.hostname)) {
      const own = samePort ? this.url.host : to.host;
      return new RestFailure('speaks-tls', `${this.place}: REST speaks TLS: use https://${own}${this.#prefix}`, {
        status,
      });
    }
    const target = to === undefined ? location : `${to.protocol}//${to.host}${to.pathname}`;
    return new RestFailure(
      'http-status',
      `${this.place}: HTTP ${status} to ${target}, which is not followed: give that address if it is Flink's`,
      { status },
    );
  }

  #json(path: RestPath, body: string, type: string | undefined): unknown {
    try {
      return JSON.parse(body);
    } catch (error) {
      const isHtml = type?.includes('html') === true || /^\s*</.test(body);
      const shown = JSON.stringify(body.slice(0, MAX_SHOWN));
      const message = isHtml
        ? `${this.place}: ${path} answers a web page, not Flink's JSON: is a log-in or another program before it?`
        : `${this.place}: ${path} answers no JSON: ${shown}`;
      throw new RestFailure(isHtml ? 'not-flink' : 'malformed', message, { cause: error });
    }
  }
}

/** Schemas are loaded with the first answer: most commands never ask REST. */
async function answers(): Promise<typeof import('./flink-rest-answers.ts')> {
  return import('./flink-rest-answers.ts');
}

async function openClient(url: URL, access: RestAccess): Promise<Client> {
  const [{ Client }, { connector }] = await Promise.all([import('undici'), import('./flink-rest-connect.ts')]);
  const { timeoutMs } = access;
  return new Client(url.origin, {
    connect: connector(access.tls ?? PUBLIC, timeoutMs),
    pipelining: 1,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
}

function tooLarge(place: string): RestFailure {
  return new RestFailure(
    'too-large',
    `${place}: the answer is longer than ${MAX_ANSWER} bytes: not Flink's, or not a cluster`,
  );
}

function late(place: string, timeoutMs: number): RestFailure {
  return new RestFailure('timeout', `${place}: no whole answer within ${timeoutMs} ms`);
}

function interrupted(place: string): RestFailure {
  return new RestFailure('interrupted', `${place}: interrupted`);
}

function headerOf(headers: Readonly<Record<string, string | string[] | undefined>>, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function parseUrl(text: string): URL {
  const fail = (reason: string): RestFailure => new RestFailure('bad-access', `${JSON.stringify(text)}: ${reason}`);
  if (!/^https?:\/\//i.test(text)) throw fail('no http or https URL: write http://HOST:PORT or https://HOST:PORT');
  if (!URL.canParse(text)) throw fail('no URL: write http://HOST:PORT or https://HOST:PORT');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    // Without the text: it holds a password.
    throw new RestFailure('bad-access', 'the REST URL holds a user name or password: give them in a file instead');
  }
  if (url.search !== '' || url.hash !== '') throw fail('the URL of a REST API has no query and no fragment');
  return url;
}

function authorizationOf({ kind, value }: RestAuthorization): string {
  const secret = value.trim();
  // The secret itself stands in no message.
  if (secret === '') throw new RestFailure('bad-access', `the ${kind} authorisation is empty`);
  if (/[^\x20-\x7e]/.test(secret) && kind === 'bearer') {
    throw new RestFailure(
      'bad-access',
      'the bearer token holds other characters than printable ASCII: one token, one line',
    );
  }
  if (kind === 'bearer') return `Bearer ${secret}`;
  if (!secret.includes(':') || /[\r\n]/.test(secret)) {
    throw new RestFailure('bad-access', 'a basic authorisation is one line, USER:PASSWORD');
  }
  return `Basic ${Buffer.from(secret, 'utf8').toString('base64')}`;
}
