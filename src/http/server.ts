import { constants } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import {
  createServer as createHttp,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttps, type Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { getRequestListener } from '@hono/node-server';
import type { Control } from '../daemon/control.ts';
import type { WebSettings } from '../daemon/settings.ts';
import type { Channel } from '../model/channel.ts';
import { Access } from './access.ts';
import { answerOf, createApp, finished, listensOn, originsOf, type Rules, visitorOf } from './app.ts';
import { boundConnections } from './connections.ts';
import { createDashboard } from './dashboard.ts';
import { HttpFault } from './fault.ts';
import { checkHost, checkSameOrigin, SECURITY_HEADERS } from './guards.ts';
import { HTTP_LIMITS, type HttpLimits } from './limits.ts';
import { CLOSE, LiveReaders } from './live.ts';
import { listenProblem } from './loopback.ts';
import type { HttpMeans } from './means.ts';
import { DaemonMetrics } from './metrics.ts';
import {
  clientCertificateOptions,
  isWelcome,
  type OwnTls,
  ownTlsProblem,
  readOwnTls,
  watchOwnTls,
} from './own-certificate.ts';
import { passwordHashProblem } from './password.ts';
import { ProbeAllowList } from './probe-allow.ts';
import type { HttpContext } from './routes.ts';
import { sinceOf } from './since.ts';

export { configuredTargets, untouchedTargets } from './probe-allow.ts';

export interface WebServer {
  /** Where it listens, as a URL without a path; changes where the settings do. */
  readonly address: string;
  /**
   * Other settings, whole or not at all: where they cannot be used, it goes on as it was.
   *
   * @throws Error with the reason
   */
  apply(settings: WebSettings): Promise<void>;
  /** Tells the metrics of one TLS handshake of ours that came to its end. */
  handshake(cluster: string, channel: Channel, seconds: number): void;
  /** Readers of live events are sent away, answers under way end; resolves when no connection is left. */
  close(): Promise<void>;
}

/** Why these settings cannot be listened with; undefined: nothing speaks against them but files and ports. */
export function webProblem(settings: WebSettings): string | undefined {
  const user = settings.users.find(({ passwordHash }) => passwordHashProblem(passwordHash) !== undefined);
  if (user !== undefined) return `web.basic_auth_users: the password_hash of ${user.name} cannot be used`;
  return listenProblem(settings) ?? (settings.tls === undefined ? undefined : ownTlsProblem(settings.tls));
}

/**
 * Listens with these settings.
 *
 * @throws Error where they cannot be used: an address in use, files that cannot be read, nobody who must say who they are
 */
export async function createServer(control: Control, settings: WebSettings, means: HttpMeans): Promise<WebServer> {
  const server = new Web(control, settings, means);
  await server.start();
  return server;
}

/** Answers under way at the end get so long. */
const CLOSE_GRACE_MS = 2_000;

type Listening = (HttpServer | HttpsServer) & { readonly stopWatching?: () => void };

class Web implements WebServer {
  readonly #means: HttpMeans;
  readonly #limits: HttpLimits;
  readonly #readers: LiveReaders;
  readonly #metrics: DaemonMetrics;
  readonly #slots: { taken: number; readonly most: number };
  readonly #listener: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;
  #settings: WebSettings;
  #rules: Rules;
  #allowed: { readonly targets: string; readonly list: ProbeAllowList } | undefined;
  #server: Listening | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(control: Control, settings: WebSettings, means: HttpMeans) {
    this.#means = means;
    this.#limits = { ...HTTP_LIMITS, ...means.limits };
    this.#settings = settings;
    this.#rules = this.#rulesOf(settings);
    this.#slots = { taken: 0, most: this.#limits.probes };
    this.#readers = new LiveReaders(control, this.#limits.live);
    this.#metrics = new DaemonMetrics({ control, readers: this.#readers, revision: means.revision ?? 'unknown' });
    const context: HttpContext = {
      control,
      means,
      limits: this.#limits,
      metrics: this.#metrics,
      dashboard: means.dashboard ?? createDashboard(control, new Map()),
      exports: { taken: 0, most: this.#limits.exports },
      probes: () => ({ means, allowed: this.#allowList(), slots: this.#slots }),
    };
    const app = createApp(context, () => this.#rules);
    this.#listener = getRequestListener((request, env) => app.fetch(request, env), {
      // Host and Request line that make no URL; everything else was answered by the app.
      errorHandler: () => finished(answerOf(new HttpFault(400, 'the request is malformed'), means)),
      overrideGlobalObjects: false,
    });
  }

  get address(): string {
    const { host, tls } = this.#settings;
    return `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${this.#port}`;
  }

  /** The one that it has, where the settings leave the choice to the system. */
  get #port(): number {
    return (this.#server?.address() as AddressInfo | null | undefined)?.port ?? this.#settings.port;
  }

  async start(): Promise<void> {
    try {
      refuseUnusable(this.#settings);
      this.#server = await this.#listen(this.#settings);
      this.#allowList();
    } catch (error) {
      this.#readers.close();
      this.#metrics.close();
      throw error;
    }
  }

  apply(settings: WebSettings): Promise<void> {
    const next = this.#turn.then(() => this.#apply(settings));
    this.#turn = next.catch(() => undefined);
    return next;
  }

  async #apply(settings: WebSettings): Promise<void> {
    refuseUnusable(settings);
    const before = this.#settings;
    if (isSameSocket({ ...before, port: this.#port }, { ...settings, port: settings.port || this.#port }))
      await this.#renewTls(settings);
    else await this.#move(settings);
    this.#settings = settings;
    this.#rules = this.#rulesOf(settings);
    // Names are looked up anew: what they lead to now is what the operator means.
    this.#allowed = undefined;
    this.#allowList();
    const isSameAccess = JSON.stringify([before.users, before.tls]) === JSON.stringify([settings.users, settings.tls]);
    if (!isSameAccess) this.#readers.closeAll(CLOSE.restart, 'the settings changed');
  }

  handshake(cluster: string, channel: Channel, seconds: number): void {
    this.#metrics.handshake(cluster, channel, seconds);
  }

  async close(): Promise<void> {
    await this.#turn;
    const server = this.#server;
    this.#server = undefined;
    this.#readers.close();
    this.#metrics.close();
    if (server !== undefined) await closed(server);
  }

  /** Another place to listen, the old one being kept where the new one cannot be had. */
  async #move(settings: WebSettings): Promise<void> {
    const old = this.#server;
    const isSamePort = settings.port === this.#port;
    if (!isSamePort) {
      this.#server = await this.#listen(settings);
      this.#readers.closeAll(CLOSE.restart, 'the settings changed');
      if (old !== undefined) void closed(old);
      return;
    }
    if (settings.tls !== undefined) await readOwnTls(settings.tls);
    this.#readers.closeAll(CLOSE.restart, 'the settings changed');
    // Its socket is free at once; answers under way, among them perhaps that of this reload, end meanwhile.
    if (old !== undefined) void closed(old);
    try {
      this.#server = await this.#listen(settings);
    } catch (error) {
      this.#server = await this.#listen({ ...this.#settings, port: settings.port });
      throw error;
    }
  }

  async #renewTls({ tls }: WebSettings): Promise<void> {
    if (tls === undefined) return;
    const options = await readOwnTls(tls);
    const server = this.#server as HttpsServer & { stopWatching?: () => void };
    server.setSecureContext({ ...options, ...NO_TICKETS });
    server.stopWatching?.();
    server.stopWatching = this.#watch(server, tls);
  }

  #watch(server: HttpsServer, tls: OwnTls): () => void {
    return watchOwnTls(tls, this.#limits.certificateMs, async () => {
      try {
        server.setSecureContext({ ...(await readOwnTls(tls)), ...NO_TICKETS });
        this.#means.log?.('info', { file: tls.certFile }, 'the own certificate was read anew');
      } catch (error) {
        this.#means.log?.('error', { err: error }, 'the own certificate cannot be used; the old one stays');
      }
    });
  }

  async #listen(settings: WebSettings): Promise<Listening> {
    const server = await this.#create(settings);
    const { connections, idleMs } = this.#limits;
    boundConnections(server, connections);
    server.maxHeadersCount = this.#limits.headers;
    server.setTimeout(idleMs);
    server.on('upgrade', (request, stream: Socket, head) => void this.#upgrade(request, stream, head));
    server.on('clientError', refuseClient);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: settings.host, port: settings.port }, () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
    server.on('error', (error) => this.#means.log?.('error', { err: error }, 'the listener failed'));
    if (settings.tls !== undefined) {
      const watched = server as HttpsServer & { stopWatching?: () => void };
      watched.stopWatching = this.#watch(watched, settings.tls);
    }
    return server;
  }

  async #create({ tls }: WebSettings): Promise<Listening> {
    const { headersMs, requestMs, checkMs, keepAliveMs, headerBytes } = this.#limits;
    const options = {
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: checkMs,
      keepAliveTimeout: keepAliveMs,
      maxHeaderSize: headerBytes,
      // Node answers requests without Host itself; ours says why.
      requireHostHeader: false,
    };
    const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
      // A body that nobody reads is not waited for.
      if (incoming.method !== 'POST' && hasBody(incoming)) outgoing.setHeader('connection', 'close');
      void this.#listener(incoming, outgoing);
    };
    if (tls === undefined) return createHttp(options, listener);
    const server = createHttps(
      {
        ...options,
        ...(await readOwnTls(tls)),
        ...NO_TICKETS,
        ...clientCertificateOptions(tls),
        handshakeTimeout: headersMs,
      },
      listener,
    );
    server.on('secureConnection', (socket: TLSSocket) => {
      if (!isWelcome(socket, tls)) socket.destroy();
    });
    return server;
  }

  async #upgrade(request: IncomingMessage, stream: Socket, head: Buffer): Promise<void> {
    stream.on('error', () => stream.destroy());
    try {
      const since = await this.#admit(request);
      if (!stream.destroyed) this.#readers.accept(request, stream, head, since);
    } catch (error) {
      await refuse(stream, answerOf(error, this.#means));
    }
  }

  /** @throws HttpFault as the routes do */
  async #admit(request: IncomingMessage): Promise<number | undefined> {
    const origins = originsOf(request);
    checkHost(origins, listensOn(this.#settings));
    const [path, query = ''] = (request.url ?? '').split('?', 2);
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      throw new HttpFault(400, 'nothing but a WebSocket is upgraded to');
    }
    if (path !== '/api/v1/live') throw new HttpFault(404, 'there is no WebSocket here');
    if (request.method !== 'GET') throw new HttpFault(405, 'only GET is allowed here', { allow: 'GET' });
    checkSameOrigin(origins);
    await visitorOf({ role: 'reader' }, request, this.#rules.access);
    if (this.#readers.isFull) throw new HttpFault(503, 'too many readers', { 'retry-after': '30' });
    return sinceOf(query);
  }

  #rulesOf(settings: WebSettings): Rules {
    return { settings, access: new Access(settings, this.#limits, this.#means.clock) };
  }

  #allowList(): ProbeAllowList {
    const named = { configured: this.#means.targets?.() ?? [], untouched: this.#means.untouched?.() ?? [] };
    const targets = JSON.stringify(named);
    if (this.#allowed?.targets !== targets) {
      const resolve = this.#means.resolve ?? addressesOf;
      this.#allowed = { targets, list: new ProbeAllowList(this.#settings.probe.allow, named, resolve) };
    }
    return this.#allowed.list;
  }
}

/** Sessions would outlive the certificates and authorities of their day. */
const NO_TICKETS = { secureOptions: constants.SSL_OP_NO_TICKET, sessionTimeout: 1 };

function refuseUnusable(settings: WebSettings): void {
  const problem = webProblem(settings);
  if (problem !== undefined) throw new Error(problem);
}

/** Whether the listener can go on: what it cannot change while it listens is the same. */
function isSameSocket(a: WebSettings, b: WebSettings): boolean {
  const socketOf = ({ host, port, tls }: WebSettings): string =>
    JSON.stringify([host, port, tls?.clientAuthentication]);
  return socketOf(a) === socketOf(b) && (a.tls === undefined) === (b.tls === undefined);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

async function addressesOf(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address);
}

async function closed(server: Listening): Promise<void> {
  server.stopWatching?.();
  const end = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  await end;
  clearTimeout(timer);
}

const CLIENT_ERRORS: Readonly<Record<string, readonly [number, string, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'the request did not come in time'],
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'the headers are too large'],
};

/** What is no HTTP: answered as far as it can be, then over. */
function refuseClient(error: NodeJS.ErrnoException, stream: Duplex): void {
  if (error.code === 'ECONNRESET' || !stream.writable) {
    stream.destroy();
    return;
  }
  const [status, reason, message] = CLIENT_ERRORS[error.code ?? ''] ?? [400, 'Bad Request', 'the request is malformed'];
  const body = JSON.stringify({ error: message });
  stream.end(headOf(status, reason, { 'content-type': 'application/json; charset=utf-8' }, body) + body);
  // One that does not read is not waited for.
  setTimeout(() => stream.destroy(), 1000).unref();
}

/** Answers a request that wanted to be upgraded. */
async function refuse(stream: Socket, response: Response): Promise<void> {
  if (stream.destroyed) return;
  const body = await response.text();
  stream.end(headOf(response.status, 'Refused', Object.fromEntries(response.headers), body) + body);
  setTimeout(() => stream.destroy(), 1000).unref();
}

function headOf(status: number, reason: string, headers: Readonly<Record<string, string>>, body: string): string {
  const all = { ...headers, ...SECURITY_HEADERS, connection: 'close', 'content-length': Buffer.byteLength(body) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n`;
}
