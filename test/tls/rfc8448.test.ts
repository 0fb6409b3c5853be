import t from 'tap';
import { fromHex, toHex } from '../../src/bytes/hex.ts';
import { writeRecords } from '../../src/tls/record.ts';
import { SIMPLE_1_RTT } from '../vectors/rfc8448/section-3.ts';
import { HELLO_RETRY_REQUEST } from '../vectors/rfc8448/section-5.ts';
import { close, data, type Event, onlySide, play, readingOf, swapped, withGap } from './feeding.ts';

const plain = (type: number, hex: string, version = 0x0303): Uint8Array =>
  writeRecords({ type, version, fragment: fromHex(hex) });

/** RFC 8448 section 3, as the trace has it (it sends no change_cipher_spec). */
const SIMPLE: readonly Event[] = [
  data(0, plain(22, SIMPLE_1_RTT.clientHello, 0x0301)),
  data(1, plain(22, SIMPLE_1_RTT.serverHello)),
  data(1, fromHex(SIMPLE_1_RTT.serverFlightRecord)),
  data(0, fromHex(SIMPLE_1_RTT.clientFinishedRecord)),
  data(1, fromHex(SIMPLE_1_RTT.newSessionTicketRecord)),
  data(0, fromHex(SIMPLE_1_RTT.clientApplicationDataRecord)),
  data(1, fromHex(SIMPLE_1_RTT.serverApplicationDataRecord)),
  data(0, fromHex(SIMPLE_1_RTT.clientAlertRecord)),
  data(1, fromHex(SIMPLE_1_RTT.serverAlertRecord)),
  close(0),
  close(1),
];

const RETRY: readonly Event[] = [
  data(0, plain(22, HELLO_RETRY_REQUEST.clientHello1, 0x0301)),
  data(1, plain(22, HELLO_RETRY_REQUEST.helloRetryRequest)),
  data(0, plain(20, '01')),
  data(0, plain(22, HELLO_RETRY_REQUEST.clientHello2)),
  data(1, plain(22, HELLO_RETRY_REQUEST.serverHello)),
  data(1, fromHex(HELLO_RETRY_REQUEST.serverFlightRecord)),
];

function keyLog(secrets: Readonly<Record<string, string>>): {
  readonly find: (label: string, random: Uint8Array) => Uint8Array | undefined;
} {
  return {
    find: (label, random) => {
      const known =
        toHex(random) === SIMPLE_1_RTT.clientHello.slice(12, 76) ||
        toHex(random) === HELLO_RETRY_REQUEST.clientHello1.slice(12, 76);
      const secret = known ? secrets[label] : undefined;
      return secret === undefined ? undefined : fromHex(secret);
    },
  };
}

t.test('the simple handshake of RFC 8448 without keys', async (t) => {
  const reading = readingOf(SIMPLE);
  t.match(reading, {
    clientSide: 0,
    outcome: 'established',
    version: 'TLSv1.3',
    cipherSuite: 'TLS_AES_128_GCM_SHA256',
    namedGroup: 'x25519',
    serverName: 'server',
    resumed: false,
    decrypted: false,
    helloRetryRequest: false,
    serverCertificate: { seen: 'hidden', because: 'encrypted' },
    clientCertificate: { seen: 'hidden', because: 'encrypted' },
    clientAuthentication: { verdict: 'not-requested', presented: 'none', basis: 'record-lengths' },
    alerts: [],
  });
  t.match(reading.clientAuthentication.evidence, /53/);
  t.strictSame(reading.offered?.versions, ['TLSv1.3']);
  t.strictSame(reading.records.client, { handshake: 1, changeCipherSpec: 0, alert: 0, applicationData: 3 });
});

t.test('the simple handshake of RFC 8448 with its secrets', async (t) => {
  const secrets = {
    CLIENT_HANDSHAKE_TRAFFIC_SECRET: SIMPLE_1_RTT.clientHandshakeTrafficSecret,
    SERVER_HANDSHAKE_TRAFFIC_SECRET: SIMPLE_1_RTT.serverHandshakeTrafficSecret,
  };
  const reading = readingOf(SIMPLE, { start: 'syn', keyLog: keyLog(secrets) });
  t.match(reading, {
    decrypted: true,
    outcome: 'established',
    signatureScheme: 'rsa_pss_rsae_sha256',
    serverCertificate: { seen: 'present', truncated: false },
    clientCertificate: { seen: 'absent' },
    clientAuthentication: { verdict: 'not-requested', presented: 'none', basis: 'messages' },
    problems: [],
  });
  const chain = reading.serverCertificate.seen === 'present' ? reading.serverCertificate.certificates : [];
  t.strictSame(
    chain.map((der) => der.length),
    [432],
  );
  t.ok(SIMPLE_1_RTT.serverFlight.includes(toHex(chain[0]!)));
});

t.test('application secrets open the alerts that follow the flight', async (t) => {
  const secrets = {
    CLIENT_HANDSHAKE_TRAFFIC_SECRET: SIMPLE_1_RTT.clientHandshakeTrafficSecret,
    SERVER_HANDSHAKE_TRAFFIC_SECRET: SIMPLE_1_RTT.serverHandshakeTrafficSecret,
    CLIENT_TRAFFIC_SECRET_0: SIMPLE_1_RTT.clientApplicationTrafficSecret,
    SERVER_TRAFFIC_SECRET_0: SIMPLE_1_RTT.serverApplicationTrafficSecret,
  };
  const reading = readingOf(SIMPLE, { start: 'syn', keyLog: keyLog(secrets) });
  t.strictSame(
    reading.alerts.map((alert) => [alert.side, alert.level, alert.description]),
    [
      [0, 'warning', 'close_notify'],
      [1, 'warning', 'close_notify'],
    ],
  );
  t.equal(reading.outcome, 'established');
});

t.test('a key log of other sessions changes nothing', async (t) => {
  t.strictSame(readingOf(SIMPLE, { start: 'syn', keyLog: { find: () => undefined } }), readingOf(SIMPLE));
  const wrong = { find: (): Uint8Array => new Uint8Array(32) };
  t.strictSame(readingOf(SIMPLE, { start: 'syn', keyLog: wrong }), readingOf(SIMPLE));
});

t.test('after a HelloRetryRequest the first hello is fingerprinted and the final group told', async (t) => {
  const reading = readingOf(RETRY);
  t.match(reading, { helloRetryRequest: true, namedGroup: 'secp256r1', version: 'TLSv1.3', problems: [] });
  t.equal(reading.ja4?.slice(0, 10), 't13d0308' + '00');
  t.equal(reading.records.client.changeCipherSpec, 1, 'a change_cipher_spec between the hellos starts nothing');
  const opened = readingOf(RETRY, {
    start: 'syn',
    keyLog: keyLog({ SERVER_HANDSHAKE_TRAFFIC_SECRET: HELLO_RETRY_REQUEST.serverHandshakeTrafficSecret }),
  });
  t.match(opened.serverCertificate, { seen: 'present', truncated: false });
});

t.test('the second hello after a change_cipher_spec is read from the client alone', async (t) => {
  const reading = readingOf(onlySide(RETRY, 0));
  t.match(reading, { sawClientHello: true, sawServerHello: false, problems: [] });
});

t.test('readings do not depend on the cut, and sides follow the hello', async (t) => {
  for (const events of [SIMPLE, RETRY]) {
    t.strictSame(play(events, { start: 'syn' }, () => 1).reading(), readingOf(events));
    t.equal(readingOf(swapped(events)).clientSide, 1);
    t.equal(readingOf(swapped(events)).ja3, readingOf(events).ja3);
  }
});

t.test('a hello that is cut gives its fields and no fingerprint', async (t) => {
  const reading = readingOf(withGap(SIMPLE, 0, 105, 201));
  t.match(reading, { sawClientHello: true, serverName: 'server', clientSide: 0, version: 'TLSv1.3' });
  t.equal(reading.ja3, undefined);
  t.equal(reading.ja4, undefined);
  t.ok(reading.problems.some((problem) => problem.startsWith('client_hello truncated')));
});
