import { createHash, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Test } from 'tap';
import { open } from './raw.ts';

/** A connection that was upgraded by hand and reads no more than the answer's head. */
export async function unreading(t: Test, address: string): Promise<Socket> {
  const socket = open(address);
  const key = randomBytes(16).toString('base64');
  socket.write(
    'GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
  t.teardown(() => socket.destroy());
  const head = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  socket.pause();
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  t.match(head.toString('latin1'), accept);
  return socket;
}
