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
  /** Connections accepted so far. */
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
}

/** Serves a script on loopback. */
export async function serve(script: Script, options: ServeOptions = {}): Promise<ScriptedServer> {
  const scriptOf = typeof script === 'function' ? script : (): readonly Step[] => script;
  return listen(async (socket, number, took) => {
    await play(socket, scriptOf(number), took);
  }, options);
}

export interface ProxyTarget {
  readonly host?: string;
  readonly port: number;
}

/** Passes on, but ends the connection where the server behind it would send byte `at`, counted from 0. */
export function closeAtByte(target: ProxyTarget, at: number, how: 'fin' | 'rst' = 'fin'): Promise<ScriptedServer> {
  return listen(async (socket, _, took) => {
    const behind = connectTo(target);
    pass(socket, behind, took);
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
    pass(socket, behind, took);
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

type Took = (bytes: Buffer) => void;

async function listen(
  talk: (socket: Socket, number: number, took: Took) => Promise<void>,
  options: ServeOptions = {},
): Promise<ScriptedServer> {
  const host = options.host ?? '127.0.0.1';
  const open = new Set<Socket>();
  const received: Buffer[][] = [];
  let mostOpen = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const number = received.push([]) - 1;
    open.add(socket);
    // The end of an earlier connection may be told in the same turn, after this one, though it came before.
    setImmediate(() =>
      setImmediate(() => {
        mostOpen = Math.max(mostOpen, open.size);
      }),
    );
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => {});
    void talk(socket, number, (bytes) => received[number]!.push(bytes));
  });
  server.listen(options.port ?? 0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    host,
    port,
    get connections() {
      return received.length;
    },
    get mostOpen() {
      return mostOpen;
    },
    get received() {
      return received.map((parts) => Buffer.concat(parts));
    },
    close: () => closeAll(server, open),
  };
}

async function closeAll(server: Server, open: ReadonlySet<Socket>): Promise<void> {
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

function pass(from: Socket, to: Socket, took: Took): void {
  to.on('error', () => {});
  from.on('data', (chunk: Buffer) => {
    took(chunk);
    if (!to.destroyed) to.write(chunk);
  });
  from.on('end', () => to.end());
  from.on('error', () => to.resetAndDestroy());
}
