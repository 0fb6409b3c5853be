import tls from 'node:tls';
import { type Listening, listening } from '../support/listening.ts';
import { type Identity, mintRsa } from '../support/pki.ts';

export interface NodeServer extends Listening {
  readonly address: string;
  readonly identity: Identity;
}

let minted: Identity | undefined;

/** `node:tls` in this process, for tests that need no other stack. */
export async function nodeServer(options: tls.TlsOptions = {}, address: string = '127.0.0.1'): Promise<NodeServer> {
  minted ??= mintRsa();
  const identity = minted;
  const server = tls.createServer({ key: identity.keyPem, cert: identity.pem, ca: identity.pem, ...options });
  server.on('secureConnection', (socket) => socket.on('error', () => undefined).resume());
  server.on('tlsClientError', () => undefined);
  return { ...(await listening(server, address)), address, identity };
}
