import fc from 'fast-check';
import t from 'tap';
import type { ClearFollower, StreamStart } from '../../src/model/probe.ts';
import { type Conversation, conversation, feed, readConversation } from '../support/conversation.ts';
import { FLINK_PROTOCOLS, VECTORS } from '../support/flink-protocols.ts';

const talks = new Map(Object.keys(VECTORS).map((name) => [name, readConversation(name)]));
const starts: readonly StreamStart[] = ['syn', 'midstream'];

function summary(follower: ClearFollower): unknown {
  const { certainty } = follower;
  // What a follower read before it gave the connection up is nobody's business.
  return certainty === 'no' ? { certainty } : JSON.parse(JSON.stringify({ certainty, reading: follower.reading() }));
}

for (const [name, talk] of talks) {
  t.test(`${name} is ${VECTORS[name]} and nothing else`, async (t) => {
    for (const protocol of FLINK_PROTOCOLS) {
      const sure = feed(protocol, talk).certainty === 'sure';
      t.equal(sure, protocol.name === VECTORS[name], protocol.name);
    }
  });

  t.test(`${name} is not mistaken where its start was not captured`, async (t) => {
    for (const protocol of FLINK_PROTOCOLS.filter((one) => one.name !== VECTORS[name])) {
      t.not(feed(protocol, talk, { start: 'midstream' }).certainty, 'sure', protocol.name);
    }
  });

  t.test(`${name} reads the same byte by byte and in pieces of seven`, async (t) => {
    for (const protocol of FLINK_PROTOCOLS) {
      for (const start of starts) {
        const whole = summary(feed(protocol, talk, { start }));
        t.same(summary(feed(protocol, talk, { start, pieces: 1 })), whole, `${protocol.name} ${start}`);
        t.same(summary(feed(protocol, talk, { start, pieces: 7 })), whole, `${protocol.name} ${start}`);
      }
    }
  });
}

t.test('certainty is final once it is no or sure', async (t) => {
  for (const [name, talk] of talks) {
    for (const protocol of FLINK_PROTOCOLS) {
      const follower = protocol.follow(talk.start);
      const offsets: [number, number] = [0, 0];
      let final: string | undefined;
      for (const { side, bytes, frame } of talk.segments) {
        follower.feed(side, bytes, 0, bytes.length, offsets[side], frame);
        offsets[side] += bytes.length;
        if (final !== undefined && follower.certainty !== final) {
          t.fail(`${protocol.name} on ${name} went from ${final} to ${follower.certainty}`);
        }
        final = follower.certainty === 'maybe' ? final : follower.certainty;
      }
    }
  }
  t.pass('never changed');
});

t.test('first bytes are at most 64', async (t) => {
  for (const [name, talk] of talks) {
    for (const protocol of FLINK_PROTOCOLS) {
      t.ok(feed(protocol, talk).reading().firstBytes.length <= 64, `${protocol.name} on ${name}`);
    }
  }
});

t.test('no reading holds records, state or results', async (t) => {
  for (const [name, talk] of talks) {
    for (const protocol of FLINK_PROTOCOLS) {
      const { firstBytes, ...rest } = feed(protocol, talk).reading();
      const text = JSON.stringify(rest) + Buffer.from(firstBytes).toString('latin1');
      t.notMatch(text, /CARD-4111/, `${protocol.name} on ${name}`);
    }
  }
});

t.test('random bytes are never sure, from the start or in mid-stream', async () => {
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 600 });
  fc.assert(
    fc.property(bytes, bytes, (client, server) => {
      const talk = conversation([0, client], [1, server]);
      return FLINK_PROTOCOLS.every((protocol) =>
        starts.every((start) => feed(protocol, talk, { start }).certainty !== 'sure'),
      );
    }),
    { numRuns: 2000 },
  );
});

/** The same conversation with some bytes changed. */
function mutated(talk: Conversation, changes: readonly (readonly [number, number])[]): Conversation {
  const segments = talk.segments.map((segment) => ({ ...segment, bytes: segment.bytes.slice() }));
  for (const [position, value] of changes) {
    const { bytes } = segments[position % segments.length]!;
    if (bytes.length > 0) {
      bytes[Math.floor(position / segments.length) % bytes.length] = value;
    }
  }
  return { ...talk, segments };
}

const small = [...talks].filter(([name]) => !['rpc-1.20.3', 'collect-sink-1.20.3'].includes(name));
const change = fc.tuple(fc.nat(1_000_000), fc.nat(255));

t.test('damaged conversations and lost bytes never throw', async () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...small),
      fc.array(change, { maxLength: 12 }),
      fc.constantFrom(...starts),
      fc.record({ side: fc.constantFrom(0 as const, 1 as const), from: fc.nat(3000), length: fc.nat(2000) }),
      fc.constantFrom(1, 13, 500, 5000),
      ([, talk], changes, start, lose, pieces) => {
        const damaged = mutated(talk, changes);
        for (const protocol of FLINK_PROTOCOLS) {
          feed(protocol, damaged, { start, lose, pieces }).reading();
        }
        return true;
      },
    ),
    { numRuns: 400 },
  );
});

t.test('a conversation that ends anywhere never throws and is never another protocol', async (t) => {
  for (const [name, talk] of small) {
    const total = talk.segments.reduce((sum, { bytes }) => sum + bytes.length, 0);
    for (let keep = 0; keep < total; keep += Math.max(1, Math.floor(total / 150))) {
      let left = keep;
      const segments = talk.segments.map((segment) => {
        const bytes = segment.bytes.subarray(0, Math.min(left, segment.bytes.length));
        left -= bytes.length;
        return { ...segment, bytes };
      });
      for (const protocol of FLINK_PROTOCOLS) {
        const follower = feed(protocol, { ...talk, segments });
        follower.reading();
        if (protocol.name !== VECTORS[name] && follower.certainty === 'sure') {
          t.fail(`${protocol.name} is sure of ${keep} bytes of ${name}`);
        }
      }
    }
  }
  t.pass('no mistake');
});
