import path from 'node:path';
import t from 'tap';
import { openStore } from '../../src/daemon/store/store.ts';
import { StoreWriter } from '../../src/daemon/store-writer.ts';
import type { Happening, Store } from '../../src/daemon/types.ts';
import { WaiverWatch } from '../../src/daemon/waiver-watch.ts';
import type { Waiver } from '../../src/model/waiver.ts';
import { temporary } from '../support/temporary.ts';
import { accused, runOf } from './cluster-report.ts';
import { bench, fakeTime, loaded, settled } from './scheduling.ts';

const DAY = 24 * 3_600_000;
const NOON = Date.parse('2026-11-22T12:00:00Z');

function waiver(change: Partial<Waiver> = {}): Waiver {
  const scope = { rule: 'strangers-accepted', member: 'tm-1' };
  return { id: 'w1', scope, owner: 'data team', reason: 'is rebuilt', until: '2026-11-22', ...change };
}

/** A history in which tm-1 and tm-2 let strangers in. */
function history(): Store {
  const store = openStore({ path: path.join(temporary(), 'history.db') });
  t.teardown(() => store.close());
  store.commit(runOf(1, { findings: [accused('tm-1'), accused('tm-2')] }), { resolveAfter: 1 });
  return store;
}

/** One life of a daemon over a history. */
class Life {
  readonly told: Happening[] = [];
  waivers: readonly Waiver[];
  now: number = NOON;
  readonly watch: WaiverWatch;

  constructor(store: Store, waivers: readonly Waiver[], now: number = NOON) {
    this.waivers = waivers;
    this.now = now;
    const clock = (): number => this.now;
    this.watch = new WaiverWatch({
      store,
      writer: new StoreWriter({ store, log: () => undefined, clock }),
      waivers: () => this.waivers,
      clusters: () => ['prod', 'other'],
      note: (happening) => void this.told.push(happening),
      clock,
    });
    this.watch.look();
  }

  look(change: { readonly waivers?: readonly Waiver[]; readonly now?: number }): readonly string[] {
    this.waivers = change.waivers ?? this.waivers;
    this.now = change.now ?? this.now;
    this.watch.look();
    return this.told.splice(0).map(({ cluster, kind, at, text }) => `${at} ${cluster} ${kind}: ${text}`);
  }
}

t.test('a waiver whose last day is over is told once, while what it covered stands', (t) => {
  const life = new Life(history(), [waiver()]);
  t.strictSame(life.look({ now: Date.parse('2026-11-22T23:59:59Z') }), [], 'the last day belongs to it');
  t.strictSame(life.look({ now: Date.parse('2026-11-23T00:00:00Z') }), [
    '2026-11-23T00:00:00.000Z prod waiver-ended: the waiver w1 of data team ended on 2026-11-22: 1 finding that it covered counts again',
  ]);
  t.strictSame(life.look({ now: NOON + DAY }), []);
  t.end();
});

t.test('one that covers nothing that stands, or that was extended, ends without a word', (t) => {
  const nothing = new Life(history(), [waiver({ scope: { member: 'tm-9' } })]);
  t.strictSame(nothing.look({ now: NOON + DAY }), []);
  const elsewhere = new Life(history(), [waiver({ scope: { cluster: 'other' } })]);
  t.strictSame(elsewhere.look({ now: NOON + DAY }), []);
  const extended = new Life(history(), [waiver()]);
  t.strictSame(extended.look({ waivers: [waiver({ until: '2026-12-22' })] }), []);
  t.strictSame(extended.look({ now: NOON + DAY }), []);
  const resolved = history();
  const life = new Life(resolved, [waiver()]);
  resolved.commit(runOf(2), { resolveAfter: 1 });
  t.strictSame(life.look({ now: NOON + DAY }), []);
  t.end();
});

t.test('one that left the file, or covers less, is told with what counts again; what another covers does not', (t) => {
  const all = waiver({ scope: { rule: 'strangers-accepted' } });
  const gone = new Life(history(), [all]);
  t.match(gone.look({ waivers: [] }), [
    /w1 of data team \(until 2026-11-22\) was taken out .*: 2 findings .* count again/,
  ]);
  const narrowed = new Life(history(), [all]);
  t.match(narrowed.look({ waivers: [waiver()] }), [/w1 of data team covers less than before: 1 finding /]);
  const replaced = new Life(history(), [all]);
  t.strictSame(replaced.look({ waivers: [waiver({ ...all, id: 'w2' })] }), []);
  t.end();
});

t.test('an end while the daemon was down is told at its start, and not at the next', (t) => {
  const store = history();
  new Life(store, [waiver()]);
  const next = new Life(store, [waiver()], NOON + 2 * DAY);
  t.match(
    next.told.map(({ text }) => text),
    [/ended on 2026-11-22: 1 finding/],
  );
  t.strictSame(new Life(store, [waiver()], NOON + 2 * DAY).told, []);
  t.strictSame(new Life(history(), [waiver()], NOON + 2 * DAY).told, [], 'it never held');
  t.end();
});

t.test('a history that cannot be read now loses no end', (t) => {
  const store = history();
  const life = new Life(store, [waiver()]);
  const { findings } = store;
  store.findings = () => {
    throw new Error('locked');
  };
  t.strictSame(life.look({ now: NOON + DAY }), []);
  store.findings = findings;
  t.match(life.look({}), [/ended on/]);
  for (const text of ['no JSON', '{}', '[1, {"id": "w1"}]']) {
    store.memory.remember('waivers that held', text);
    t.strictSame(new Life(store, [waiver()]).told, [], text);
  }
  t.end();
});

t.test('the daemon notes and publishes it at a reload that takes the waiver away, and when its day ends', async (t) => {
  fakeTime();
  const store = history();
  const first = {
    ...loaded([{ schedule: 'none' }]),
    waivers: [waiver(), waiver({ id: 'w2', scope: { member: 'tm-2' } })],
  };
  const { daemon, next } = bench(first, 'held', { store });
  daemon.start();
  await settled();
  next.load = async () => ({ ...first, waivers: first.waivers.slice(1) });
  await daemon.reload();
  const { mock } = await import('node:test');
  mock.timers.tick(12 * 3_600_000 + 60_000);
  const ends = (): string[] =>
    store.happenings('prod', { limit: 9 }).flatMap(({ kind, text }) => (kind === 'waiver-ended' ? [text] : []));
  t.match(ends(), [/w2 .* ended on/, /w1 .* taken out/]);
  t.match(
    daemon.live.since(0)?.flatMap(({ event, data }) => (event === 'happening' ? [(data as Happening).kind] : [])),
    ['daemon-started', 'waiver-ended', 'reload'],
  );
  mock.timers.reset();
});
