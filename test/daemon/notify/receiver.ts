import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of several shapes, which the tests check
  readonly body: any;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A real HTTP server on loopback that keeps what it gets. */
export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** What is answered from now on; `undefined`: nothing at all. */
  answer: Answer | undefined;
  close(): Promise<void>;
}

export async function receiver(port = 0): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const text = Buffer.concat(parts).toString('utf8');
      received.push({
        method: request.method!,
        path: request.url!,
        headers: request.headers,
        body: text === '' ? undefined : JSON.parse(text),
      });
      if (made.answer === undefined) return;
      response.writeHead(made.answer.status, made.answer.headers ?? {});
      response.end(made.answer.body ?? '');
    });
  });
  const made: Receiver = {
    url: '',
    received,
    answer: { status: 200, body: 'ok' },
    close: () => closed(server),
  };
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return Object.assign(made, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
