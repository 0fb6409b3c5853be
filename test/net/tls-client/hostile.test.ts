import t from 'tap';
import { TLS12_ONLY, TLS13_ONLY } from '../../../src/net/tls-client/offers.ts';
import type { HandshakeRequest, HandshakeResult } from '../../../src/net/tls-client/types.ts';
import type { ClientHello } from '../../../src/tls/client-hello.ts';
import { HandshakeType } from '../../../src/tls/code-points.ts';
import { clientKeyShares, cookie, extension, retryGroup, selectedVersion } from '../../../src/tls/extension-values.ts';
import { extensionValue } from '../../../src/tls/extensions.ts';
import { type ServerHello, writeServerHello } from '../../../src/tls/server-hello.ts';
import { mintEc } from '../../support/pki.ts';
import {
  alertRecord,
  clientHelloOf,
  flight12,
  message,
  play13,
  record,
  type ServerScript,
} from '../../support/scripted-tls.ts';
import { type Play, shakeScripted } from './scripted.ts';

const identity = mintEc('P-256', { name: [['CN', 'scripted']] });
const PATIENCE = { answerMs: 4000, verdictMs: 100 };

function against(play: Play, request: Partial<HandshakeRequest> = {}): Promise<HandshakeResult> {
  return shakeScripted(play, { offer: TLS12_ONLY, goal: 'finish', patience: PATIENCE, ...request });
}

/** Answers the ClientHello with bytes. */
function answering(
  answer: (hello: ClientHello) => Uint8Array,
  request: Partial<HandshakeRequest> = {},
): Promise<HandshakeResult> {
  return against(async (connection) => {
    const hello = await connection.record();
    connection.write(answer(clientHelloOf(hello!)));
  }, request);
}

const flight =
  (script: Partial<ServerScript> = {}) =>
  (hello: ClientHello): Uint8Array =>
    record(22, Buffer.concat(flight12(hello, { identity, ...script })));

const LEAVE = { goal: 'server-flight' } as const;

t.test('the scripted flights themselves are good', async (t) => {
  t.match(await answering(flight(), LEAVE), { end: 'flight', certificateRequest: 'none', namedGroup: 'x25519' });
  const newer = await against(async (connection) => void (await play13(connection, { identity })), {
    offer: TLS13_ONLY,
  });
  t.match(newer, { end: 'unproven', presented: 'nothing', signatureScheme: 'ecdsa_secp256r1_sha256' });
});

t.test('messages may be cut into records of one byte, and share them', async (t) => {
  const cut = await answering((hello) => {
    const whole = Buffer.concat(flight12(hello, { identity, asks: true }));
    return Buffer.concat([...whole].map((octet) => record(22, Uint8Array.of(octet))));
  }, LEAVE);
  t.match(cut, { end: 'flight', certificateRequest: { types: ['rsa_sign', 'ecdsa_sign'] } });
  const apart = await answering((hello) => {
    const messages = flight12(hello, { identity, asks: true });
    return Buffer.concat(messages.flatMap((one) => [record(22, new Uint8Array(0)), record(22, one)]));
  }, LEAVE);
  t.match(apart, { end: 'flight', certificateRequest: { types: ['rsa_sign', 'ecdsa_sign'] } });
});

/** What the server does, and what the problem says. */
const FAULTS: readonly (readonly [name: string, answer: (hello: ClientHello) => Uint8Array, problem: RegExp])[] = [
  ['a suite that was not offered', flight({ hello: { cipherSuite: 0xeeee } }), /unknown_0xeeee was not offered/],
  ['a suite of another version', flight({ hello: { cipherSuite: 0x1301 } }), /does not belong to TLSv1\.2/],
  ['a version above the offered', flight({ hello: { legacyVersion: 0x0304 } }), /TLSv1\.3 was not offered/],
  ['a version that is none', flight({ hello: { legacyVersion: 0x0200 } }), /legacy_version/],
  ['a group that was not offered', flight({ group: 0x4242 }), /unknown_0x4242 was not offered/],
  ['compression', flight({ hello: { compressionMethod: 1 } }), /compression method 1/],
  ['a wrong signature', flight({ forge: true }), /signature of the server .* does not verify/],
  ['a record of 65535 bytes', () => Buffer.from('160303ffff02', 'hex'), /65535 bytes announced/],
  ['a message of 16 MiB', () => endless(Buffer.of(2, 0xff, 0xff, 0xff)), /at most|more than \d+ bytes received/],
  ['a ServerHello of three bytes', () => record(22, message(2, new Uint8Array(3))), /server_hello.*at byte/],
  ['an early change_cipher_spec', () => record(20, Uint8Array.of(1)), /change-cipher-spec in place of server_hello/],
  ['a strange change_cipher_spec', () => record(20, Uint8Array.of(1, 1)), /change_cipher_spec of 2 bytes/],
  ['application data', () => record(23, Buffer.from('hello')), /application-data in place of server_hello/],
  ['a heartbeat', () => record(24, Buffer.from('\x02\0\0')), /type 24/],
  ['a Finished', () => record(22, message(20, new Uint8Array(12))), /finished in place of server_hello/],
  ['empty records without end', () => Buffer.concat(Array(500).fill(record(22, new Uint8Array(0)))), /without content/],
  ['warnings without end', () => Buffer.concat(Array(500).fill(alertRecord(112, 1))), /more than 256/],
  [
    'hello requests without end',
    () => record(22, Buffer.concat(Array(500).fill(message(0, Buffer.of())))),
    /more than 256/,
  ],
  [
    'a flight without a key exchange',
    (hello) => without(hello, HandshakeType.serverKeyExchange),
    /no server_key_exchange/,
  ],
  ['a flight without a certificate', (hello) => without(hello, HandshakeType.certificate), /without a certificate/],
  ['a flight in disorder', (hello) => disorder(hello), /certificate in place of/],
  [
    'two ServerHellos',
    (hello) => record(22, Buffer.concat(Array(2).fill(flight12(hello, { identity })[0]!))),
    /in place of/,
  ],
];

function endless(header: Uint8Array): Uint8Array {
  const piece = record(22, new Uint8Array(16_000));
  return Buffer.concat([record(22, header), ...Array(140).fill(piece)]);
}

function without(hello: ClientHello, type: number): Uint8Array {
  return record(22, Buffer.concat(flight12(hello, { identity }).filter((one) => one[0] !== type)));
}

function disorder(hello: ClientHello): Uint8Array {
  const [serverHello, certificate, exchange, done] = flight12(hello, { identity });
  return record(22, Buffer.concat([serverHello!, certificate!, exchange!, certificate!, done!]));
}

for (const [name, answer, problem] of FAULTS) {
  t.test(`malformed: ${name}`, async (t) => {
    const result = await answering(answer);
    t.equal(result.end, 'malformed');
    t.match(result.problem, problem);
  });
}

t.test('a server may go below the version that a hello without supported_versions names', async (t) => {
  const result = await answering((hello) => {
    const [serverHello, certificate, , done] = flight12(hello, {
      identity,
      hello: { legacyVersion: 0x0301, cipherSuite: 0x002f },
    });
    return record(22, Buffer.concat([serverHello!, certificate!, done!]), 0x0301);
  });
  t.match(result, { end: 'flight', version: 'TLSv1', cipherSuite: 'TLS_RSA_WITH_AES_128_CBC_SHA' });
});

t.test('malformed in TLS 1.3', async (t) => {
  const cases: readonly (readonly [name: string, script: Partial<ServerScript>, problem: RegExp])[] = [
    ['a wrong signature', { forge: true }, /signature of the server .* does not verify/],
    ['a share of a group without a share of ours', { group: 24 }, /secp384r1, of which we sent none/],
    ['another session id', { hello: { sessionId: new Uint8Array(32) } }, /legacy_session_id_echo/],
    ['no key share', { hello: { extensions: [extension(selectedVersion, 0x0304)] } }, /without key_share/],
    ['a suite of TLS 1.2', { hello: { cipherSuite: 0xc02f } }, /does not belong to TLSv1\.3/],
    ['a version that is not in the list', { hello: { extensions: [] } }, /TLSv1\.2 was not offered/],
    ['keys of another suite', { hello: { cipherSuite: 0x1303 } }, /does not authenticate/],
  ];
  for (const [name, script, problem] of cases) {
    const result = await against(async (connection) => void (await play13(connection, { identity, ...script })), {
      offer: TLS13_ONLY,
    });
    t.equal(result.end, 'malformed', name);
    t.match(result.problem, problem, name);
  }
});

const RETRY_RANDOM = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');

function retry(hello: ClientHello, extensions: ServerHello['extensions']): Uint8Array {
  const body = writeServerHello({
    legacyVersion: 0x0303,
    random: RETRY_RANDOM,
    sessionId: hello.sessionId,
    cipherSuite: 0x1301,
    compressionMethod: 0,
    extensions: [extension(selectedVersion, 0x0304), ...(extensions ?? [])],
  });
  return record(22, message(HandshakeType.serverHello, body));
}

t.test('a HelloRetryRequest with a cookie gets it back, with one share of the group', async (t) => {
  let second: ClientHello | undefined;
  let between: Uint8Array | undefined;
  const bytes = Uint8Array.of(9, 8, 7);
  const result = await against(
    async (connection) => {
      const first = clientHelloOf((await connection.record())!);
      connection.write(retry(first, [extension(retryGroup, 24), extension(cookie, bytes)]));
      between = await connection.record();
      second = clientHelloOf((await connection.record())!);
      t.strictSame(second.random, first.random);
      t.strictSame(second.sessionId, first.sessionId);
      connection.write(alertRecord(40));
    },
    { offer: TLS13_ONLY },
  );
  t.match(result, { end: 'refused', helloRetryRequest: true, namedGroup: 'secp384r1', cipherSuiteCode: 0x1301 });
  t.strictSame([...between!], [20, 3, 3, 0, 1, 1], 'change_cipher_spec for middleboxes');
  t.strictSame(extensionValue(second!.extensions, cookie), bytes);
  t.match(extensionValue(second!.extensions, clientKeyShares), [{ group: 24, keyExchange: { length: 97 } }]);
});

t.test('a HelloRetryRequest for a group that cannot be computed tells the group', async (t) => {
  const offer = { ...TLS13_ONLY, namedGroups: [29, 0x0201], keyShares: [29] };
  for (const goal of ['finish', 'server-flight'] as const) {
    const result = await answering((hello) => retry(hello, [extension(retryGroup, 0x0201)]), { offer, goal });
    t.match(result, { end: 'flight', namedGroup: 'MLKEM768', namedGroupCode: 0x0201, helloRetryRequest: true });
    t.equal(result.problem, 'no key share of MLKEM768 can be made');
  }
});

t.test('malformed HelloRetryRequests', async (t) => {
  const cases: readonly (readonly [name: string, extensions: ServerHello['extensions'], problem: RegExp])[] = [
    ['asks for nothing', [], /asks for nothing/],
    ['asks for a group that was not offered', [extension(retryGroup, 0x4242)], /unknown_0x4242 was not offered/],
    ['asks for a share that was sent', [extension(retryGroup, 29)], /of which a share was sent/],
  ];
  for (const [name, extensions, problem] of cases) {
    const result = await answering((hello) => retry(hello, extensions), { offer: TLS13_ONLY });
    t.equal(result.end, 'malformed', name);
    t.match(result.problem, problem, name);
  }
  const twice = await against(
    async (connection) => {
      const first = clientHelloOf((await connection.record())!);
      const again = retry(first, [extension(retryGroup, 24)]);
      connection.write(Buffer.concat([again, again]));
    },
    { offer: TLS13_ONLY },
  );
  t.match(twice, { end: 'malformed', helloRetryRequest: true });
});

t.test('a server that trickles is left after the time for one message', async (t) => {
  const started = Date.now();
  const result = await against(
    async (connection) => {
      const hello = await connection.record();
      for (const octet of flight()(clientHelloOf(hello!))) {
        if (!connection.open) return;
        connection.write(Uint8Array.of(octet));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    { patience: { answerMs: 400, verdictMs: 100 } },
  );
  t.equal(result.end, 'silent');
  t.ok(Date.now() - started < 2500, `${Date.now() - started} ms`);
});
