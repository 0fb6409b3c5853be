import fc from 'fast-check';
import t from 'tap';
import { formatIpv6 } from '../../src/capture/connection.ts';
import { TcpLimits } from '../../src/capture/limits.ts';
import { TcpFlag } from '../../src/capture/segment.ts';
import { type SegmentFacts, track } from '../support/tcp.ts';

const { SYN, ACK, FIN, RST } = TcpFlag;

const opening = (isn = 100, answer = 900): SegmentFacts[] => [
  { from: 0, sequence: isn, flags: SYN },
  { from: 1, sequence: answer, acknowledgement: isn + 1, flags: SYN | ACK },
  { from: 0, sequence: isn + 1, acknowledgement: answer + 1 },
];
const say = (from: 0 | 1, sequence: number, payload: string, more: Partial<SegmentFacts> = {}): SegmentFacts => ({
  from,
  sequence,
  payload,
  acknowledgement: 1,
  ...more,
});

t.test('hands on both streams of an orderly connection and says how each side ended', (t) => {
  const { outcomes, tracker } = track([
    ...opening(),
    say(0, 101, 'hello'),
    say(1, 901, 'world', { acknowledgement: 106 }),
    { from: 0, sequence: 106, acknowledgement: 906, flags: FIN | ACK },
    { from: 1, sequence: 906, acknowledgement: 107, flags: FIN | ACK },
  ]);
  t.equal(outcomes.length, 1);
  t.strictSame(outcomes[0]!.streams, ['hello', 'world']);
  t.strictSame(outcomes[0]!.ended, ['fin', 'fin']);
  t.equal(outcomes[0]!.connection.host(0), '10.77.0.2');
  t.equal(outcomes[0]!.connection.host(1), '10.77.0.1');
  t.equal(tracker.statistics.retransmissions, 0);
  t.end();
});

t.test('puts segments in order whatever order they come in, without a gap', (t) => {
  const text = 'the quick brown fox jumps over the lazy dog';
  const parts = text.match(/.{1,5}/g)!.map((payload, index) => say(0, 101 + index * 5, payload));
  fc.assert(
    fc.property(fc.shuffledSubarray(parts, { minLength: parts.length }), (shuffled) => {
      const { outcomes } = track([...opening(), ...shuffled]);
      return outcomes[0]!.streams[0] === text && outcomes[0]!.connection.directions[0].gaps === 0;
    }),
    { numRuns: 300 },
  );
  t.end();
});

t.test('gives the same stream however segments overlap and repeat', (t) => {
  const text = 'abcdefghijklmnopqrstuvwxyz0123456789';
  const piece = fc.tuple(fc.nat(text.length - 1), fc.integer({ min: 1, max: 12 }));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const random = pieces.map(([at, length]) => say(0, 101 + at, text.slice(at, at + length)));
      const whole = text.match(/.{1,9}/g)!.map((payload, index) => say(0, 101 + index * 9, payload));
      const { outcomes } = track([...opening(), ...random, ...whole]);
      return outcomes[0]!.streams[0] === text;
    }),
    { numRuns: 300 },
  );
  t.end();
});

t.test('streams go on when sequence numbers wrap', (t) => {
  const { outcomes } = track([
    ...opening(0xffff_fffa),
    say(0, 0xffff_fffb, '01234'),
    say(0, 2, '789'),
    say(0, 0, '56'),
  ]);
  t.equal(outcomes[0]!.streams[0], '0123456789');
  t.end();
});

t.test('a hole that the peer acknowledged is skipped a second later, with its length', (t) => {
  const { outcomes } = track([
    ...opening(),
    say(0, 101, 'aaaa'),
    say(0, 110, 'cccc'),
    { from: 1, sequence: 901, acknowledgement: 114 },
    say(0, 114, 'dddd'),
    { from: 1, sequence: 901, acknowledgement: 118, seconds: 1001 },
    say(0, 118, 'eeee', { seconds: 1001 }),
  ]);
  t.equal(outcomes[0]!.streams[0], 'aaaa[5]ccccddddeeee');
  t.equal(outcomes[0]!.connection.directions[0].gapBytes, 5);
  t.end();
});

t.test('data that is captured after its acknowledgement is not lost', (t) => {
  const { outcomes } = track([
    ...opening(),
    { from: 1, sequence: 901, acknowledgement: 109 },
    say(0, 105, 'bbbb'),
    { from: 1, sequence: 901, acknowledgement: 109 },
    say(0, 101, 'aaaa'),
  ]);
  t.equal(outcomes[0]!.streams[0], 'aaaabbbb');
  t.equal(outcomes[0]!.connection.directions[0].gaps, 0);
  t.end();
});

t.test(
  'a hole that nobody acknowledges is skipped when the window of held bytes is full, and the limit is named',
  (t) => {
    const size = 60_000;
    const count = Math.ceil(TcpLimits.heldBytesPerDirection / size) + 2;
    const late = Array.from({ length: count }, (_, index) => say(0, 111 + index * size, 'x'.repeat(size)));
    const { outcomes, tracker } = track([...opening(), ...late]);
    t.match(outcomes[0]!.streams[0], /^\[10\]x/);
    t.equal(outcomes[0]!.connection.directions[0].offset, 10 + count * size);
    t.ok(outcomes[0]!.connection.limits.has('heldBytesPerDirection'));
    t.equal(tracker.statistics.limits.get('heldBytesPerDirection'), 1);
    t.end();
  },
);

t.test('what waits behind a hole when the capture ends is handed on behind its gap', (t) => {
  const { outcomes } = track([...opening(), say(0, 101, 'aa'), say(0, 105, 'cc')]);
  t.equal(outcomes[0]!.streams[0], 'aa[2]cc');
  t.end();
});

t.test('bytes that were acknowledged but never captured are a gap at the end', (t) => {
  const { outcomes } = track([
    ...opening(),
    say(0, 101, 'aaaa'),
    { from: 1, sequence: 901, acknowledgement: 135 },
    { from: 0, sequence: 135, acknowledgement: 901, flags: FIN | ACK },
  ]);
  t.equal(outcomes[0]!.streams[0], 'aaaa[30]');
  t.end();
});

t.test('a segment cut by the snaplen gives what was captured, and a gap for the rest', (t) => {
  const { outcomes } = track([...opening(), say(0, 101, 'abcdefgh', { captured: 3 }), say(0, 109, 'ij')]);
  t.equal(outcomes[0]!.streams[0], 'abc[5]ij');
  t.equal(outcomes[0]!.connection.directions[0].cutBytes, 5);
  t.equal(outcomes[0]!.connection.directions[0].gapBytes, 0);
  t.end();
});

t.test(
  'addresses and ports used again by a new SYN are a new connection, with or without an end of the old one',
  (t) => {
    const once = [...opening(100), say(0, 101, 'old')];
    const ended = [...once, { from: 0 as const, sequence: 104, acknowledgement: 901, flags: RST | ACK }];
    for (const before of [once, ended]) {
      const { outcomes } = track([...before, ...opening(5000, 7000), say(0, 5001, 'new')]);
      t.strictSame(
        outcomes.map((one) => one.streams[0]),
        ['old', 'new'],
      );
    }
    t.end();
  },
);

t.test('a repeated SYN is no new connection', (t) => {
  const { outcomes } = track([{ from: 0, sequence: 100, flags: SYN }, ...opening(), say(0, 101, 'data')]);
  t.equal(outcomes.length, 1);
  t.end();
});

t.test('a SYN that is captured behind its data belongs to it', (t) => {
  const { outcomes } = track([say(0, 101, 'data'), { from: 0, sequence: 100, flags: SYN }, say(0, 105, 'more')]);
  t.equal(outcomes.length, 1);
  t.equal(outcomes[0]!.streams[0], 'datamore');
  t.end();
});

t.test('without a SYN the stream starts with the first byte seen', (t) => {
  const { outcomes } = track([say(1, 70_000, 'abc'), say(0, 5, 'x', { acknowledgement: 70_003 })]);
  t.equal(outcomes.length, 1);
  t.equal(outcomes[0]!.connection.syn, 'not-seen');
  t.strictSame(outcomes[0]!.streams, ['abc', 'x']);
  t.equal(outcomes[0]!.connection.host(0), '10.77.0.1', 'side 0 is who was seen first');
  t.end();
});

t.test('where only the SYN-ACK was captured, its sender is the server', (t) => {
  const { outcomes } = track([{ from: 1, sequence: 900, acknowledgement: 101, flags: SYN | ACK }, say(0, 101, 'hi')]);
  t.equal(outcomes[0]!.connection.host(0), '10.77.0.2');
  t.equal(outcomes[0]!.connection.synAck, 'seen');
  t.end();
});

t.test('a reset that carries data hands it on', (t) => {
  const { outcomes } = track([...opening(), say(1, 901, 'bye', { flags: RST | ACK })]);
  t.strictSame(outcomes[0]!.streams, ['', 'bye']);
  t.strictSame(outcomes[0]!.ended, ['cut', 'rst']);
  t.end();
});

t.test('lone acknowledgements and resets open no connection', (t) => {
  const { outcomes } = track([
    { from: 0, sequence: 1, acknowledgement: 2 },
    { from: 1, sequence: 2, acknowledgement: 1, flags: RST | ACK },
  ]);
  t.equal(outcomes.length, 0);
  t.end();
});

t.test('bytes that are sent twice are retransmissions, a packet captured twice is a duplicate', (t) => {
  const { tracker, outcomes } = track([
    ...opening(),
    say(0, 101, 'data', { ipIdentification: 7, checksum: 99 }),
    say(0, 101, 'data', { ipIdentification: 7, checksum: 99, interfaceId: 1 }),
    say(0, 101, 'data', { ipIdentification: 8, checksum: 98 }),
  ]);
  t.equal(outcomes[0]!.streams[0], 'data');
  t.equal(tracker.statistics.duplicates, 1);
  t.equal(tracker.statistics.retransmissions, 1);
  t.end();
});

t.test('the same addresses and ports in two VLANs are two connections', (t) => {
  const inVlan = (encapsulation: number, isn: number, text: string): SegmentFacts[] =>
    [...opening(isn), say(0, isn + 1, text)].map((one) => ({ ...one, encapsulation }));
  const [a, b] = [inVlan(1, 100, 'tenant one'), inVlan(2, 40_000, 'tenant two')];
  const { outcomes, tracker } = track(a.flatMap((one, index) => [one, b[index]!]));
  t.strictSame(outcomes.map((one) => one.streams[0]).sort(), ['tenant one', 'tenant two']);
  t.equal(tracker.statistics.duplicates, 0);
  t.end();
});

t.test('one packet seen inside and outside of a tunnel is one connection, its copies are duplicates', (t) => {
  const plain = [...opening(), say(0, 101, 'once')].map((one, index) => ({
    ...one,
    ipIdentification: 500 + index,
    checksum: index,
  }));
  const copies = plain.map((one) => ({ ...one, encapsulation: 3, interfaceId: 1 }));
  const { outcomes, tracker } = track(plain.flatMap((one, index) => [one, copies[index]!]));
  t.equal(outcomes.length, 1);
  t.equal(outcomes[0]!.streams[0], 'once');
  t.equal(tracker.statistics.duplicates, plain.length);
  t.equal(tracker.statistics.retransmissions, 0);
  t.end();
});

t.test('more connections than may be open close the one that was idle for longest, and say so', (t) => {
  const many = Array.from({ length: 40 }, (_, index) =>
    opening(100).map((one) => ({ ...one, ports: [10_000 + index, 6123] as const })),
  ).flat();
  const { outcomes, tracker } = track(many, { openConnections: 16 });
  t.equal(outcomes.length, 40);
  t.ok((tracker.statistics.limits.get('openConnections') ?? 0) >= 24);
  t.ok(outcomes[0]!.connection.limits.has('openConnections'));
  t.end();
});

t.test('never hands on a byte twice, whatever the segments say', (t) => {
  const facts = fc.record({
    from: fc.constantFrom(0 as const, 1 as const),
    sequence: fc.oneof(fc.integer({ min: 90, max: 160 }), fc.nat(0xffff_ffff)),
    acknowledgement: fc.oneof(fc.integer({ min: 90, max: 160 }), fc.nat(0xffff_ffff)),
    flags: fc.nat(0x3f),
    payload: fc.string({ maxLength: 20 }),
    captured: fc.nat(20),
    seconds: fc.integer({ min: 1000, max: 1100 }),
    encapsulation: fc.nat(2),
  });
  // The recorder throws where an offset does not follow the one before.
  fc.assert(
    fc.property(fc.array(facts, { maxLength: 60 }), (list) => {
      track(list);
    }),
    { numRuns: 2000 },
  );
  t.end();
});

t.test('prints IPv6 addresses as RFC 5952 recommends', (t) => {
  const words = (text: string): Int32Array =>
    Int32Array.from(text.match(/.{8}/g)!.map((word) => Number.parseInt(word, 16) | 0));
  // Addresses and their text: RFC 5952 sections 1, 4.2.2 and 4.2.3.
  t.equal(formatIpv6(words('20010db8000000000001000000000001')), '2001:db8::1:0:0:1');
  t.equal(formatIpv6(words('20010db8000000010001000100010001')), '2001:db8:0:1:1:1:1:1');
  t.equal(formatIpv6(words('20010000000000010000000000000001')), '2001:0:0:1::1');
  t.equal(formatIpv6(words('00000000000000000000000000000001')), '::1');
  t.equal(formatIpv6(words('00000000000000000000000000000000')), '::');
  t.end();
});
