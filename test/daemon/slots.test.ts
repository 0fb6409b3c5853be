import fc from 'fast-check';
import t from 'tap';
import { type Held, Slots } from '../../src/daemon/slots.ts';
import { settled } from './scheduling.ts';

const open = (): AbortSignal => new AbortController().signal;

t.test('who asks for more than there are is given all', async (t) => {
  const slots = new Slots(10);
  const held = await slots.take(64, open());
  t.equal(held.count, 10);
  held.release();
  held.release();
  t.equal(slots.used, 0, 'given back once');
});

t.test('many are not overtaken by few: first come, first served', async (t) => {
  const slots = new Slots(10);
  const order: string[] = [];
  const first = await slots.take(8, open());
  const many = slots.take(9, open()).then(() => order.push('many'));
  void slots.take(1, open()).then(() => order.push('few'));
  await settled();
  t.strictSame(order, [], 'one is free, and kept for who came first');
  first.release();
  await many;
  await settled();
  t.strictSame(order, ['many', 'few']);
});

t.test('who stops waiting lets the others go on', async (t) => {
  const slots = new Slots(2);
  const abort = new AbortController();
  await slots.take(1, open());
  const waits = slots.take(2, abort.signal);
  const next = slots.take(1, open());
  abort.abort(new Error('no more'));
  await t.rejects(waits, new Error('no more'));
  t.equal((await next).count, 1);
  await t.rejects(slots.take(1, AbortSignal.abort(new Error('before'))), new Error('before'));
});

t.test('fewer connections hold from when enough came back; more hold at once', async (t) => {
  const slots = new Slots(4);
  const [one, two] = [await slots.take(2, open()), await slots.take(2, open())];
  slots.resize(2);
  let third: Held | undefined;
  void slots.take(1, open()).then((held) => {
    third = held;
  });
  one.release();
  await settled();
  t.equal(third, undefined, 'two of two are in use');
  two.release();
  await settled();
  t.equal(third?.count, 1);
  const fourth = slots.take(4, open());
  slots.resize(8);
  t.equal((await fourth).count, 4);
});

t.test('never more are in use than there are, and everybody has a turn', async () => {
  const step = fc.oneof(
    fc.record({ what: fc.constant('take' as const), count: fc.integer({ min: 1, max: 12 }) }),
    fc.record({ what: fc.constant('release' as const), count: fc.nat(20) }),
    fc.record({ what: fc.constant('leave' as const), count: fc.nat(20) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 8 }), fc.array(step, { maxLength: 40 }), async (total, steps) => {
      const slots = new Slots(total);
      const held: Held[] = [];
      const waiting: AbortController[] = [];
      for (const { what, count } of steps) {
        if (what === 'take') {
          const abort = new AbortController();
          waiting.push(abort);
          slots.take(count, abort.signal).then(
            (one) => {
              waiting.splice(waiting.indexOf(abort), 1);
              held.push(one);
            },
            () => undefined,
          );
        }
        if (what === 'release') held.splice(count % Math.max(1, held.length), 1)[0]?.release();
        if (what === 'leave') waiting.splice(count % Math.max(1, waiting.length), 1)[0]?.abort();
        await settled();
        const sum = held.reduce((all, one) => all + one.count, 0);
        if (sum !== slots.used || sum > total) throw new Error(`${sum} of ${total} in use`);
      }
      while (held.length > 0) {
        held.shift()!.release();
        await settled();
      }
      if (slots.waiting > 0 || slots.used > 0) throw new Error('somebody waits for ever');
    }),
    { numRuns: 60 },
  );
});
