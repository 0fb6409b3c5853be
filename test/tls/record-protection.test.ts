import { constants } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { fromHex, toHex } from '../../src/bytes/hex.ts';
import { tls12Cipher, tls13Cipher } from '../../src/tls/bulk-cipher.ts';
import { KeyLog } from '../../src/tls/key-log.ts';
import { exportKeyingMaterial, tls12VerifyData, transcriptHash } from '../../src/tls/key-schedule.ts';
import type { OpenedRecord } from '../../src/tls/record-protection.ts';
import { openTls13Record, PLAINTEXT_MAX, sealTls13Record } from '../../src/tls/record-protection.ts';
import type { MacOrder } from '../../src/tls/record-protection-tls12.ts';
import { openTls12Record, sealTls12Record, tls12Keys } from '../../src/tls/record-protection-tls12.ts';
import type { Identity } from '../support/pki.ts';
import { mintEc, mintRsa } from '../support/pki.ts';
import type { Dialogue } from '../support/tls-dialogue.ts';
import { tlsDialogue } from '../support/tls-dialogue.ts';
import { SIMPLE_1_RTT } from '../vectors/rfc8448/section-3.ts';
import { HELLO_RETRY_REQUEST } from '../vectors/rfc8448/section-5.ts';

const SUITE = 'TLS_AES_128_GCM_SHA256';
const [HANDSHAKE, APPLICATION_DATA, ALERT] = [22, 23, 21] as const;
const inHex = (record: OpenedRecord | undefined): unknown => record && [record.type, toHex(record.content)];

t.test('opens every protected record of RFC 8448 section 3, each direction in order', async (t) => {
  const v = SIMPLE_1_RTT;
  const open = (secret: string, records: readonly string[]): unknown[] => {
    const opener = openTls13Record(SUITE, fromHex(secret));
    return records.map((record) => inHex(opener.open(fromHex(record))));
  };
  t.same(open(v.serverHandshakeTrafficSecret, [v.serverFlightRecord]), [[HANDSHAKE, v.serverFlight]]);
  t.same(open(v.clientHandshakeTrafficSecret, [v.clientFinishedRecord]), [[HANDSHAKE, `14000020${v.clientFinished}`]]);
  t.same(
    open(v.serverApplicationTrafficSecret, [
      v.newSessionTicketRecord,
      v.serverApplicationDataRecord,
      v.serverAlertRecord,
    ]),
    [
      [HANDSHAKE, v.newSessionTicket],
      [APPLICATION_DATA, v.applicationData],
      [ALERT, v.alert],
    ],
  );
  t.same(open(v.clientApplicationTrafficSecret, [v.clientApplicationDataRecord, v.clientAlertRecord]), [
    [APPLICATION_DATA, v.applicationData],
    [ALERT, v.alert],
  ]);
});

t.test('opens the flight after a HelloRetryRequest, RFC 8448 section 5', async (t) => {
  const v = HELLO_RETRY_REQUEST;
  const opener = openTls13Record(SUITE, fromHex(v.serverHandshakeTrafficSecret));
  t.same(inHex(opener.open(fromHex(v.serverFlightRecord))), [HANDSHAKE, v.serverFlight]);
});

t.test('seals the very records of RFC 8448 section 3', async (t) => {
  const v = SIMPLE_1_RTT;
  const handshake = sealTls13Record(SUITE, fromHex(v.serverHandshakeTrafficSecret));
  t.equal(toHex(handshake.seal(HANDSHAKE, fromHex(v.serverFlight))), v.serverFlightRecord);
  const application = sealTls13Record(SUITE, fromHex(v.serverApplicationTrafficSecret));
  t.equal(toHex(application.seal(HANDSHAKE, fromHex(v.newSessionTicket))), v.newSessionTicketRecord);
  t.equal(toHex(application.seal(APPLICATION_DATA, fromHex(v.applicationData))), v.serverApplicationDataRecord);
  t.equal(toHex(application.seal(ALERT, fromHex(v.alert))), v.serverAlertRecord);
});

t.test('a record that does not authenticate is not opened, and does not count', async (t) => {
  const v = SIMPLE_1_RTT;
  const record = fromHex(v.clientFinishedRecord);
  const opener = openTls13Record(SUITE, fromHex(v.clientHandshakeTrafficSecret));
  for (let at = 0; at < record.length; at++) {
    const damaged = Uint8Array.from(record);
    damaged[at]! ^= 1;
    t.equal(opener.open(damaged), undefined, `byte ${at}`);
  }
  for (let length = 0; length < record.length; length++) t.equal(opener.open(record.subarray(0, length)), undefined);
  t.equal(opener.open(fromHex('140303000101')), undefined, 'ChangeCipherSpec');
  t.same(inHex(opener.open(record)), [HANDSHAKE, `14000020${v.clientFinished}`]);
  t.equal(opener.open(record), undefined, 'the same record under the next sequence number');
});

t.test('unknown suites and wrong secrets open nothing', async (t) => {
  const record = fromHex(SIMPLE_1_RTT.clientFinishedRecord);
  const secret = fromHex(SIMPLE_1_RTT.clientHandshakeTrafficSecret);
  for (const suite of ['unknown_0x1399', 'TLS_RSA_WITH_AES_128_CBC_SHA', 'TLS_AES_256_GCM_SHA384', '']) {
    t.equal(openTls13Record(suite, secret).open(record), undefined, suite);
  }
  t.equal(openTls13Record(SUITE, new Uint8Array(0)).open(record), undefined);
  t.throws(() => sealTls13Record('TLS_RSA_WITH_AES_128_CBC_SHA', secret), RangeError);
  t.throws(() => sealTls13Record(SUITE, secret).seal(APPLICATION_DATA, new Uint8Array(PLAINTEXT_MAX + 1)), RangeError);
});

const TLS13_SUITES = [
  ...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
  ...['TLS_AES_128_CCM_SHA256', 'TLS_AES_128_CCM_8_SHA256'],
];

t.test('random records survive seal then open, padding taken off', async (t) => {
  const contents = fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.constantFrom(...TLS13_SUITES), contents, fc.nat(40), (suite, list, padding) => {
      const secret = new Uint8Array(tls13Cipher(suite)!.hash === 'sha384' ? 48 : 32).fill(padding);
      const sealer = sealTls13Record(suite, secret, padding);
      const opener = openTls13Record(suite, secret);
      return list.every((content) => {
        const opened = opener.open(sealer.seal(APPLICATION_DATA, content));
        return opened?.type === APPLICATION_DATA && Buffer.compare(opened.content, content) === 0;
      });
    }),
    { numRuns: 60 },
  );
  // RFC 8446 section 5.4: zeros only carry no type.
  const zeros = sealTls13Record(SUITE, new Uint8Array(32)).seal(0, new Uint8Array(20));
  t.equal(openTls13Record(SUITE, new Uint8Array(32)).open(zeros), undefined);
});

const RSA = mintRsa();
const EC = mintEc('P-256');
const pem = (identity: Identity): { key: string; cert: string } => ({ key: identity.keyPem, cert: identity.pem });
const HELLO_RANDOM = 5 + 4 + 2;

interface Heard {
  readonly keyLog: KeyLog;
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
}

function heard(dialogue: Dialogue): Heard {
  const keyLog = new KeyLog();
  keyLog.add(dialogue.keyLog);
  const random = (record: Uint8Array): Uint8Array => record.subarray(HELLO_RANDOM, HELLO_RANDOM + 32);
  return { keyLog, clientRandom: random(dialogue.client[0]!), serverRandom: random(dialogue.server[0]!) };
}

/** Contents of the protected records of one direction: under the handshake secret to the Finished, then on. */
function openDirection(records: readonly Uint8Array[], suite: string, secrets: readonly Uint8Array[]): OpenedRecord[] {
  const openers = secrets.map((secret) => openTls13Record(suite, secret));
  const opened: OpenedRecord[] = [];
  for (const record of records.filter(([type]) => type === APPLICATION_DATA)) {
    const content = openers[0]?.open(record) ?? openers[1]?.open(record);
    if (content === undefined) throw new Error('a record of OpenSSL does not open');
    opened.push(content);
  }
  return opened;
}

for (const suite of TLS13_SUITES) {
  t.test(`opens what OpenSSL sealed with ${suite}`, async (t) => {
    const dialogue = await tlsDialogue({
      version: 'TLSv1.3',
      ciphers: `${suite}:DEFAULT@SECLEVEL=0`,
      server: pem(RSA),
      client: pem(EC),
    });
    t.equal(dialogue.cipherSuite, suite);
    const { keyLog, clientRandom } = heard(dialogue);
    const secret = (label: string): Uint8Array => keyLog.find(label, clientRandom)!;
    for (const [side, text] of [
      ['CLIENT', 'ping'],
      ['SERVER', 'pong'],
    ] as const) {
      const secrets = [secret(`${side}_HANDSHAKE_TRAFFIC_SECRET`), secret(`${side}_TRAFFIC_SECRET_0`)];
      const opened = openDirection(side === 'CLIENT' ? dialogue.client : dialogue.server, suite, secrets);
      const data = opened.filter(({ type }) => type === APPLICATION_DATA);
      t.same(
        data.map(({ content }) => Buffer.from(content).toString()),
        [text],
      );
      const handshake = Buffer.concat(opened.filter(({ type }) => type === HANDSHAKE).map(({ content }) => content));
      t.ok(handshake.includes(Buffer.from(side === 'CLIENT' ? EC.der : RSA.der)), 'the certificate is in the flight');
    }
    const { hash } = tls13Cipher(suite)!;
    const exporter = keyLog.find('EXPORTER_SECRET', clientRandom)!;
    const exported = exportKeyingMaterial(hash, exporter, 'EXPERIMENTAL test', Buffer.from('context'), 32);
    t.same(exported, dialogue.exported);
  });
}

/** SSL_OP_NO_ENCRYPT_THEN_MAC of OpenSSL, which Node does not name in all versions. */
const NO_ENCRYPT_THEN_MAC = 1 << 19;

const TLS12_CASES: readonly (readonly [openssl: string, suite: string, order: MacOrder])[] = [
  ['ECDHE-RSA-AES128-GCM-SHA256', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'mac-then-encrypt'],
  ['ECDHE-ECDSA-AES256-GCM-SHA384', 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'mac-then-encrypt'],
  ['ECDHE-RSA-CHACHA20-POLY1305', 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'mac-then-encrypt'],
  ['ECDHE-ECDSA-AES128-CCM', 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM', 'mac-then-encrypt'],
  ['ECDHE-ECDSA-AES256-CCM8', 'TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8', 'mac-then-encrypt'],
  ['AES128-SHA', 'TLS_RSA_WITH_AES_128_CBC_SHA', 'mac-then-encrypt'],
  ['AES128-SHA', 'TLS_RSA_WITH_AES_128_CBC_SHA', 'encrypt-then-mac'],
  ['ECDHE-RSA-AES256-SHA384', 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384', 'mac-then-encrypt'],
  ['ECDHE-RSA-AES128-SHA256', 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', 'encrypt-then-mac'],
  ['NULL-SHA256', 'TLS_RSA_WITH_NULL_SHA256', 'mac-then-encrypt'],
];

for (const [name, suite, order] of TLS12_CASES) {
  t.test(`opens and seals again what OpenSSL sealed with ${suite}, ${order}`, async (t) => {
    const server = pem(suite.includes('ECDSA') ? EC : RSA);
    const noTicket = constants.SSL_OP_NO_TICKET;
    const secureOptions = order === 'mac-then-encrypt' ? NO_ENCRYPT_THEN_MAC | noTicket : noTicket;
    const dialogue = await tlsDialogue({ version: 'TLSv1.2', ciphers: `${name}@SECLEVEL=0`, server, secureOptions });
    t.equal(dialogue.cipherSuite, suite);
    const { keyLog, clientRandom, serverRandom } = heard(dialogue);
    const master = keyLog.find('CLIENT_RANDOM', clientRandom)!;
    const keys = tls12Keys(suite, master, clientRandom, serverRandom)!;

    const protectedRecords = (side: 'client' | 'server'): readonly Uint8Array[] =>
      dialogue[side].slice(dialogue[side].findIndex(([type]) => type === 20) + 1);
    for (const [side, text] of [
      ['client', 'ping'],
      ['server', 'pong'],
    ] as const) {
      const sealed = protectedRecords(side);
      const opener = openTls12Record(suite, keys[side], order);
      const opened = sealed.map((record) => opener.open(record)!);
      t.match(opened[0], { type: HANDSHAKE });
      t.equal(toHex(opened[0]!.content.subarray(0, 4)), '1400000c');
      t.equal(Buffer.from(opened[1]!.content).toString(), text);
      const explicit = (sequence: bigint): Uint8Array => {
        const { kind } = tls12Cipher(suite)!;
        return sealed[Number(sequence)]!.subarray(5, 5 + (kind === 'cbc' ? 16 : 8));
      };
      const sealer = sealTls12Record(suite, keys[side], order, explicit);
      t.same(
        opened.map(({ type, content }) => sealer.seal(type, content)),
        sealed,
      );
      if (side === 'client') t.same(opened[0]!.content.subarray(4), clientVerifyData(dialogue, keys.hash, master));
    }
    const [finished] = protectedRecords('client');
    const other = order === 'mac-then-encrypt' ? 'encrypt-then-mac' : 'mac-then-encrypt';
    if (tls12Cipher(suite)!.kind === 'cbc') {
      t.equal(openTls12Record(suite, keys.client, other).open(finished!), undefined, 'the other order');
    }
    for (const at of [0, 1, 5, finished!.length - 1]) {
      const damaged = Uint8Array.from(finished!);
      damaged[at]! ^= 1;
      t.equal(openTls12Record(suite, keys.client, order).open(damaged), undefined, `byte ${at}`);
    }
    for (let length = 0; length < finished!.length; length++) {
      t.equal(openTls12Record(suite, keys.client, order).open(finished!.subarray(0, length)), undefined);
    }
  });
}

/** verify_data of the client, from the messages in the clear (RFC 5246 section 7.4.9). */
function clientVerifyData(dialogue: Dialogue, hash: 'sha256' | 'sha384', master: Uint8Array): Uint8Array {
  const clear = (records: readonly Uint8Array[]): Uint8Array[] => {
    const end = records.findIndex(([type]) => type === 20);
    return records.slice(0, end).map((record) => record.subarray(5));
  };
  const [hello, ...rest] = clear(dialogue.client);
  return tls12VerifyData(hash, master, 'client', transcriptHash(hash, hello!, ...clear(dialogue.server), ...rest));
}

t.test('random TLS 1.2 records survive seal then open', async (t) => {
  const contents = fc.array(fc.uint8Array({ maxLength: 100 }), { minLength: 1, maxLength: 4 });
  const suites = TLS12_CASES.map(([, suite]) => suite);
  const orders = fc.constantFrom<MacOrder>('mac-then-encrypt', 'encrypt-then-mac');
  fc.assert(
    fc.property(fc.constantFrom(...suites), orders, contents, (suite, order, list) => {
      const { client } = tls12Keys(suite, new Uint8Array(48), new Uint8Array(32), new Uint8Array(32))!;
      const sealer = sealTls12Record(suite, client, order);
      const opener = openTls12Record(suite, client, order);
      return list.every((content) => {
        const opened = opener.open(sealer.seal(APPLICATION_DATA, content));
        return opened !== undefined && Buffer.compare(opened.content, content) === 0;
      });
    }),
    { numRuns: 100 },
  );
  t.pass();
});

t.test('suites whose records cannot be opened have no keys', async (t) => {
  const empty = new Uint8Array(48);
  for (const suite of ['TLS_RSA_WITH_RC4_128_SHA', 'unknown_0x1234', 'TLS_AES_128_GCM_SHA256', '']) {
    t.equal(tls12Keys(suite, empty, empty, empty), undefined, suite);
  }
  t.throws(() => sealTls12Record('TLS_RSA_WITH_RC4_128_SHA', { mac: empty, key: empty, iv: empty }), RangeError);
});
