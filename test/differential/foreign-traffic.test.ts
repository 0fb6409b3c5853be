import { createHash } from 'node:crypto';
import t from 'tap';
import { analyse } from '../../src/cli/analysis.ts';
import type { Report } from '../../src/model/report.ts';
import { LoggedConnection, PacketLog } from '../support/capture-tools.ts';
import { pcapBytes, recording } from '../support/expected.ts';
import { scratch } from '../support/transform.ts';

// Clear traffic that is nothing of Flink's is counted and not accused, on Flink's own ports as on any other.

const NOW = Date.parse('2026-11-22T15:00:00Z');
const file = scratch(t);
let files = 0;

type Talk = readonly (readonly [side: 0 | 1, bytes: string | Buffer])[];

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** `length` octets that look random, and the same each time. */
function noise(seed: string, length: number): Buffer {
  const parts: Buffer[] = [];
  for (let n = 0; parts.length * 32 < length; n++) parts.push(createHash('sha256').update(`${seed} ${n}`).digest());
  return Buffer.concat(parts).subarray(0, length);
}

/** First words as the protocols' own documents give them. */
const TALKS: Readonly<Record<string, Talk>> = {
  SSH: [
    [1, 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'],
    [0, 'SSH-2.0-OpenSSH_9.2p1\r\n'],
    [0, Buffer.concat([hex('000005dc 07 14'), noise('kexinit', 1494)])],
    [1, Buffer.concat([hex('0000045c 06 14'), noise('kexinit 2', 1110)])],
  ],
  SMTP: [
    [1, '220 mail.example ESMTP Postfix\r\n'],
    [0, 'EHLO client.example\r\n'],
    [1, '250-mail.example\r\n250 8BITMIME\r\n'],
    [0, 'MAIL FROM:<a@b.example>\r\n'],
    [1, '250 2.1.0 Ok\r\n'],
  ],
  Redis: [
    [0, '*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n'],
    [1, '$5\r\nvalue\r\n'],
    [0, 'PING\r\n'],
    [1, '+PONG\r\n'],
  ],
  PostgreSQL: [
    [0, hex('00000025 00030000 75736572 00 706f7374 67726573 00 64617461 62617365 00 64 62 00 00 00 00 00')],
    [1, hex('52 00000008 00000000 5a 00000005 49')],
    [0, Buffer.concat([hex('51 0000000d'), Buffer.from('SELECT 1\0')])],
    [1, hex('54 00000021 0001 3f636f6c756d6e3f00 00000000 0000 00000017 0004 ffffffff 0000 5a 00000005 49')],
  ],
  'DNS over TCP': [
    [0, hex('001d 1234 0100 0001 0000 0000 0000 07 6578616d706c65 03 636f6d 00 0001 0001')],
    [
      1,
      hex(
        '002d 1234 8180 0001 0001 0000 0000 07 6578616d706c65 03 636f6d 00 0001 0001 c00c 0001 0001 00000e10 0004 5db8d822',
      ),
    ],
  ],
  MySQL: [
    [1, Buffer.concat([hex('4a000000 0a'), Buffer.from('8.0.34\0'), noise('mysql', 66)])],
    [0, Buffer.concat([hex('20000001 85a6ff01 00000001 2d'), noise('login', 23)])],
    [1, hex('07000002 00000002000000')],
  ],
  Kafka: [
    [0, hex('00000023 0012 0003 00000001 000d 636f6e73756d65722d6772702d31 00 0d 6170616368652d6b61 06 332e35')],
    [1, Buffer.concat([hex('0000013a 00000001 0000'), noise('versions', 308)])],
  ],
  Cassandra: [
    [0, hex('04 00 0000 05 00000000')],
    [1, Buffer.concat([hex('84 00 0000 06 00000060'), noise('supported', 96)])],
  ],
  MQTT: [
    [0, hex('10 13 0004 4d515454 04 02 003c 0007 73656e736f7231')],
    [1, hex('20 02 00 00')],
    [0, hex('30 0a 0003 612f62 68656c6c6f')],
  ],
  Memcached: [
    [0, 'set key 0 60 5\r\nvalue\r\n'],
    [1, 'STORED\r\n'],
    [0, 'get key\r\n'],
    [1, 'VALUE key 0 5\r\nvalue\r\nEND\r\n'],
  ],
  AMQP: [
    [0, hex('414d5150 00 00 09 01')],
    [1, Buffer.concat([hex('01 0000 00000100 000a000a 00 09'), noise('amqp', 250), hex('ce')])],
  ],
  LDAP: [
    [0, hex('300c 02 01 01 60 07 02 01 03 04 00 80 00')],
    [1, hex('300c 02 01 01 61 07 0a 01 00 04 00 04 00')],
  ],
  'HTTP/2 with prior knowledge': [
    [0, Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), hex('000000 04 00 00000000')])],
    [1, hex('000000 04 00 00000000 000000 04 01 00000000')],
  ],
  RTMP: [
    [0, Buffer.concat([hex('03 00000000 00000000'), noise('c1', 1528)])],
    [1, Buffer.concat([hex('03 00000000 00000000'), noise('s1', 1528)])],
  ],
  'length-prefixed frames': [
    [0, Buffer.concat([hex('00000100'), noise('a', 256), hex('00000040'), noise('b', 64)])],
    [1, Buffer.concat([hex('00000080'), noise('c', 128)])],
  ],
  'Java serialisation of another program': [
    [
      0,
      hex(
        'aced 0005 7372 0011 6a6176612e6c616e672e496e7465676572 12e2a0a4f7818738 02 00 01 49 0005 76616c7565 7872 0010 6a6176612e6c616e672e4e756d626572 86ac951d0b94e08b 02 00 00 7870 0000002a',
      ),
    ],
    [1, hex('aced 0005 74 0002 4f4b')],
  ],
  zeros: [
    [0, Buffer.alloc(4000)],
    [1, Buffer.alloc(4000)],
  ],
  'one octet each': [
    [0, 'P'],
    [1, '\0'],
  ],
};

async function read(log: PacketLog): Promise<Report> {
  const capture = file(`foreign-${files++}.pcap`, log.pcap());
  return analyse({ captures: [capture], configurations: [], expect: [], failOn: 'low', now: Date.now() });
}

function play(log: PacketLog, talk: Talk, ports: readonly [number, number]): void {
  const connection = new LoggedConnection(log, ports, [ports[0] * 3, ports[0] * 5]);
  for (const [side, bytes] of talk)
    connection.data(side, typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  connection.fin(0);
  connection.fin(1);
}

/** Ports of Flink's channels, of their usual protocols, and of nobody. */
const PORTS = [22, 443, 6121, 6122, 6123, 6124, 6126, 8081, 8083, 9000, 9069, 9249, 2181, 31_337];

for (const [name, talk] of Object.entries(TALKS)) {
  t.test(`${name} is counted, not accused`, async (t) => {
    const log = new PacketLog();
    for (const [n, port] of PORTS.entries()) play(log, talk, [40_000 + n, port]);
    const report = await read(log);
    t.equal(report.summary!.connections, PORTS.length);
    t.equal(report.summary!.clearBytes, PORTS.length * talk.reduce((sum, [, bytes]) => sum + bytes.length, 0));
    t.equal(report.summary!.tlsBytes, 0);
    for (const one of report.observations) {
      t.not(one.kind, 'tls');
      t.ok(
        one.channel === 'unknown' || one.channelBasis === 'port',
        `port ${one.server.port} is ${one.channel} by ${one.channelBasis}`,
      );
      t.strictSame(one.plaintext?.stateTransfer ?? [], []);
      t.strictSame(one.plaintext?.credentials ?? [], []);
    }
    const accused = report.findings.filter(({ verdict }) => verdict === 'fail');
    t.strictSame(
      accused.map(({ ruleId, channel, endpoint }) => `${ruleId} ${channel} ${endpoint?.port}`),
      [],
    );
  });
}

t.test('four hundred connections of random bytes are nothing', async (t) => {
  const log = new PacketLog();
  for (let n = 0; n < 400; n++) {
    const [client, server] = [noise(`c${n}`, 20 + ((n * 37) % 3000)), noise(`s${n}`, 20 + ((n * 53) % 3000))];
    play(
      log,
      n % 5 === 0
        ? [[1, server]]
        : [
            [0, client],
            [1, server],
            [0, noise(`d${n}`, 900)],
          ],
      [20_000 + n, PORTS[n % PORTS.length]!],
    );
  }
  const report = await read(log);
  t.equal(report.summary!.connections, 400);
  t.strictSame(report.observations.filter((one) => one.kind === 'tls').length, 0);
  t.strictSame([...new Set(report.observations.map((one) => one.plaintext?.protocol ?? 'unknown'))], ['unknown']);
  t.strictSame(
    report.findings.filter(({ verdict }) => verdict === 'fail').map(({ ruleId }) => ruleId),
    [],
  );
});

t.test('random bytes that begin like a protocol are not sure of anything that only began', async (t) => {
  const openings: Readonly<Record<string, Buffer>> = {
    'a TLS record header': hex('16 03 01 02 00'),
    'a ClientHello header': hex('16 03 01 02 00 01 00 01 fc 03 03'),
    'TLS application data': hex('17 03 03 40 00'),
    'a TLS alert': hex('15 03 03 00 02 02'),
    'magic of a shuffle frame': hex('00 00 00 40 ba ad f0 0d'),
    'a BLOB operation': hex('00'),
    'a length of Pekko': hex('00 00 00 40'),
    'an HTTP method': Buffer.from('GET '),
    'Java serialisation': hex('ac ed 00 05'),
    JRMI: Buffer.from('JRMI'),
  };
  for (const [name, opening] of Object.entries(openings)) {
    const log = new PacketLog();
    for (let n = 0; n < 20; n++) {
      const client = Buffer.concat([opening, noise(`${name} ${n}`, 3000)]);
      play(
        log,
        [
          [0, client],
          [1, noise(`${name} answer ${n}`, 3000)],
        ],
        [30_000 + n, PORTS[n % PORTS.length]!],
      );
    }
    const report = await read(log);
    t.equal(report.summary!.connections, 20, name);
    for (const one of report.observations) {
      t.strictSame(one.plaintext?.stateTransfer ?? [], [], name);
      t.not(one.tls?.outcome, 'established', name);
      t.not(one.tls?.clientAuthentication.verdict, 'not-requested', name);
    }
    const accused = report.findings.filter(
      ({ verdict, ruleId }) => verdict === 'fail' && ruleId.startsWith('plaintext'),
    );
    t.strictSame([...new Set(accused.map(({ ruleId, channel }) => `${ruleId} ${channel}`))], [], name);
  }
});

const ALERTS = { unexpected: hex('15 03 03 00 02 02 0a'), handshake: hex('15 03 03 00 02 02 28') };

t.test('a stranger who shouts at a TLS port makes it no clear port', async (t) => {
  const one = recording('1.20.3-all');
  const ports = one.expected.servers
    .filter(({ kind, port }) => kind === 'tls' && port < 10_000)
    .map(({ port }) => port);
  const given = file('all.pcap', pcapBytes(one));
  const before = await analyse({ captures: [given], configurations: [], expect: [], failOn: 'low', now: NOW });
  const log = new PacketLog();
  for (const [n, port] of ports.entries()) {
    play(
      log,
      [
        [0, noise(`shout ${n}`, 40 + n)],
        [1, ALERTS.unexpected],
      ],
      [50_000 + n, port],
    );
    play(
      log,
      [
        [0, noise(`long ${n}`, 3000)],
        [1, ALERTS.handshake],
      ],
      [51_000 + n, port],
    );
    play(log, [[0, noise(`closed ${n}`, 3000)]], [52_000 + n, port]);
  }
  const captures = [given, file('shouts.pcap', log.pcap())];
  const after = await analyse({ captures, configurations: [], expect: [], failOn: 'low', now: NOW });
  t.equal(after.summary!.connections, before.summary!.connections + 3 * ports.length);
  const names = (report: Report): string[] =>
    report.findings.filter(({ verdict }) => verdict === 'fail').map(({ ruleId, channel }) => `${ruleId} ${channel}`);
  const added = names(after).filter((name) => !names(before).includes(name));
  t.strictSame(
    added.filter((name) => name.startsWith('plaintext')),
    [],
  );
});
