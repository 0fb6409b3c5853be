import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket, connect as tcpConnect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';

/**
 * One thing that a scripted server does. After the last one it reads on in silence until the client ends, and ends
 * then too.
 */
export type Step =
  /** Waits for exactly so many bytes, or for whatever comes first. */
  | { readonly do: 'expect'; readonly bytes: number | 'any' }
  /** Strings are hex. `segment`: so many bytes at a time, `delayMs` before each. */
  | { readonly do: 'send'; readonly bytes: Uint8Array | string; readonly segment?: number; readonly delayMs?: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'fin' }
  | { readonly do: 'rst' }
  /** Node's own TLS server from here on: what follows is said inside of TLS. */
  | { readonly do: 'tls'; readonly options: TlsOptions };

export interface ScriptedServer {
  readonly host: string;
  readonly port: number;
  /** Connections accepted so far, those that a limiter threw out included. */
  readonly connections: number;
  /** The most that were open at the same time. */
  readonly mostOpen: number;
  /** What was read of each connection, in the order in which they came. */
  readonly received: readonly Buffer[];
  /** Ends all connections. */
  close(): Promise<void>;
}

/** A script, or one for each connection, counted from 0. */
export type Script = readonly Step[] | ((connection: number) => readonly Step[]);

export interface ServeOptions {
  /** `127.0.0.1` where absent. */
  readonly host?: string;
  readonly port?: number;
  /** So many connections within a window, then no more until it is over. */
  readonly limit?: Limit;
}

export interface Limit {
  readonly connections: number;
  /** A minute where absent. */
  readonly windowMs?: number;
  /** `refuse`: nobody listens until the window is over. */
  readonly then: 'rst' | 'fin' | 'refuse';
}

/** Serves a script on loopback. */
export async function serve(script: Script, options: ServeOptions = {}): Promise<ScriptedServer> {
  const scriptOf = typeof script === 'function' ? script : (): readonly Step[] => script;
  return listen(async (socket, number, took) => {
    await play(socket, scriptOf(number), took);
  }, options);
}

/** A server that lets so many connections a minute in, and resets or refuses the others. */
export function limiter(
  connections: number,
  script: Script,
  then: Limit['then'] = 'rst',
  windowMs = 60_000,
): Promise<ScriptedServer> {
  return serve(script, { limit: { connections, windowMs, then } });
}

export interface ProxyTarget {
  readonly host?: string;
  readonly port: number;
}

/** Passes everything on, each way, so many milliseconds later: bytes, FIN and RST. A function is asked for each chunk. */
export function delayProxy(target: ProxyTarget, ms: number | (() => number)): Promise<ScriptedServer> {
  return listen(async (socket, _, took) => {
    const behind = connectTo(target);
    pass(socket, behind, later(ms), took);
    pass(behind, socket, later(ms), () => {});
    await Promise.all([closed(socket), closed(behind)]);
  });
}

/** Passes on, but ends the connection where the server behind it would send byte `at`, counted from 0. */
export function closeAtByte(target: ProxyTarget, at: number, how: 'fin' | 'rst' = 'fin'): Promise<ScriptedServer> {
  return listen(async (socket, _, took) => {
    const behind = connectTo(target);
    pass(socket, behind, atOnce, took);
    let left = at;
    behind.on('data', (chunk: Buffer) => {
      if (chunk.length <= left) {
        left -= chunk.length;
        socket.write(chunk);
        return;
      }
      behind.destroy();
      if (left > 0) socket.write(chunk.subarray(0, left));
      left = 0;
      if (how === 'fin') socket.end();
      else setTimeout(() => socket.resetAndDestroy(), 5);
    });
    behind.on('end', () => socket.end());
    behind.on('error', () => socket.resetAndDestroy());
    await Promise.all([closed(socket), closed(behind)]);
  });
}

/** Passes on, but what the server says comes in segments of so many bytes. */
export function segmentProxy(target: ProxyTarget, segment: number): Promise<ScriptedServer> {
  return listen(async (socket, _, took) => {
    const behind = connectTo(target);
    pass(socket, behind, atOnce, took);
    // A turn of the event loop between two writes: each is a segment of its own, and is read as one as a rule.
    let queue = Promise.resolve();
    const say = (action: () => void): void => {
      queue = queue.then(() => new Promise((resolve) => setImmediate(resolve))).then(action);
    };
    behind.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += segment) {
        say(() => socket.destroyed || socket.write(chunk.subarray(at, at + segment)));
      }
    });
    behind.on('end', () => say(() => socket.end()));
    behind.on('error', () => say(() => socket.resetAndDestroy()));
    await Promise.all([closed(socket), closed(behind)]);
  });
}

function connectTo({ host = '127.0.0.1', port }: ProxyTarget): Socket {
  return tcpConnect({ host, port, allowHalfOpen: true, noDelay: true });
}

function atOnce(action: () => void): void {
  action();
}

type Took = (bytes: Buffer) => void;

async function listen(
  talk: (socket: Socket, number: number, took: Took) => Promise<void>,
  options: ServeOptions = {},
): Promise<ScriptedServer> {
  const host = options.host ?? '127.0.0.1';
  const open = new Set<Socket>();
  const received: Buffer[][] = [];
  const counts = { mostOpen: 0, window: 0, windowEndsAt: 0 };
  const timers = new Set<NodeJS.Timeout>();
  let port = options.port ?? 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const number = received.push([]) - 1;
    open.add(socket);
    // The end of an earlier connection may be told in the same turn, after this one, though it came before.
    setImmediate(() =>
      setImmediate(() => {
        counts.mostOpen = Math.max(counts.mostOpen, open.size);
      }),
    );
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => {});
    if (options.limit !== undefined && isOver(options.limit, counts, stop)) {
      if (options.limit.then === 'fin') socket.end();
      else socket.resetAndDestroy();
      return;
    }
    void talk(socket, number, (bytes) => received[number]!.push(bytes));
  });
  /** Nobody listens until the window is over. */
  const stop = (forMs: number): void => {
    server.close();
    const timer = setTimeout(() => {
      timers.delete(timer);
      server.listen(port, host);
    }, forMs);
    timers.add(timer);
  };
  server.listen(port, host);
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  return {
    host,
    port,
    get connections() {
      return received.length;
    },
    get mostOpen() {
      return counts.mostOpen;
    },
    get received() {
      return received.map((parts) => Buffer.concat(parts));
    },
    close: () => closeAll(server, open, timers),
  };
}

function isOver(
  limit: Limit,
  counts: { window: number; windowEndsAt: number },
  stop: (forMs: number) => void,
): boolean {
  const now = performance.now();
  if (now >= counts.windowEndsAt) {
    counts.window = 0;
    counts.windowEndsAt = now + (limit.windowMs ?? 60_000);
  }
  counts.window++;
  if (limit.then === 'refuse' && counts.window === limit.connections) stop(counts.windowEndsAt - now);
  return counts.window > limit.connections;
}

async function closeAll(server: Server, open: ReadonlySet<Socket>, timers: Set<NodeJS.Timeout>): Promise<void> {
  for (const timer of timers) clearTimeout(timer);
  for (const socket of open) socket.destroy();
  if (!server.listening) return;
  server.close();
  await once(server, 'close');
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()));
}

async function play(raw: Socket, steps: readonly Step[], took: Took): Promise<void> {
  let stream: Socket | TLSSocket = raw;
  for (const step of steps) {
    if (stream.destroyed) return;
    switch (step.do) {
      case 'expect':
        await take(stream, step.bytes, took);
        break;
      case 'send':
        await send(stream, step);
        break;
      case 'wait':
        await sleep(step.ms);
        break;
      case 'fin':
        stream.end();
        break;
      case 'rst':
        // What was written goes first.
        await sleep(2);
        raw.resetAndDestroy();
        return;
      case 'tls': {
        const secured = await secure(raw, step.options);
        if (secured === undefined) return;
        stream = secured;
      }
    }
  }
  if (stream.readableEnded) stream.end();
  stream.on('data', took);
  stream.once('end', () => stream.end());
}

/** The stream inside of TLS; `undefined` where the handshake failed. */
function secure(raw: Socket, options: TlsOptions): Promise<TLSSocket | undefined> {
  const server = createTlsServer(options);
  return new Promise((resolve) => {
    server.once('secureConnection', (stream) => {
      stream.on('error', () => {});
      resolve(stream);
    });
    server.once('tlsClientError', () => resolve(undefined));
    raw.once('close', () => resolve(undefined));
    server.emit('connection', raw);
  });
}

async function take(stream: Socket, bytes: number | 'any', took: Took): Promise<void> {
  let left = bytes === 'any' ? 1 : bytes;
  while (left > 0 && !stream.destroyed && !stream.readableEnded) {
    const chunk = stream.read() as Buffer | null;
    if (chunk === null) {
      await activity(stream);
      continue;
    }
    const used = bytes === 'any' ? chunk.length : Math.min(chunk.length, left);
    if (used < chunk.length) stream.unshift(chunk.subarray(used));
    took(chunk.subarray(0, used));
    left -= used;
  }
}

function activity(stream: Socket): Promise<void> {
  const names = ['readable', 'end', 'close'] as const;
  return new Promise((resolve) => {
    const wake = (): void => {
      for (const name of names) stream.off(name, wake);
      resolve();
    };
    for (const name of names) stream.on(name, wake);
  });
}

async function send(stream: Socket, step: Extract<Step, { do: 'send' }>): Promise<void> {
  const bytes = typeof step.bytes === 'string' ? Buffer.from(step.bytes, 'hex') : Buffer.from(step.bytes);
  const segment = step.segment ?? Math.max(1, bytes.length);
  for (let at = 0; at < bytes.length; at += segment) {
    if (step.delayMs !== undefined) await sleep(step.delayMs);
    if (stream.destroyed) return;
    stream.write(bytes.subarray(at, at + segment));
    if (step.segment !== undefined) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Puts off what is done, in the order in which it is asked for. */
function later(ms: number | (() => number)): (action: () => void) => void {
  let queue = Promise.resolve();
  return (action) => {
    const due = performance.now() + (typeof ms === 'number' ? ms : ms());
    queue = queue.then(() => sleep(Math.max(0, due - performance.now()))).then(action);
  };
}

function pass(from: Socket, to: Socket, then: (action: () => void) => void, took: Took): void {
  to.on('error', () => {});
  from.on('data', (chunk: Buffer) => {
    took(chunk);
    then(() => to.destroyed || to.write(chunk));
  });
  from.on('end', () => then(() => to.end()));
  from.on('error', () => then(() => to.resetAndDestroy()));
}
