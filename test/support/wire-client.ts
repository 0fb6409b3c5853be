import { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Side } from '../../src/bytes/stream.ts';
import { createDialer } from '../../src/net/dial.ts';
import type { Transcript, Wire } from '../../src/net/wire.ts';
import { readConversation } from './conversation.ts';
import { type Script, type Step, serve } from './scripted-server.ts';

const dialer = createDialer({ perHost: 64, open: 64 });
const PATIENCE_MS = 2000;

/** Dials, talks, closes; a dial that fails is a transcript too. */
export async function talk(
  server: { readonly host: string; readonly port: number },
  say: (wire: Wire) => Promise<void> = async () => {},
  end: 'fin' | 'rst' = 'fin',
): Promise<Transcript> {
  const dialled = await dialer.dial(server, PATIENCE_MS);
  if (dialled.kind === 'fault') return dialled.transcript;
  await say(dialled.wire);
  return dialled.wire.close(end);
}

/** All bytes of one side. */
export function bytesOf({ events }: Transcript, side: Side): Buffer {
  return Buffer.concat(events.flatMap((event) => (event.kind === 'bytes' && event.side === side ? [event.bytes] : [])));
}

/** Serves a script for as long as one connection lasts. */
export async function talkTo(
  script: Script,
  say?: (wire: Wire) => Promise<void>,
  end?: 'fin' | 'rst',
  host = '127.0.0.1',
): Promise<Transcript> {
  const server = await serve(script, { host });
  try {
    return await talk(server, say, end);
  } finally {
    await server.close();
  }
}

/** Reads until so many bytes have come, or nothing comes any more; says how many it were. */
export async function hear(wire: Wire, bytes: number, timeoutMs: number = PATIENCE_MS): Promise<number> {
  let heard = 0;
  while (heard < bytes) {
    const received = await wire.receive(timeoutMs);
    if (received.kind !== 'bytes') break;
    heard += received.bytes.length;
  }
  return heard;
}

/** Reads until the other side has ended, or is silent for so long. */
export async function hearAll(wire: Wire, timeoutMs: number): Promise<void> {
  await hear(wire, Number.POSITIVE_INFINITY, timeoutMs);
}

/** A recorded conversation of Flink, said again over a real connection, the server's words in segments if wanted. */
export function replay(name: string, segment?: number): Promise<Transcript> {
  const { segments } = readConversation(name);
  const script = segments.map(({ side, bytes }): Step => {
    if (side === 0) return { do: 'expect', bytes: bytes.length };
    return { do: 'send', bytes, ...(segment === undefined ? {} : { segment }) };
  });
  return talkTo(script, async (wire) => {
    // What comes at once may belong to several segments.
    let due = 0;
    for (const { side, bytes } of segments) {
      if (side === 1) due += bytes.length;
      else {
        due -= await hear(wire, due);
        wire.send(bytes);
      }
    }
    await hear(wire, due);
  });
}

/** Node's TLS client over a wire: its secrets stand in the transcript. Ends when the server has answered or refused. */
export async function talkTls(
  server: { readonly host: string; readonly port: number },
  options: ConnectionOptions,
  request = 'hello',
): Promise<Transcript> {
  return talk(server, async (wire) => {
    const stream = new WireStream(wire);
    const client = connect({ rejectUnauthorized: false, ...options, socket: stream });
    client.on('keylog', (line: Buffer) => wire.addSecret(line.toString('latin1').trim()));
    await finished(client, request);
    stream.stop();
  });
}

function finished(client: TLSSocket, request: string): Promise<void> {
  return new Promise((resolve) => {
    client.on('secureConnect', () => client.write(request));
    client.on('data', () => client.end(() => resolve()));
    for (const end of ['error', 'end', 'close']) client.on(end, () => resolve());
  });
}

/** A wire as a stream. */
class WireStream extends Duplex {
  readonly #wire: Wire;
  #state: 'new' | 'reading' | 'stopped' = 'new';

  constructor(wire: Wire) {
    super();
    this.#wire = wire;
  }

  stop(): void {
    this.#state = 'stopped';
  }

  override _read(): void {
    if (this.#state === 'new') void this.#pump();
  }

  override _write(bytes: Buffer, _: BufferEncoding, done: () => void): void {
    this.#wire.send(bytes);
    done();
  }

  async #pump(): Promise<void> {
    this.#state = 'reading';
    for (let quiet = 0; this.#state === 'reading' && quiet < PATIENCE_MS; ) {
      const received = await this.#wire.receive(20);
      if (received.kind === 'bytes') this.push(received.bytes);
      else if (received.kind === 'timeout') quiet += 20;
      else break;
    }
    this.push(null);
  }
}
