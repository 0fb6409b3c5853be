import t from 'tap';
import { fromHex } from '../../src/bytes/hex.ts';
import { describeAnswer, plainAlerts } from '../../src/observe/answer.ts';
import type { SideHead } from '../../src/observe/dialogue.ts';
import { looksLikeClientHello } from '../../src/observe/dialogue.ts';
import { addressWords, segmentTest } from '../../src/observe/filter.ts';
import type { ConnectionRecord } from '../../src/observe/record.ts';
import { formatTime } from '../../src/observe/time.ts';
import { segment } from '../support/tcp.ts';

const head = (hex: string, ended: SideHead['ended'] = 'fin'): SideHead => {
  const bytes = fromHex(hex);
  return { bytes, length: bytes.length, frame: 1, ended, order: ended === 'cut' ? 'neither' : 'first' };
};
const record = {
  first: { frame: 1, seconds: 100, nanoseconds: 0 },
  last: { frame: 9, seconds: 110, nanoseconds: 4_000_000 },
} as ConnectionRecord;

t.test('knows the start of a Flink ClientHello, and not that of other records', (t) => {
  // Flink 1.20.3 on OpenJDK 17: 16 03 03 00 d1 01 00 00 cd 03 03
  const hello = fromHex('160303 00d1 01 0000cd 0303');
  t.equal(looksLikeClientHello(hello, 0, hello.length), true);
  t.equal(looksLikeClientHello(hello, 0, 10), false, 'too short to say');
  t.equal(looksLikeClientHello(fromHex('160303 0051 02 00004d 0303'), 0, 11), false, 'a ServerHello');
  t.end();
});

t.test('names the alerts with which a TLS port answers clear bytes', (t) => {
  // Recorded: BLOB server of 1.20.3; RPC of 1.17.2 (Netty 3) in either order.
  t.match(describeAnswer(record, head('15030300 02020a'), 'a clear request'), {
    kind: 'alert',
    text: 'a clear request was answered by a TLS alert: fatal unexpected_message (10)',
    firstBytes: '1503030002020a',
  });
  t.strictSame(plainAlerts(fromHex('15030300 02015a 15030300 020100')), [
    { level: 1, code: 90 },
    { level: 1, code: 0 },
  ]);
  t.end();
});

t.test('tells FIN, RST and silence apart, with the length of the silence', (t) => {
  t.equal(describeAnswer(record, head('', 'fin'), 'the ClientHello').kind, 'fin');
  t.equal(describeAnswer(record, head('', 'rst'), 'the ClientHello').kind, 'reset');
  t.equal(
    describeAnswer(record, { ...head('', 'fin'), order: 'second' }, 'it').kind,
    'silence',
    'closed after the asker gave up',
  );
  t.match(describeAnswer(record, head('', 'cut'), 'the ClientHello'), { kind: 'silence', text: /silence for 10\.0 s/ });
  t.end();
});

t.test('an answer in clear is quoted by its first bytes only', (t) => {
  const answer = describeAnswer(
    record,
    head(Buffer.from('HTTP/1.1 404 Not Found\r\nsecret: x').toString('hex')),
    'it',
    'HTTP',
  );
  t.equal(answer.kind, 'plaintext');
  t.equal(answer.firstBytes?.length, 24);
  t.end();
});

t.test('prints times with the decimals of the source', (t) => {
  // date -u -d @1790000000
  t.equal(formatTime(1_790_000_000, 123_456_789, 'ns'), '2026-09-21T14:13:20.123456789Z');
  t.equal(formatTime(1_790_000_000, 123_456_789, 'us'), '2026-09-21T14:13:20.123456Z');
  t.equal(formatTime(1_790_000_000, 5_000, 'us'), '2026-09-21T14:13:20.000005Z');
  t.equal(formatTime(1_790_000_000, 0, 's'), '2026-09-21T14:13:20Z');
  t.end();
});

t.test('reads addresses, and refuses what is none', (t) => {
  t.strictSame(addressWords('10.77.0.2'), [0x0a4d0002]);
  t.strictSame(addressWords('255.255.255.255'), [-1]);
  t.strictSame(addressWords('2001:db8::1'), [0x20010db8, 0, 0, 1]);
  t.strictSame(addressWords('::'), [0, 0, 0, 0]);
  for (const wrong of ['10.77.0.256', '10.77.0', 'jm', '1::2::3', '1:2:3:4:5:6:7:8:9', ':1', '12345::']) {
    t.equal(addressWords(wrong), undefined, wrong);
  }
  t.end();
});

t.test('lets through what the filter names, in both directions', (t) => {
  const one = segment({ from: 0, sequence: 1, seconds: 100 }, 1);
  const test = (filter: Parameters<typeof segmentTest>[0]): boolean | undefined => segmentTest(filter)?.(one);
  const none = { hosts: [], ports: new Set<number>() };
  t.equal(segmentTest(none), undefined, 'no filter, no test');
  t.equal(test({ ...none, ports: new Set([6123]) }), true);
  t.equal(test({ ...none, ports: new Set([6124]) }), false);
  t.equal(test({ ...none, hosts: [addressWords('10.77.0.1')!] }), true);
  t.equal(test({ ...none, hosts: [addressWords('10.77.0.9')!] }), false);
  t.equal(test({ ...none, since: 101 }), false);
  t.equal(test({ ...none, since: 100, until: 100 }), true);
  t.end();
});
