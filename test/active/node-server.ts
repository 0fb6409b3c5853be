import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import tls from 'node:tls';
import { type Identity, mintRsa } from '../support/pki.ts';

export interface NodeServer {
  readonly address: string;
  readonly port: number;
  readonly identity: Identity;
  close(): Promise<void>;
}

let minted: Identity | undefined;

/** `node:tls` in this process, for tests that need no other stack. */
export async function nodeServer(options: tls.TlsOptions = {}, address: string = '127.0.0.1'): Promise<NodeServer> {
  minted ??= mintRsa();
  const identity = minted;
  const open = new Set<Socket>();
  const server = tls.createServer({ key: identity.keyPem, cert: identity.pem, ca: identity.pem, ...options });
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.on('secureConnection', (socket) => socket.on('error', () => undefined).resume());
  server.on('tlsClientError', () => undefined);
  server.listen(0, address);
  await once(server, 'listening');
  return {
    ...{ address, port: (server.address() as AddressInfo).port, identity },
    close: async () => {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}
