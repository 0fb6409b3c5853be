import t from 'tap';
import type { WireStatus } from '../../src/daemon/types.ts';
import { notWatched } from '../../src/daemon/wire-companion.ts';
import { problemOfWire, type WatchedWire, WireWatch } from '../../src/daemon/wire-watch.ts';

const status = (state: WireStatus['state'], problem?: string): WireStatus => ({
  ...notWatched('prod', { interfaces: ['eth0'] }, ''),
  state,
  ...(problem === undefined ? {} : { problem }),
});

function bench(): {
  readonly told: string[];
  readonly at: (seconds: number, ...wires: readonly (WireStatus | undefined)[]) => void;
} {
  const told: string[] = [];
  let now = 0;
  let wires: readonly WatchedWire[] = [];
  const watch = new WireWatch(
    () => wires,
    (cluster, problem) => void told.push(`${cluster}: ${problem ?? 'watched'}`),
    () => now,
  );
  return {
    told,
    at: (seconds, ...those) => {
      now = seconds * 1000;
      wires = those.map((wire, index) => ({ cluster: `c${index}`, wire }));
      watch.look();
    },
  };
}

t.test('what lasts is told once, and so is its end', (t) => {
  const { told, at } = bench();
  at(0, status('running'));
  t.same(told, ['c0: watched'], 'what was told before a restart of the daemon ends');
  at(1, status('failed', 'no such interface'));
  at(10, status('failed', 'no such interface'));
  t.equal(told.length, 1);
  at(11, status('restarting', 'it ended'));
  at(60, status('failed', 'no such interface'));
  t.same(told.slice(1), ['c0: it ended']);
  at(61, status('running'));
  at(99, status('running'));
  t.same(told.slice(2), ['c0: watched']);
  t.end();
});

t.test('a capture that is begun anew at once is told to nobody', (t) => {
  const { told, at } = bench();
  at(0, status('running'));
  for (let second = 1; second < 100; second += 3) {
    at(second, status('restarting', 'it ended'));
    at(second + 1, status('running'));
  }
  t.same(told, ['c0: watched']);
  t.end();
});

t.test('clusters are told apart; one without a wire has no problem, one that comes anew is told anew', (t) => {
  const { told, at } = bench();
  at(0, undefined, status('failed', 'no tool'));
  at(10, undefined, status('failed', 'no tool'));
  t.same(told, ['c0: watched', 'c1: no tool']);
  at(11);
  at(12, undefined);
  t.same(told.slice(2), ['c0: watched']);
  t.end();
});

t.test('a wire that runs or was stopped has no problem; one that has not begun has', (t) => {
  t.equal(problemOfWire(undefined), undefined);
  t.equal(problemOfWire(status('running')), undefined);
  t.equal(problemOfWire(status('stopped')), undefined);
  t.equal(problemOfWire(status('failed', 'no tool')), 'no tool');
  t.type(problemOfWire(status('restarting')), 'string');
  t.end();
});
