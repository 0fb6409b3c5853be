import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { handshake } from '../../../src/net/tls-client/handshake.ts';
import type {
  ClientCredential,
  HandshakeRequest,
  HandshakeResult,
  Patience,
} from '../../../src/net/tls-client/types.ts';
import type { Transcript } from '../../../src/net/wire.ts';
import { freePort } from '../../support/listening.ts';
import { Talker } from '../../support/openssl.ts';
import type { Identity } from '../../support/pki.ts';
import { talk } from '../../support/wire-client.ts';

export const PATIENCE: Patience = { answerMs: 2000, verdictMs: 600 };

/** One handshake with a server on loopback; the transcript has what was sent, received and logged. */
export async function shake(
  port: number,
  request: Omit<HandshakeRequest, 'patience'> & { readonly patience?: Patience },
): Promise<{ readonly result: HandshakeResult; readonly transcript: Transcript }> {
  const results: HandshakeResult[] = [];
  const transcript = await talk({ host: '127.0.0.1', port }, async (wire) => {
    results.push(await handshake(wire, { patience: PATIENCE, ...request }));
  });
  const [result] = results;
  if (result === undefined) throw new Error(`no connection: ${transcript.fault}`);
  return { result, transcript };
}

/** `NAME.pem` and `NAME.key`, as the tools take them. */
export function writeIdentity(folder: string, name: string, identity: Identity): void {
  writeFileSync(path.join(folder, `${name}.pem`), identity.pem);
  writeFileSync(path.join(folder, `${name}.key`), identity.keyPem);
}

export interface RunningServer {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/** `openssl s_server`, which serves one connection after the other. */
export async function opensslServer(folder: string, ...args: readonly string[]): Promise<RunningServer> {
  const talker = new Talker('openssl', ['s_server', '-accept', '127.0.0.1:0', ...args], folder);
  const port = await talker.hear(/ACCEPT 127\.0\.0\.1:(\d+)/);
  if (port === undefined) throw new Error(`s_server does not listen: ${talker.output}`);
  return { port: Number(port[1]), stop: () => stop(talker) };
}

async function stop(talker: Talker): Promise<void> {
  talker.kill();
  await talker.ended();
}

/** Runs a server for as long as it is used. */
export async function serving(
  start: Promise<RunningServer>,
  use: (server: RunningServer) => Promise<void>,
): Promise<void> {
  const server = await start;
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}

/** Arguments of `s_server` for an identity in its folder. */
export const own = (name: string): readonly string[] => ['-cert', `${name}.pem`, '-key', `${name}.key`];

export const credentialOf = (identity: Identity): ClientCredential => ({
  certificates: [identity.der],
  privateKey: identity.privateKey,
});

/** For the name of a check. */
export function why(result: HandshakeResult, name = ''): string {
  return `${name} ${result.cipherSuite} ${result.problem ?? result.refusal?.alert?.description ?? result.end}`;
}

/** `gnutls-serv`, which finds no free port for itself. */
export async function gnutlsServer(folder: string, ...args: readonly string[]): Promise<RunningServer> {
  const port = await freePort();
  const talker = new Talker('gnutls-serv', ['--port', `${port}`, ...args], folder);
  if ((await talker.hear(/listening on IPv4[^\n]*done/)) === undefined) {
    throw new Error(`gnutls-serv does not listen: ${talker.output}`);
  }
  return { port, stop: () => stop(talker) };
}
