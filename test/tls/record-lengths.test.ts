import t from 'tap';
import { fromHex } from '../../src/bytes/hex.ts';
import type { TlsReading } from '../../src/tls/reading.ts';
import { writeRecords } from '../../src/tls/record.ts';
import { SIMPLE_1_RTT } from '../vectors/rfc8448/section-3.ts';
import { close, data, type Event, readingOf } from './feeding.ts';

const plain = (type: number, hex: string, version = 0x0303): Uint8Array =>
  writeRecords({ type, version, fragment: fromHex(hex) });

/** TLS 1.3 flights by their record lengths, after the hellos of RFC 8448 (SHA-256) or the same with SHA-384. */
function flight(
  suite: number,
  client: readonly number[],
  serverAfter: readonly number[],
  end: readonly Event[],
): TlsReading {
  const cipher = (length: number): Uint8Array =>
    writeRecords({ type: 23, version: 0x0303, fragment: new Uint8Array(length).fill(0x5a) });
  const serverHello = fromHex(SIMPLE_1_RTT.serverHello);
  serverHello[40] = suite & 0xff;
  return readingOf([
    data(0, plain(22, SIMPLE_1_RTT.clientHello, 0x0301)),
    data(1, writeRecords({ type: 22, version: 0x0303, fragment: serverHello })),
    data(1, plain(20, '01')),
    data(1, cipher(1709)),
    data(0, plain(20, '01')),
    ...client.map((length) => data(0, cipher(length))),
    ...serverAfter.map((length) => data(1, cipher(length))),
    ...end,
  ]);
}

// Lengths as measured on Flink with JSSE sockets, Netty and OpenSSL, and what was true there.
const FLIGHTS: readonly (readonly [string, number, readonly number[], readonly number[], readonly Event[], object])[] =
  [
    [
      'REST to an OpenSSL client',
      0x1301,
      [53, 92],
      [3083],
      [],
      { outcome: 'established', clientAuthentication: { verdict: 'not-requested', presented: 'none' } },
    ],
    [
      'JSSE with SHA-256',
      0x1301,
      [69, 300],
      [1350],
      [],
      { outcome: 'established', clientAuthentication: { verdict: 'not-requested' } },
    ],
    ['OpenSSL with SHA-384', 0x1302, [69, 300], [250], [], { clientAuthentication: { verdict: 'not-requested' } }],
    [
      'JSSE with SHA-384',
      0x1302,
      [85],
      [250, 250],
      [],
      { outcome: 'established', clientAuthentication: { verdict: 'not-requested' } },
    ],
    [
      'RPC, mutual, Netty',
      0x1301,
      [1540, 78],
      [2411],
      [],
      { outcome: 'established', clientAuthentication: { verdict: 'requested', presented: 'certificate' } },
    ],
    [
      'BLOB, mutual, JSSE socket',
      0x1301,
      [1112, 425, 69, 34],
      [2420],
      [],
      { outcome: 'established', clientAuthentication: { verdict: 'requested', presented: 'certificate' } },
    ],
    [
      'Netty, empty certificate refused',
      0x1301,
      [77],
      [35],
      [close(1), close(0)],
      {
        outcome: 'refused',
        refusal: { side: 1, how: 'encrypted-alert' },
        clientAuthentication: { verdict: 'required', presented: 'empty', basis: 'record-lengths' },
      },
    ],
    [
      'JSSE socket, empty certificate refused',
      0x1302,
      [41, 85],
      [35],
      [close(1)],
      { outcome: 'refused', clientAuthentication: { verdict: 'required', presented: 'empty' } },
    ],
    [
      'OpenSSL, empty certificate accepted',
      0x1302,
      [25, 69, 200],
      [794],
      [],
      { outcome: 'established', clientAuthentication: { verdict: 'requested', presented: 'empty' } },
    ],
    [
      'OpenSSL, empty certificate refused by reset after the alert',
      0x1302,
      [25, 69],
      [19],
      [close(1, 'rst')],
      { outcome: 'refused', clientAuthentication: { verdict: 'required' } },
    ],
    [
      'Netty, the client refuses the server',
      0x1301,
      [35],
      [],
      [close(0)],
      {
        outcome: 'refused',
        refusal: { side: 0, how: 'encrypted-alert' },
        clientAuthentication: { verdict: 'unknown', presented: 'unknown' },
      },
    ],
    [
      'OpenSSL, certificate refused',
      0x1302,
      [1209, 96, 69],
      [19],
      [close(1)],
      {
        outcome: 'refused',
        refusal: { side: 1, how: 'encrypted-alert', after: 'finished' },
        clientAuthentication: { verdict: 'requested', presented: 'certificate' },
      },
    ],
    [
      'a length that fits nothing',
      0x1301,
      [120, 92],
      [250],
      [],
      { clientAuthentication: { verdict: 'unknown', presented: 'unknown' } },
    ],
    [
      'empty certificate and Finished of different paddings',
      0x1302,
      [25, 85],
      [250],
      [],
      { clientAuthentication: { verdict: 'unknown' } },
    ],
    ['no client record', 0x1301, [], [], [], { outcome: 'incomplete', clientAuthentication: { verdict: 'unknown' } }],
    [
      'goodbye by the client, answered',
      0x1301,
      [53, 19],
      [19],
      [close(0), close(1)],
      { outcome: 'established', clientAuthentication: { verdict: 'not-requested' } },
    ],
    [
      'the server closes without a word',
      0x1301,
      [53],
      [],
      [close(1)],
      { outcome: 'refused', refusal: { side: 1, how: 'fin', after: 'finished' } },
    ],
  ];

for (const [name, suite, client, serverAfter, end, expected] of FLIGHTS) {
  t.test(`TLS 1.3 by record lengths: ${name}`, async (t) => {
    const reading = flight(suite, client, serverAfter, end);
    t.match(reading, expected);
    t.equal(reading.alerts.length, reading.refusal?.how === 'encrypted-alert' ? 1 : 0);
  });
}

t.test('a short record after a gap of the server is no refusal', async (t) => {
  const gap: Event = { kind: 'gap', side: 1, length: 9000 };
  const end = [gap, data(1, writeRecords({ type: 23, version: 0x0303, fragment: new Uint8Array(19) })), close(1)];
  t.not(flight(0x1301, [53, 92], [], end).outcome, 'refused');
});
