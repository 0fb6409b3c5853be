import t from 'tap';
import { concat, decodeFrames, ethernet, extension, fragmentHeader, ipv4, ipv6, tcp, text } from '../support/frames.ts';

const hex = (digits: string) => new Uint8Array(Buffer.from(digits, 'hex'));
const segment6 = tcp({ version: 6 }, text(9));

t.test('a header that contradicts itself is malformed', async (t) => {
  const damage: readonly (readonly [string, number, number])[] = [
    ['version 5', 14, 0x55],
    ['header of 16 octets', 14, 0x44],
    ['header longer than the packet', 14, 0x4f],
  ];
  for (const [name, at, value] of damage) {
    const frame = ethernet(0x0800, ipv4({}, tcp({})));
    frame[at] = value;
    const { decoder, segments } = decodeFrames([{ bytes: frame }]);
    t.equal(segments.length, 0, name);
    t.strictSame(decoder.statistics.undecoded, { 'malformed-ip-header': 1 }, name);
  }
  const short = decodeFrames([{ bytes: ethernet(0x0800, ipv4({ totalLength: 19 }, tcp({}))) }]);
  t.strictSame(short.decoder.statistics.undecoded, { 'malformed-ip-header': 1 });
  const six = decodeFrames([{ bytes: ethernet(0x86dd, ipv4({}, tcp({}, text(9)))) }]);
  t.strictSame(six.decoder.statistics.undecoded, { 'malformed-ip-header': 1 });
});

t.test('options of every length are passed', async (t) => {
  for (let words = 0; words <= 10; words += 1) {
    const frame = ethernet(
      0x0800,
      ipv4({ options: new Uint8Array(words * 4).fill(1) }, tcp({ sequence: words }, text(9))),
    );
    const { segments, decoder } = decodeFrames([{ bytes: frame }]);
    t.equal(segments[0]?.sequence, words);
    t.equal(segments[0]?.length, 9);
    t.equal(decoder.statistics.badChecksums, 0);
  }
});

t.test('extension headers are passed in any order and number', async (t) => {
  const chain = extension(
    60,
    new Uint8Array(6),
    extension(
      43,
      hex('000400000000'),
      extension(60, new Uint8Array(30), extension(135, new Uint8Array(14), extension(6, new Uint8Array(6), segment6))),
    ),
  );
  const { segments, decoder } = decodeFrames([{ bytes: ethernet(0x86dd, ipv6({ next: 0 }, chain)) }]);
  t.equal(segments[0]?.length, 9);
  t.equal(decoder.statistics.badChecksums, 0);
});

t.test('an extension header longer than the packet is malformed', async (t) => {
  const frame = ethernet(0x86dd, ipv6({ next: 60 }, concat(hex('06ff'), text(70))));
  t.strictSame(decodeFrames([{ bytes: frame }]).decoder.statistics.undecoded, { 'malformed-ip-header': 1 });
});

t.test('while routing segments are left, the connection has the final destination', async (t) => {
  const final = hex('20010db8000000000000000000000001');
  const other = hex('20010db8000000000000000000000077');
  const hop = [...other];
  // Types 0 and 2 name the final destination last, type 4 (RFC 8754) first. The checksum covers the final one.
  const type0 = concat(hex('000200000000'), other, final);
  const type2 = concat(hex('020100000000'), final);
  const type4 = concat(hex('040101000000'), final, other);
  for (const data of [type0, type2, type4]) {
    const frame = ethernet(0x86dd, ipv6({ next: 43, destination: hop }, extension(6, data, segment6)));
    const { segments, decoder } = decodeFrames([{ bytes: frame }]);
    t.equal(segments[0]?.destination, '2001:db8::1');
    t.match(decoder.statistics, { checkedTcpChecksums: 1, badChecksums: 0 });
  }
});

t.test('an option area without the jumbo option, or with a damaged one, leaves the length to the frame', async (t) => {
  for (const data of ['010400000000', '000000000000', 'c20300000100', 'c2ff00000000', '01ffffffffff']) {
    const frame = ethernet(0x86dd, ipv6({ next: 0, payloadLength: 0 }, extension(6, hex(data), segment6)));
    t.equal(decodeFrames([{ bytes: frame }]).segments[0]?.length, 9, data);
  }
});

t.test('an atomic fragment is no fragment', async (t) => {
  const frame = ethernet(0x86dd, ipv6({ next: 44 }, fragmentHeader(6, 0, false, 5, segment6)));
  const { segments, decoder } = decodeFrames([{ bytes: frame }]);
  t.equal(segments.length, 1);
  t.equal(segments[0]?.ipIdentification, 0);
  t.equal(decoder.statistics.reassembledDatagrams, 0);
});
