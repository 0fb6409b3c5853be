import { once } from 'node:events';
import http from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import tls from 'node:tls';
import { type Answering, blob, data, jmx, notFound, type OwnAddress, queryableState, rpc } from './flink-answers.ts';
import { restAnswer } from './flink-rest.ts';
import type { ListeningEndpoint, StandInSpecification } from './flink-stand-in.ts';

/**
 * The process behind `flinkStandIn`: takes a specification as its first line of input, says where it listens, counts
 * connections when asked (`count`), and ends with its input.
 */
const ANSWERS: Readonly<Partial<Record<ListeningEndpoint['channel'], Answering>>> = {
  'jobmanager-rpc': rpc,
  'taskmanager-rpc': rpc,
  'metrics-query-service': rpc,
  'taskmanager-data': data,
  'blob-server': blob,
  'queryable-state': queryableState,
  jmx,
};
/** JSSE's answer to octets that are no record (Flink's BLOB server). */
const UNEXPECTED_MESSAGE = Buffer.from('1503030002020a', 'hex');
const HANDSHAKE_RECORD = 22;
const RECORD_HEADER = 5;

const lines = createInterface({ input: process.stdin });
const endpoints: ListeningEndpoint[] = [];
let connections = 0;

const web = new http.Server();
web.on('clientError', (_error, stream) => {
  const socket = stream as Socket;
  // The Prometheus reporter's server (com.sun.net.httpserver) says nothing to a ClientHello.
  const channel = channelOf(socket);
  if (socket.writable && channel !== 'prometheus') socket.end(notFound(channel === 'rest' ? 'rest' : 'history-server'));
});
web.on('request', (request, response) => {
  const answer = restAnswer(channelOf(request.socket), request.method ?? '', request.url ?? '', endpoints);
  const headers = { 'content-type': answer.type, 'access-control-allow-origin': '*' };
  response.writeHead(answer.status, { ...headers, 'content-length': Buffer.byteLength(answer.body) });
  response.end(answer.body);
});

function channelOf({ localAddress, localPort }: Socket): ListeningEndpoint['channel'] {
  return endpoints.find((one) => one.port === localPort && one.host === localAddress)?.channel ?? 'rest';
}

function clear(endpoint: ListeningEndpoint, own: () => OwnAddress): (socket: Socket) => void {
  const answers = ANSWERS[endpoint.channel];
  if (answers !== undefined) return (socket) => answers(socket, own());
  return (socket) => void web.emit('connection', socket);
}

function secured(endpoint: ListeningEndpoint, specification: StandInSpecification): (socket: Socket) => void {
  const mutual = endpoint.protection === 'mutual-tls';
  const { key, cert, ca, ciphers, minVersion, maxVersion } = specification.tls;
  const server = tls.createServer({
    ...{ key, cert, ciphers, minVersion, maxVersion, honorCipherOrder: true },
    ...(mutual ? { ca, requestCert: true, rejectUnauthorized: true } : {}),
  });
  server.on('tlsClientError', () => undefined);
  server.on('secureConnection', (socket) => {
    socket.on('error', () => undefined);
    if (isWeb(endpoint)) web.emit('connection', socket);
    else socket.resume();
  });
  return (socket) =>
    peek(socket, (head) => {
      if (head[0] === HANDSHAKE_RECORD) server.emit('connection', socket);
      else refuseClear(endpoint, socket, head);
    });
}

function isWeb({ channel }: ListeningEndpoint): boolean {
  return ANSWERS[channel] === undefined;
}

/** As SslHandler, JSSE and RedirectingSslHandler wait for five octets, and what each then does. */
function refuseClear(endpoint: ListeningEndpoint, socket: Socket, head: Buffer): void {
  if (endpoint.channel === 'blob-server') socket.end(UNEXPECTED_MESSAGE);
  else if (endpoint.channel !== 'rest') socket.end();
  else if (/^(?:GET|HEAD|POST) /.test(head.toString('latin1'))) {
    const path = /^\S+ (\S+)/.exec(head.toString('latin1'))?.[1] ?? '/';
    const location = `https://${endpoint.host}:${endpoint.port}${path}`;
    socket.end(`HTTP/1.1 301 Moved Permanently\r\nlocation: ${location}\r\ncontent-length: 0\r\n\r\n`);
  } else socket.resume();
}

function peek(socket: Socket, then: (head: Buffer) => void): void {
  let head: Buffer = Buffer.alloc(0);
  const onData = (bytes: Buffer): void => {
    head = Buffer.concat([head, bytes]);
    if (head.length < RECORD_HEADER) return;
    socket.off('data', onData);
    socket.pause();
    socket.unshift(head);
    then(head);
  };
  socket.on('data', onData);
}

async function listen(specification: StandInSpecification): Promise<void> {
  let uid = 0x1234_5678n;
  for (const wanted of specification.endpoints) {
    const system = wanted.channel === 'metrics-query-service' ? 'flink-metrics' : 'flink';
    const own = { system, host: wanted.host, uid: uid++ } as const;
    const endpoint = { ...wanted };
    const serve =
      wanted.protection === 'clear'
        ? clear(endpoint, () => ({ ...own, port: endpoint.port }))
        : secured(endpoint, specification);
    const server = createServer({ noDelay: true }, (socket) => {
      connections++;
      socket.on('error', () => undefined);
      serve(socket);
    });
    server.listen(wanted.port, wanted.host);
    await once(server, 'listening');
    endpoint.port = (server.address() as AddressInfo).port;
    endpoints.push(endpoint);
  }
}

lines.once('line', async (line) => {
  await listen(JSON.parse(line) as StandInSpecification);
  process.stdout.write(`${JSON.stringify({ endpoints })}\n`);
  lines.on('line', () => process.stdout.write(`${JSON.stringify({ connections })}\n`));
});
lines.once('close', () => process.exit(0));
