import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { readVector } from './vectors.ts';

/** What a stand-in for a JobManager's REST API answers, by path: a recording, a value as JSON, or whatever it does. */
export type RestAnswers = Readonly<Record<string, RestAnswer>>;
export type RestAnswer = string | object | ((request: IncomingMessage, response: ServerResponse) => void);

export interface RestServer {
  readonly port: number;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Method and path of every request, in order. */
  readonly asked: readonly string[];
  readonly headers: readonly IncomingMessage['headers'][];
  close(): Promise<void>;
}

/** A recorded answer of Flink 1.20.3 (`test/vectors/flink-rest`), parsed. */
export function recorded(name: string): unknown {
  return JSON.parse(recordedText(name));
}

export function recordedText(name: string): string {
  return Buffer.from(readVector(`flink-rest/1.20.3-${name}.json`)).toString('utf8');
}

const JOB = '/jobs/243747bd3225e856fc1d6432daaecd4a';

/** The answers of one recorded cluster: `off`, `all` or `random`. */
export function clusterAnswers(cluster: 'off' | 'all' | 'random'): Readonly<Record<string, string>> {
  return {
    '/config': recordedText('config'),
    '/overview': recordedText('overview'),
    '/jobmanager/config': recordedText(`${cluster}-jobmanager-config`),
    '/taskmanagers': recordedText(`${cluster}-taskmanagers`),
    '/jobs/overview': recordedText('jobs-overview'),
    [`${JOB}/checkpoints`]: recordedText('checkpoints'),
    [`${JOB}/checkpoints/config`]: recordedText('checkpoints-config'),
  };
}

/** Listens on loopback; over TLS where `tls` is given. What is not answered is 404, as Flink says it. */
export async function serveRest(answers: RestAnswers, tls?: ServerOptions, host = '127.0.0.1'): Promise<RestServer> {
  const asked: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const listener: RequestListener = (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    headers.push(request.headers);
    const answer = answers[request.url ?? ''];
    if (typeof answer === 'function') return answer(request, response);
    response.statusCode = answer === undefined ? 404 : 200;
    response.setHeader('content-type', 'application/json; charset=UTF-8');
    const body = answer ?? { errors: ['Unable to load requested file /bad-request.'] };
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.on('tlsClientError', () => undefined);
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    asked,
    headers,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
