import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Conversation } from './conversation.ts';

/** A conversation that goes on over loopback, as its two sides once had it. */
export interface Played {
  readonly port: number;
  /** `performance.now()` when its first byte was written. */
  readonly startedAt: number;
  end(): Promise<void>;
}

/**
 * Says a conversation again, byte for byte, over a connection of loopback, and leaves it open: side 0 connects, each
 * side waits for what the other one said before.
 */
export async function play(talk: Conversation, port = 0): Promise<Played> {
  const server: Server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as { port: number };
  const client = connect(address.port, '127.0.0.1');
  const [[accepted]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [
    [Socket],
    unknown,
  ];
  const sockets = [client, accepted] as const;
  const received = [0, 0];
  for (const side of [0, 1] as const) {
    sockets[side].setNoDelay(true);
    sockets[side].on('error', () => undefined);
    sockets[side].on('data', (bytes: Buffer) => {
      received[side]! += bytes.length;
    });
  }
  const startedAt = performance.now();
  const sent = [0, 0];
  for (const { side, bytes } of talk.segments) {
    sockets[side].write(bytes);
    sent[side]! += bytes.length;
    const other = side === 0 ? 1 : 0;
    while (received[other]! < sent[side]!) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return {
    port: address.port,
    startedAt,
    end: async () => {
      client.end();
      accepted.end();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
