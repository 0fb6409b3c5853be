import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';

/** Beyond the most there may be so many for the moment in which one is chosen that has to go. */
const SPARE = 64;

/**
 * Keeps a listener within a number of connections: who comes when all are taken takes the place of the connection that
 * has waited longest without a request, whether it never sent one or sent its last one long ago. Where all are at work,
 * the newcomer is closed. So nobody is kept out by connections that do nothing.
 */
export function boundConnections(server: HttpServer | HttpsServer, most: number): void {
  /** By peer: under TLS, requests know another socket than the listener does. The longest idle one first. */
  const idle = new Map<string, Socket>();
  const busy = new Map<string, { readonly socket: Socket; requests: number }>();
  server.maxConnections = most + SPARE;
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket);
    if (idle.size + busy.size >= most) {
      const [longest] = idle;
      if (longest === undefined) {
        socket.destroy();
        return;
      }
      idle.delete(longest[0]);
      longest[1].destroy();
    }
    idle.set(peer, socket);
    socket.once('close', () => {
      if (idle.get(peer) === socket) idle.delete(peer);
      if (busy.get(peer)?.socket === socket) busy.delete(peer);
    });
  });
  const begin = ({ socket }: IncomingMessage): void => {
    const peer = peerOf(socket);
    const waiting = idle.get(peer);
    const working = busy.get(peer);
    if (working !== undefined) working.requests += 1;
    else if (waiting !== undefined) {
      idle.delete(peer);
      busy.set(peer, { socket: waiting, requests: 1 });
    }
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const peer = peerOf(request.socket);
    begin(request);
    response.once('close', () => {
      const working = busy.get(peer);
      if (working === undefined) return;
      working.requests -= 1;
      if (working.requests > 0) return;
      busy.delete(peer);
      if (!working.socket.destroyed) idle.set(peer, working.socket);
    });
  });
  // A WebSocket is at work until it is closed; there is a most of them, too.
  server.on('upgrade', begin);
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
