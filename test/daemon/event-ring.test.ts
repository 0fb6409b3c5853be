import fc from 'fast-check';
import t from 'tap';
import { EventRing } from '../../src/daemon/event-ring.ts';
import { RunIds } from '../../src/daemon/run-id.ts';
import type { Happening } from '../../src/daemon/types.ts';

const happening = (text: string): Happening => ({
  cluster: null,
  kind: 'reload',
  at: '2026-11-22T12:00:00.000Z',
  text,
});

t.test('a reader that resumes is given exactly what came after, or told that it has to begin anew', async () => {
  fc.assert(
    fc.property(fc.nat(50), fc.integer({ min: 1, max: 20 }), fc.nat(60), (published, capacity, since) => {
      const ring = new EventRing(() => 0, capacity);
      for (let count = 1; count <= published; count++) ring.publish('happening', happening(String(count)));
      const events = ring.since(since);
      const isThere = since <= published && since >= published - Math.min(published, capacity);
      if (!isThere) return events === undefined;
      const expected = Array.from({ length: published - since }, (_, index) => since + index + 1);
      return (
        JSON.stringify(events?.map(({ seq }) => seq)) === JSON.stringify(expected) &&
        (events ?? []).every(({ seq, data }) => (data as Happening).text === String(seq))
      );
    }),
  );
});

t.test('who leaves while an event is told costs nobody else the event', async (t) => {
  const ring = new EventRing(() => 0);
  const told: string[] = [];
  const leave = ring.subscribe(() => {
    told.push('a');
    leave();
  });
  ring.subscribe(() => void told.push('b'));
  ring.publish('happening', happening('x'));
  ring.publish('happening', happening('y'));
  t.strictSame(told, ['a', 'b', 'b']);
});

t.test(
  'names of runs are ULIDs: 26 characters that sort as they were given, also when the clock is set back',
  async () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 45 }), { minLength: 2, maxLength: 50 }), (clocks) => {
        const ids = new RunIds();
        const names = clocks.map((clock) => ids.next(clock));
        return (
          names.every((name) => /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(name)) &&
          names.every((name, index) => index === 0 || name > names[index - 1]!)
        );
      }),
    );
  },
);

t.test('the time of a name is that of the ULID specification', async (t) => {
  // github.com/ulid/spec: 01ARYZ6S41 is 1469918176385.
  t.equal(new RunIds().next(1_469_918_176_385).slice(0, 10), '01ARYZ6S41');
});
