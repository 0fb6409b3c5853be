/**
 * Readers of live events, in a process of their own: `node readers.js URL COUNT`. Answers each line of its input with
 * what was read until then, as one line of JSON, and ends with its input.
 */
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

export interface ReadersNews {
  readonly open: number;
  readonly events: number;
  readonly bytes: number;
  /** Those whose connection was ended by the daemon. */
  readonly dropped: number;
}

const [url, count] = process.argv.slice(2) as [string, string];
const news = { open: 0, events: 0, bytes: 0, dropped: 0 };

function connect(): void {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/api/v1/live`, { perMessageDeflate: false });
  socket.on('open', () => news.open++);
  socket.on('message', (data: Buffer) => {
    news.events++;
    news.bytes += data.length;
  });
  socket.on('close', () => {
    news.open--;
    news.dropped++;
  });
  socket.on('error', (error) => process.stderr.write(`reader: ${error.message}\n`));
}

for (let one = 0; one < Number(count); one++) connect();
createInterface({ input: process.stdin })
  .on('line', () => process.stdout.write(`${JSON.stringify(news)}\n`))
  .on('close', () => process.exit(0));
