import * as crypto from 'node:crypto';
import { getDiffieHellman } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import t from 'tap';
import { EVERYTHING, TLS12_ONLY, TLS13_ONLY } from '../../../src/net/tls-client/offers.ts';
import type { HandshakeRequest, HandshakeResult } from '../../../src/net/tls-client/types.ts';
import { integer, sequence, toPem } from '../../support/der-writer.ts';
import { mintRsa } from '../../support/pki.ts';
import { shake } from './servers.ts';

const X25519MLKEM768 = 0x11ec;
const PATIENCE = { answerMs: 2000, verdictMs: 1000 };
const server = mintRsa({ name: [['CN', 'server']] });

interface Spoken {
  readonly result: HandshakeResult;
  readonly secrets: readonly string[];
  /** Lines that the server logged. */
  readonly keyLog: readonly string[];
}

async function speak(options: TlsOptions, request: Omit<HandshakeRequest, 'patience'>): Promise<Spoken> {
  const keyLog: string[] = [];
  const listener = createServer({ key: server.keyPem, cert: server.pem, ...options }, (socket) => {
    socket.on('data', (data) => socket.end(`you said ${data.toString()}`));
    socket.on('error', () => undefined);
  });
  listener.on('keylog', (line: Buffer) => keyLog.push(line.toString().trim()));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const { result, transcript } = await shake(port, { ...request, patience: PATIENCE });
  listener.close();
  return { result, secrets: transcript.secrets, keyLog };
}

t.test('TLS 1.3 is finished, and a ticket proves it', async (t) => {
  const { result, secrets, keyLog } = await speak({}, { offer: EVERYTHING, goal: 'finish' });
  t.match(result, { end: 'finished', version: 'TLSv1.3', proof: 'ticket', namedGroup: 'x25519', presented: 'nothing' });
  t.equal(result.certificateRequest, 'none');
  t.strictSame(
    result.certificates?.map((one) => Buffer.from(one)),
    [Buffer.from(server.der)],
  );
  t.equal(secrets.length, 4);
  for (const line of secrets) t.ok(keyLog.includes(line), line.split(' ')[0]!);
});

t.test('TLS 1.2 is finished, and the Finished of the server proves it', async (t) => {
  const { result, secrets, keyLog } = await speak({}, { offer: TLS12_ONLY, goal: 'finish' });
  t.match(result, { end: 'finished', version: 'TLSv1.2', proof: 'server-finished', presented: 'nothing' });
  t.equal(secrets.length, 1);
  t.ok(keyLog.includes(secrets[0]!));
});

t.test('application data are asked for and decrypted', async (t) => {
  for (const offer of [TLS12_ONLY, TLS13_ONLY]) {
    const applicationRequest = Buffer.from('hello');
    const { result } = await speak({}, { offer, goal: 'finish', applicationRequest });
    t.equal(result.end, 'finished');
    t.equal(Buffer.from(result.applicationData ?? []).toString(), 'you said hello');
  }
});

t.test('a server that requires a certificate refuses an empty one', async (t) => {
  for (const offer of [TLS12_ONLY, TLS13_ONLY]) {
    const { result } = await speak({ requestCert: true, ca: server.pem }, { offer, goal: 'finish' });
    t.match(result, { end: 'refused', presented: 'empty', refusal: { how: 'alert', after: 'certificate' } });
    t.match(result.certificateRequest, { authorities: [{}] });
  }
});

const withoutMlKem = 'decapsulate' in crypto ? false : 'this Node has no ML-KEM';

t.test('X25519MLKEM768 is agreed on, by a share of ours or by HelloRetryRequest', { skip: withoutMlKem }, async (t) => {
  for (const keyShares of [[X25519MLKEM768], []]) {
    const offer = { ...TLS13_ONLY, namedGroups: [X25519MLKEM768, 29], keyShares };
    const { result } = await speak({ ecdhCurve: 'X25519MLKEM768:X25519' }, { offer, goal: 'finish' });
    const helloRetryRequest = keyShares.length === 0;
    t.match(result, { end: 'finished', namedGroup: 'X25519MLKEM768', helloRetryRequest }, result.problem ?? 'agreed');
  }
});

t.test('Diffie-Hellman in 1024 bits is computed', async (t) => {
  const prime = getDiffieHellman('modp2').getPrime('hex');
  const dhparam = toPem('DH PARAMETERS', sequence(integer(`00${prime}`), integer(2)));
  const ciphers = 'DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0';
  const { result } = await speak({ dhparam, ciphers, maxVersion: 'TLSv1.2' }, { offer: EVERYTHING, goal: 'finish' });
  t.match(result, { end: 'finished', dhBits: 1024, version: 'TLSv1.2' });
});
