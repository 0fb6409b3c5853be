import { getDiffieHellman } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { portOf } from '../capture-tools.ts';
import { integer, sequence, toPem } from '../der-writer.ts';
import { Talker } from '../openssl.ts';
import type { Material } from './material.ts';
import { type RunningTarget, TRUTHS } from './target.ts';

export type OpensslTargetId = 'C1' | 'C2' | 'C3';
export type GnutlsTargetId = 'D1' | 'D2';

/** A server program of its own process. */
export interface ProgramTarget extends RunningTarget {
  stop(): Promise<void>;
}

const REQUIRED = ['-Verify', '2', '-verify_return_error', '-CAfile', 'authority.pem'];
const SUITES_12 = ['-cipher', 'DEFAULT:!PSK:!SRP:!ECDSA:!DSS:!ARIA:!CAMELLIA:!CCM:!SHA384+SHA:@SECLEVEL=1'];
const ARGUMENTS: Readonly<Record<OpensslTargetId, readonly string[]>> = {
  C1: [
    ...['-tls1', '-cipher', 'DHE-RSA-AES256-SHA:DHE-RSA-AES128-SHA:AES256-SHA:AES128-SHA:@SECLEVEL=0'],
    ...['-dhparam', 'modp2.pem'],
  ],
  C2: [...SUITES_12, ...REQUIRED],
  C3: ['-tls1_2', ...SUITES_12, ...REQUIRED],
};

/** `openssl s_server -www`: one connection at a time. */
export async function opensslTarget(id: OpensslTargetId, material: Material): Promise<ProgramTarget> {
  const truth = TRUTHS[id];
  material.identity(truth.certificate);
  material.identity('authority');
  if (id === 'C1') writeFileSync(path.join(material.folder, 'modp2.pem'), dhParameters('modp2'));
  const own = ['-cert', `${truth.certificate}.pem`, '-key', `${truth.certificate}.key`];
  const args = ['s_server', '-accept', '127.0.0.1:0', '-www', ...own, ...ARGUMENTS[id]];
  const server = new Talker('openssl', args, material.folder);
  const port = await server.hear(/ACCEPT 127\.0\.0\.1:(\d+)/);
  if (port === undefined) throw new Error(`${id} does not listen: ${server.output}`);
  return target(id, Number(port[1]), server, material);
}

/** `gnutls-serv --echo`: it cannot be told to listen on the loopback address only, nor to choose a port. */
export async function gnutlsTarget(id: GnutlsTargetId, material: Material): Promise<ProgramTarget> {
  material.identity('authority');
  material.identity('leaf');
  const placeholder = createServer();
  const port = await portOf(placeholder);
  await new Promise((resolve) => placeholder.close(resolve));
  const own = ['--x509certfile', 'leaf.pem', '--x509keyfile', 'leaf.key'];
  const required = id === 'D2' ? ['--require-client-cert', '--x509cafile', 'authority.pem'] : [];
  const server = new Talker('gnutls-serv', ['--echo', '-p', String(port), ...own, ...required], material.folder);
  const ready = await server.hear(/listening on IPv4 .*done/);
  if (ready === undefined) throw new Error(`${id} does not listen: ${server.output}`);
  return target(id, port, server, material);
}

function target(id: OpensslTargetId | GnutlsTargetId, port: number, server: Talker, material: Material): ProgramTarget {
  const truth = TRUTHS[id];
  // These programs outlive their input: a test that runs out of time must not leave them behind.
  const kill = (): void => server.kill();
  process.once('exit', kill);
  return {
    ...{ id, address: '127.0.0.1', port, truth, leafSha256: material.sha256(truth.certificate) },
    stop: async () => {
      process.off('exit', kill);
      server.kill();
      await server.ended();
    },
  };
}

/** Prime and generator of a known group, as `openssl dhparam` would write them (PKCS #3). */
function dhParameters(group: string): string {
  const known = getDiffieHellman(group);
  const prime = known.getPrime('hex');
  return toPem('DH PARAMETERS', sequence(integer(`00${prime}`), integer(2)));
}
