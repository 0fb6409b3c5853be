import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A connection to where the daemon listens; what goes wrong with it is seen by its `close`. */
export function open(address: string): Socket {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(address).port) });
  socket.on('error', () => undefined);
  return socket;
}

/** What comes over the socket until it is closed, or, where it stays open, what came in that time. */
export async function exchange(
  address: string,
  text: string | Buffer,
  waitMs = 3000,
): Promise<{ answer: string; closed: boolean }> {
  const socket = open(address);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const end = new Promise<boolean>((resolve) => socket.once('close', () => resolve(true)));
  socket.write(text);
  const closed = await Promise.race([end, sleep(waitMs, false)]);
  socket.destroy();
  return { answer: Buffer.concat(chunks).toString('latin1'), closed };
}

/** Statuses of all answers, in their order; the body of one may end without a line. */
export function statuses(answer: string): number[] {
  return [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}
