import { createHash } from 'node:crypto';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import {
  type ConnectionOptions,
  connect as connectTls,
  createSecureContext,
  DEFAULT_CIPHERS,
  type TLSSocket,
} from 'node:tls';
import { portOf, withoutBrackets } from './address.ts';
import { RestFailure } from './flink-rest-failure.ts';
import type { RestTls } from './flink-rest-types.ts';
import { ownSockets } from './own-sockets.ts';

/** What undici hands to a connector; the host of an IPv6 URL stands in brackets. */
export interface ConnectRequest {
  readonly hostname: string;
  readonly protocol: string;
  readonly port: string;
}

type Connected = (...result: [null, Socket | TLSSocket] | [Error, null]) => void;

/** Throws {@link RestFailure} `bad-access` where pins or anchors are missing or unreadable. */
export function connector(tls: RestTls, timeoutMs: number): (to: ConnectRequest, done: Connected) => void {
  const options = contextOptions(tls);
  const pins = pinsOf(tls);
  return (to, done) => {
    const host = withoutBrackets(to.hostname);
    const port = portOf(to);
    const isTls = to.protocol === 'https:';
    const socket = isTls
      ? connectTls({ ...options, host, port, servername: serverNameOf(host) })
      : connectTcp({ host, port });
    own(socket, port);
    const timer = setTimeout(() => socket.destroy(timeoutError()), timeoutMs);
    const settle = (error: Error | null): void => {
      clearTimeout(timer);
      socket.off('error', settle).off('close', closed);
      if (error === null) {
        done(null, socket);
        return;
      }
      socket.on('error', () => undefined).destroy();
      done(error, null);
    };
    const closed = (): void =>
      settle(Object.assign(new Error('closed before the handshake was done'), { code: 'ECONNRESET' }));
    socket.once('error', settle).once('close', closed);
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      settle(isTls ? pinFault(socket as TLSSocket, pins, `${to.hostname}:${port}`) : null);
    });
  };
}

/** The kernel chooses our address with each attempt, which is made right after it is told. */
function own(socket: Socket, port: number): void {
  socket.on('connectionAttempt', (ip: string) => {
    process.nextTick(() => {
      const local = socket.address();
      if (!('address' in local) || local.port === 0) return;
      socket.once('close', ownSockets.add({ host: local.address, port: local.port }, { host: ip, port }));
    });
  });
}

function timeoutError(): Error {
  return Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' });
}

/** Names that JSSE refuses with an alert instead of ignoring them: underscore, trailing dot; and addresses (RFC 6066). */
function serverNameOf(host: string): string {
  const isSendable = isIP(host) === 0 && !host.endsWith('.') && !host.includes('_');
  return isSendable ? host : '';
}

/** Keys and anchors are read into a context once, however often somebody connects with them. */
const contexts = new WeakMap<RestTls, ConnectionOptions>();

function contextOptions(tls: RestTls): ConnectionOptions {
  const known = contexts.get(tls);
  if (known !== undefined) return known;
  const options = tlsOptions(tls);
  const made = { ...options, secureContext: createSecureContext(options) };
  contexts.set(tls, made);
  return made;
}

/**
 * A probe has to reach servers that are weak: their weakness is what it reports, from its own handshakes. Here only the
 * verification counts, so old versions, short keys and SHA-1 are let through.
 */
function tlsOptions(tls: RestTls): ConnectionOptions {
  const { verification, trustAnchors = [], identity } = tls;
  if (verification === 'trust-store' && trustAnchors.length === 0) {
    throw new RestFailure('bad-access', 'the trust store holds no certificate: nothing could be verified with it');
  }
  return {
    minVersion: 'TLSv1',
    ciphers: `${DEFAULT_CIPHERS}:@SECLEVEL=0`,
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: verification === 'trust-store' || verification === 'public',
    ...(verification === 'trust-store' ? { ca: trustAnchors.map(certificatePem), allowPartialTrustChain: true } : {}),
    ...(identity === undefined
      ? {}
      : {
          cert: identity.certificates.map(certificatePem).join(''),
          key: identity.privateKey.export({ type: 'pkcs8', format: 'pem' }),
        }),
  };
}

function certificatePem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** Lower-case hexadecimal, by hash; empty where nothing is pinned. */
interface Pins {
  readonly sha1: readonly string[];
  readonly sha256: readonly string[];
}

function pinsOf(tls: RestTls): Pins {
  const pins = { sha1: normalised(tls.pinnedSha1, 40, 'SHA-1'), sha256: normalised(tls.pinnedSha256, 64, 'SHA-256') };
  if (tls.verification === 'pinned' && pins.sha1.length + pins.sha256.length === 0) {
    throw new RestFailure('bad-access', 'no fingerprint is given to pin the server by');
  }
  return pins;
}

function normalised(pins: readonly string[] = [], digits: number, hash: string): readonly string[] {
  return pins.map((pin) => {
    const hex = pin.replace(/[:\s]/g, '').toLowerCase();
    if (hex.length === digits && /^[0-9a-f]+$/.test(hex)) return hex;
    throw new RestFailure(
      'bad-access',
      `${JSON.stringify(pin)} is no ${hash} fingerprint: ${digits} hexadecimal digits`,
    );
  });
}

function pinFault(socket: TLSSocket, pins: Pins, place: string): RestFailure | null {
  if (pins.sha1.length + pins.sha256.length === 0) return null;
  const der = socket.getPeerCertificate().raw;
  const [sha1, sha256] = (['sha1', 'sha256'] as const).map((hash) => createHash(hash).update(der).digest('hex'));
  if (pins.sha1.includes(sha1!) || pins.sha256.includes(sha256!)) return null;
  return new RestFailure(
    'tls-pin',
    `${place}: shows another certificate than the pinned one (SHA-256 ${sha256}, SHA-1 ${sha1}): find out whether it was renewed before you pin this one`,
  );
}
