import { createServer, type Socket } from 'node:net';
import { type Listening, listening } from '../listening.ts';

/** Ports without TLS: each another kind of no. */
export type NoTlsId = 'E0' | 'E1' | 'E2' | 'E3' | 'E4' | 'E5' | 'E6';

/** Time after which E6 closes, milliseconds. */
export const LATE_MS = 1000;
export const BANNER = '220 mail.example ESMTP ready\r\n';
const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

const BEHAVIOURS: Readonly<Record<NoTlsId, (socket: Socket) => void>> = {
  /** Silent. */
  E0: (socket) => socket.resume(),
  E1: (socket) => socket.end(),
  E2: (socket) => reset(socket),
  E3: (socket) => socket.once('data', () => socket.end(BAD_REQUEST)),
  /** Reads, then closes: what a clear BLOB server does with `16`. */
  E4: (socket) => socket.once('data', () => socket.end()),
  E5: (socket) => {
    socket.resume();
    socket.write(BANNER);
  },
  E6: (socket) => {
    socket.resume();
    setTimeout(() => socket.end(), LATE_MS);
  },
};

/**
 * RST and nothing else. `resetAndDestroy` ends a writable socket first, so that a FIN goes ahead; what it then does is done
 * here by itself.
 */
export function reset(socket: Socket): void {
  (socket as Socket & { resetAndClosing: boolean }).resetAndClosing = true;
  socket.destroy();
}

export interface CountedPort extends Listening {
  /** Connections accepted so far. */
  connections(): number;
}

export function noTlsTarget(id: NoTlsId): Promise<CountedPort> {
  return countedPort(BEHAVIOURS[id]);
}

/** A port that counts what it accepts; whatever still stands is cut when it closes. */
export async function countedPort(
  take: (socket: Socket, number: number) => void,
  address: string = '127.0.0.1',
): Promise<CountedPort> {
  let accepted = 0;
  const server = createServer({ allowHalfOpen: false, noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    take(socket, accepted++);
  });
  return { ...(await listening(server, address)), connections: () => accepted };
}
