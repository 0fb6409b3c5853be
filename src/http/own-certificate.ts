import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions, type TLSSocket } from 'node:tls';
import type { WebSettings } from '../daemon/settings.ts';

export type OwnTls = NonNullable<WebSettings['tls']>;

/**
 * The key and certificate that the daemon itself shows, as Node takes them.
 *
 * @throws Error with the file that is missing, or cannot be used; nothing of its content
 */
export async function readOwnTls(tls: OwnTls): Promise<SecureContextOptions> {
  const [cert, key, ca] = await Promise.all([
    readFile(tls.certFile),
    readFile(tls.keyFile),
    tls.clientCaFile === undefined ? undefined : readFile(tls.clientCaFile),
  ]);
  const options = { cert, key, minVersion: tls.minVersion, ...(ca === undefined ? {} : { ca }) };
  try {
    createSecureContext(options);
  } catch (error) {
    const { code } = error as { code?: string };
    throw new Error(`${tls.certFile} and ${tls.keyFile} cannot be used together (${code ?? 'no PEM'})`);
  }
  return options;
}

/** Why these settings can serve no TLS whatever the files hold. */
export function ownTlsProblem({ clientAuthentication, clientCaFile }: OwnTls): string | undefined {
  const isVerifying = clientAuthentication === 'require-and-verify' || clientAuthentication === 'verify-if-given';
  if (isVerifying && clientCaFile === undefined) {
    return 'web.tls_server_config: this client_auth_type needs client_ca_file: no other authority vouches for clients';
  }
  return undefined;
}

/** What the settings mean to Node: it ends handshakes itself only where a certificate is required and verified. */
export function clientCertificateOptions({ clientAuthentication }: OwnTls): {
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
} {
  return {
    requestCert: clientAuthentication !== 'none',
    rejectUnauthorized: clientAuthentication === 'require-and-verify',
  };
}

/** Whether a client whose handshake is done may stay: the kinds of which Node knows nothing. */
export function isWelcome(socket: TLSSocket, { clientAuthentication }: OwnTls): boolean {
  const isGiven = socket.getPeerX509Certificate() !== undefined;
  if (clientAuthentication === 'require-any') return isGiven;
  return clientAuthentication !== 'verify-if-given' || !isGiven || socket.authorized;
}

/**
 * Looks at the files every `everyMs` and calls `changed` when one is another: by time, size and number, so that a link
 * that was swapped (`..data` of Kubernetes) is noticed too. Returns how to stop.
 */
export function watchOwnTls(tls: OwnTls, everyMs: number, changed: () => Promise<void>): () => void {
  const files = [tls.certFile, tls.keyFile, ...(tls.clientCaFile === undefined ? [] : [tls.clientCaFile])];
  let last: string | undefined;
  let state: 'idle' | 'looking' | 'stopped' = 'idle';
  const look = async (): Promise<void> => {
    if (state !== 'idle') return;
    state = 'looking';
    const now = (await Promise.all(files.map(identityOf))).join(' ');
    const isNew = last !== undefined && now !== last;
    last = now;
    // A half-written pair is tried again when the other half comes.
    if (isNew) await changed();
    if (state === 'looking') state = 'idle';
  };
  void look();
  const timer = setInterval(() => void look(), everyMs).unref();
  return () => {
    state = 'stopped';
    clearInterval(timer);
  };
}

async function identityOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(file);
    return `${ino}:${size}:${mtimeMs}`;
  } catch {
    return 'missing';
  }
}
