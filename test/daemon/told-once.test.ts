import t from 'tap';
import { type Teller, ToldOnce } from '../../src/daemon/told-once.ts';

type Kind = 'restart' | 'member-gone' | 'member-back';
type Step = readonly [by: Teller, kind: Kind, place: string, isNews: boolean, afterMs?: number];

const CASES: Readonly<Record<string, readonly Step[]>> = {
  'a restart that the pods see first': [
    ['pods', 'restart', 'a', true],
    ['rest', 'member-gone', 'a', false],
    ['rest', 'restart', 'a', false],
  ],
  'a restart that REST sees first, and at once': [
    ['rest', 'restart', 'a', true],
    ['pods', 'member-gone', 'a', false],
    ['pods', 'restart', 'a', false],
  ],
  'each half by another': [
    ['rest', 'member-gone', 'a', true],
    ['pods', 'restart', 'a', true],
    ['rest', 'restart', 'a', false],
  ],
  'a successor elsewhere, the old one leaving the list of REST late': [
    ['pods', 'member-gone', 'a', true],
    ['pods', 'restart', 'b', true],
    ['rest', 'member-back', 'b', false],
    ['rest', 'member-gone', 'a', false, 60_000],
  ],
  'two restarts, each seen by both': [
    ['pods', 'restart', 'a', true],
    ['rest', 'restart', 'a', false],
    ['pods', 'restart', 'a', true],
    ['rest', 'restart', 'a', false],
  ],
  'a restart seen by both, and a member that is lost afterwards, though its pod runs': [
    ['pods', 'restart', 'a', true],
    ['rest', 'restart', 'a', false],
    ['rest', 'member-gone', 'a', true],
  ],
  'restarts of others': [
    ['pods', 'restart', 'a', true],
    ['rest', 'restart', 'b', true],
  ],
  'what was told long ago is another event': [
    ['pods', 'restart', 'a', true],
    ['rest', 'restart', 'a', true, 180_000],
  ],
  'one that tells the same again': [
    ['rest', 'restart', 'a', true],
    ['rest', 'restart', 'a', true],
  ],
  'one that never registered, restarted again': [
    ['pods', 'restart', 'a', true],
    ['pods', 'restart', 'a', true],
    ['rest', 'restart', 'a', false],
    ['rest', 'restart', 'a', true],
  ],
};

for (const [name, steps] of Object.entries(CASES)) {
  t.test(`told once: ${name}`, async (t) => {
    let now = 1_000_000;
    const told = new ToldOnce(() => now);
    for (const [index, [by, kind, place, isNews, afterMs = 1000]] of steps.entries()) {
      now += afterMs;
      t.equal(told.isNews(by, { kind, places: [place, `${by}-${index}`] }), isNews, `${index}: ${by} ${kind} ${place}`);
    }
  });
}
