import { execFileSync, spawnSync } from 'node:child_process';
import { createECDH, createPrivateKey, createPublicKey, diffieHellman, randomBytes } from 'node:crypto';
import t from 'tap';
import { fromHex, toHex } from '../../src/bytes/hex.ts';
import * as schedule from '../../src/tls/key-schedule.ts';
import { SIMPLE_1_RTT } from '../vectors/rfc8448/section-3.ts';
import { HELLO_RETRY_REQUEST } from '../vectors/rfc8448/section-5.ts';

const hash = 'sha256';
const hex = (bytes: Uint8Array): string => toHex(bytes);

t.test('derives every secret of the simple handshake of RFC 8448 section 3', async (t) => {
  const v = SIMPLE_1_RTT;
  const hello = schedule.transcriptHash(hash, fromHex(v.clientHello), fromHex(v.serverHello));
  t.equal(hex(hello), v.helloTranscriptHash);
  const early = schedule.earlySecret(hash);
  t.equal(hex(early), v.earlySecret);
  t.equal(hex(schedule.deriveSecret(hash, early, 'derived')), v.handshakeDerived);
  const handshake = schedule.handshakeSecret(hash, early, fromHex(v.sharedSecret));
  t.equal(hex(handshake), v.handshakeSecret);
  t.equal(hex(schedule.clientHandshakeTrafficSecret(hash, handshake, hello)), v.clientHandshakeTrafficSecret);
  t.equal(hex(schedule.serverHandshakeTrafficSecret(hash, handshake, hello)), v.serverHandshakeTrafficSecret);
  t.equal(hex(schedule.deriveSecret(hash, handshake, 'derived')), v.masterDerived);
  const master = schedule.masterSecret(hash, handshake);
  t.equal(hex(master), v.masterSecret);

  const messages = [v.clientHello, v.serverHello, v.serverFlight].map(fromHex);
  const finished = schedule.transcriptHash(hash, ...messages);
  t.equal(hex(finished), v.serverFinishedTranscriptHash);
  t.equal(hex(schedule.clientApplicationTrafficSecret(hash, master, finished)), v.clientApplicationTrafficSecret);
  t.equal(hex(schedule.serverApplicationTrafficSecret(hash, master, finished)), v.serverApplicationTrafficSecret);
  t.equal(hex(schedule.exporterMasterSecret(hash, master, finished)), v.exporterMasterSecret);

  const clientFinished = fromHex(`14000020${v.clientFinished}`);
  const end = schedule.transcriptHash(hash, ...messages, clientFinished);
  t.equal(hex(end), v.clientFinishedTranscriptHash);
  const resumption = schedule.resumptionMasterSecret(hash, master, end);
  t.equal(hex(resumption), v.resumptionMasterSecret);
  t.equal(hex(schedule.resumptionKey(hash, resumption, fromHex(v.ticketNonce))), v.resumptionPreSharedKey);
});

t.test('derives the keys, ivs and Finished values of RFC 8448 section 3', async (t) => {
  const v = SIMPLE_1_RTT;
  const cases = [
    [v.serverHandshakeTrafficSecret, v.serverHandshakeKey, v.serverHandshakeIv],
    [v.clientHandshakeTrafficSecret, v.clientHandshakeKey, v.clientHandshakeIv],
    [v.serverApplicationTrafficSecret, v.serverApplicationKey, v.serverApplicationIv],
    [v.clientApplicationTrafficSecret, v.clientApplicationKey, v.clientApplicationIv],
  ] as const;
  for (const [secret, key, iv] of cases) {
    const keys = schedule.trafficKeys(hash, fromHex(secret), 16);
    t.same([hex(keys.key), hex(keys.iv)], [key, iv]);
  }
  const server = fromHex(v.serverHandshakeTrafficSecret);
  const client = fromHex(v.clientHandshakeTrafficSecret);
  t.equal(hex(schedule.finishedKey(hash, server)), v.serverFinishedKey);
  t.equal(hex(schedule.finishedKey(hash, client)), v.clientFinishedKey);
  // The server's Finished covers the flight up to itself: 36 octets less.
  const before = fromHex(v.serverFlight).subarray(0, -36);
  const upToFinished = schedule.transcriptHash(hash, fromHex(v.clientHello), fromHex(v.serverHello), before);
  t.equal(hex(schedule.finishedVerifyData(hash, server, upToFinished)), v.serverFinished);
  const transcript = fromHex(v.serverFinishedTranscriptHash);
  t.equal(hex(schedule.finishedVerifyData(hash, client, transcript)), v.clientFinished);
});

t.test('the shared secret of RFC 8448 section 3 follows from its x25519 keys', async (t) => {
  const v = SIMPLE_1_RTT;
  // RFC 8410 section 7: the fixed heads of PKCS #8 and SubjectPublicKeyInfo for X25519.
  const privateKey = createPrivateKey({
    key: Buffer.concat([fromHex('302e020100300506032b656e04220420'), fromHex(v.clientPrivateKey)]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicKey = createPublicKey({
    key: Buffer.concat([fromHex('302a300506032b656e032100'), fromHex(v.serverPublicKey)]),
    format: 'der',
    type: 'spki',
  });
  t.equal(hex(diffieHellman({ privateKey, publicKey })), v.sharedSecret);
});

t.test('puts the message_hash before a second ClientHello, as RFC 8448 section 5', async (t) => {
  const v = HELLO_RETRY_REQUEST;
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(fromHex(v.clientPrivateKey));
  const shared = ecdh.computeSecret(fromHex(v.serverPublicKey));
  t.equal(hex(shared), v.sharedSecret);
  const first = schedule.messageHash(hash, fromHex(v.clientHello1));
  const messages = [first, ...[v.helloRetryRequest, v.clientHello2, v.serverHello].map(fromHex)];
  const hello = schedule.transcriptHash(hash, ...messages);
  t.equal(hex(hello), v.helloTranscriptHash);
  const handshake = schedule.handshakeSecret(hash, schedule.earlySecret(hash), shared);
  t.equal(hex(handshake), v.handshakeSecret);
  t.equal(hex(schedule.clientHandshakeTrafficSecret(hash, handshake, hello)), v.clientHandshakeTrafficSecret);
  t.equal(hex(schedule.serverHandshakeTrafficSecret(hash, handshake, hello)), v.serverHandshakeTrafficSecret);
  const master = schedule.masterSecret(hash, handshake);
  t.equal(hex(master), v.masterSecret);
  const finished = schedule.transcriptHash(hash, ...messages, fromHex(v.serverFlight));
  t.equal(hex(finished), v.serverFinishedTranscriptHash);
  t.equal(hex(schedule.clientApplicationTrafficSecret(hash, master, finished)), v.clientApplicationTrafficSecret);
  t.equal(hex(schedule.serverApplicationTrafficSecret(hash, master, finished)), v.serverApplicationTrafficSecret);
  t.equal(hex(schedule.exporterMasterSecret(hash, master, finished)), v.exporterMasterSecret);
  const keys = schedule.trafficKeys(hash, fromHex(v.serverHandshakeTrafficSecret), 16);
  t.same([hex(keys.key), hex(keys.iv)], [v.serverHandshakeKey, v.serverHandshakeIv]);
});

t.test('expands as RFC 5869 test case 2 does, over several blocks', async (t) => {
  const octets = (from: number, to: number): Uint8Array =>
    Uint8Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const prk = schedule.hkdfExtract(hash, octets(0x60, 0xaf), octets(0x00, 0x4f));
  t.equal(hex(prk), '06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244');
  t.equal(
    hex(schedule.hkdfExpand(hash, prk, octets(0xb0, 0xff), 82)),
    'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09' +
      'da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
  );
  t.throws(() => schedule.hkdfExpand(hash, prk, octets(0, 1), 255 * 32 + 1), RangeError);
});

const openssl = spawnSync('openssl', ['version']).status === 0;

t.test('the TLS 1.2 PRF gives what openssl kdf gives', { skip: openssl ? false : 'openssl not found' }, async (t) => {
  for (const digest of ['sha256', 'sha384'] as const) {
    const secret = randomBytes(48);
    const [client, server] = [randomBytes(32), randomBytes(32)];
    const kdf = (label: string, seed: Uint8Array, length: number): string =>
      execFileSync('openssl', [
        ...['kdf', '-keylen', String(length), '-kdfopt', `digest:${digest.toUpperCase()}`],
        ...['-kdfopt', `hexsecret:${toHex(secret)}`, '-kdfopt', `hexseed:${toHex(Buffer.from(label))}`],
        ...['-kdfopt', `hexseed:${toHex(seed)}`, 'TLS1-PRF'],
      ])
        .toString()
        .replace(/[:\s]/g, '')
        .toLowerCase();
    const both = Buffer.concat([client, server]);
    t.equal(hex(schedule.tls12MasterSecret(digest, secret, client, server)), kdf('master secret', both, 48));
    const block = schedule.tls12KeyBlock(digest, secret, client, server, 104);
    t.equal(hex(block), kdf('key expansion', Buffer.concat([server, client]), 104));
    t.equal(hex(schedule.tls12ExtendedMasterSecret(digest, secret, server)), kdf('extended master secret', server, 48));
    t.equal(hex(schedule.tls12VerifyData(digest, secret, 'client', server)), kdf('client finished', server, 12));
  }
});

t.test(
  'TLS 1.3 labels give what openssl kdf gives, with SHA-384 and after a KeyUpdate',
  {
    skip: openssl ? false : 'openssl not found',
  },
  async (t) => {
    for (const digest of ['sha256', 'sha384'] as const) {
      const secret = randomBytes(schedule.HASH_LENGTHS[digest]);
      const output = execFileSync('openssl', [
        ...['kdf', '-keylen', String(secret.length), '-kdfopt', `digest:${digest.toUpperCase()}`],
        ...['-kdfopt', 'mode:EXPAND_ONLY', '-kdfopt', `hexkey:${toHex(secret)}`],
        ...['-kdfopt', 'prefix:tls13 ', '-kdfopt', 'label:traffic upd', 'TLS13-KDF'],
      ]);
      const expected = output.toString().replace(/[:\s]/g, '').toLowerCase();
      t.equal(hex(schedule.nextTrafficSecret(digest, secret)), expected);
    }
  },
);
