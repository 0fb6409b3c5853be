import fc from 'fast-check';
import t from 'tap';
import { automatonOf } from '../../src/logs/automaton.ts';
import { NEEDLES } from '../../src/logs/needles.ts';

/** Positions at which a literal or a newline ends. */
function endsIn(literals: readonly string[], text: string): number[] {
  const { next, firstEnd } = automatonOf(literals);
  const ends: number[] = [];
  let state = 0;
  for (const [at, byte] of Buffer.from(text, 'latin1').entries()) {
    state = next[(state << 8) | byte]!;
    if (state >= firstEnd) ends.push(at);
  }
  return ends;
}

t.test('finds literals where a search for each of them does', (t) => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 });
  const haystack = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\n'), maxLength: 60 });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), haystack, (literals, text) => {
      const expected = new Set<number>();
      for (const literal of [...literals, '\n']) {
        for (let at = text.indexOf(literal); at !== -1; at = text.indexOf(literal, at + 1)) {
          expected.add(at + literal.length - 1);
        }
      }
      return JSON.stringify(endsIn(literals, text)) === JSON.stringify([...expected].sort((a, b) => a - b));
    }),
    { numRuns: 300 },
  );
  t.end();
});

t.test('takes no literal across the end of a line', (t) => {
  t.strictSame(endsIn(['ab'], 'a\nb ab'), [1, 5]);
  t.end();
});

t.test('refuses literals that are empty or hold a newline', (t) => {
  t.throws(() => automatonOf(['']), RangeError);
  t.throws(() => automatonOf(['a\nb']), RangeError);
  t.end();
});

t.test('has every needle once, none inside another', (t) => {
  for (const needle of NEEDLES) {
    t.strictSame(
      NEEDLES.filter((other) => needle.includes(other)),
      [needle],
      needle,
    );
  }
  t.end();
});
