import { renameSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { Remembered } from '../../src/daemon/remembered.ts';
import { StoreFailure } from '../../src/daemon/store/failure.ts';
import { openStore } from '../../src/daemon/store/store.ts';
import { StoreWriter, WAITING_MAX } from '../../src/daemon/store-writer.ts';
import type { Run } from '../../src/daemon/types.ts';
import { temporary } from '../support/temporary.ts';
import { MemoryStore } from './memory-store.ts';
import { fakeTime, now, pass, reportNow } from './scheduling.ts';

interface Kept {
  readonly store: MemoryStore;
  readonly writer: StoreWriter;
  readonly lines: string[];
  readonly told: string[];
  readonly commit: (id: string, cluster?: string) => void;
}

function kept(): Kept {
  fakeTime();
  const store = new MemoryStore();
  const lines: string[] = [];
  const told: string[] = [];
  const writer = new StoreWriter({
    store: store.asStore,
    log: (level, _, text) => void lines.push(`${level} ${text}`),
    clock: now,
  });
  const commit = (id: string, cluster = 'prod'): void => {
    const run: Run = { id, cluster, trigger: 'schedule', report: reportNow() };
    writer.commit(run, { resolveAfter: 1 }, () => void told.push(id));
  };
  return { store, writer, lines, told, commit };
}

const idsOf = ({ store }: Kept): string[] => store.kept.map(({ id }) => id);

t.test('what the store takes is told at once', async (t) => {
  const one = kept();
  one.commit('a');
  t.strictSame([idsOf(one), one.told, one.writer.problem], [['a'], ['a'], undefined]);
});

t.test('runs that meet a full disk are kept, in order, when there is space', async (t) => {
  const one = kept();
  one.store.writing = 'full';
  one.commit('a');
  one.commit('b');
  one.writer.note({ cluster: 'prod', kind: 'restart', at: reportNow().startedAt, text: 'x' });
  t.match(one.writer.problem, /full/);
  t.strictSame([one.told, one.writer.waiting], [[], 3]);
  t.equal(one.store.asked, 1, 'a store that fails is not asked for each of them');
  await pass(10_000);
  t.strictSame(one.told, []);
  one.store.writing = undefined;
  await pass(10_000);
  t.strictSame([idsOf(one), one.told, one.store.happened.length], [['a', 'b'], ['a', 'b'], 1]);
  t.equal(one.writer.problem, undefined);
  t.strictSame(one.lines, ['error the store cannot be written'], 'told once');
});

t.test('of too much the oldest is given up, and that is told', async (t) => {
  const one = kept();
  one.store.writing = 'locked';
  for (let count = 0; count <= WAITING_MAX; count++) one.commit(`r${count}`);
  t.strictSame([one.writer.waiting, one.writer.lost], [WAITING_MAX, 1]);
  t.match(one.lines.at(-1), /run r0 of prod is lost/);
  one.store.writing = undefined;
  await pass(10_000);
  t.equal(idsOf(one)[0], 'r1');
});

t.test('damage in the history of one cluster keeps no other from being kept', async (t) => {
  const one = kept();
  const { commit } = one.store;
  one.store.commit = (run) => {
    if (run.cluster === 'hurt') one.store.writing = 'damaged';
    try {
      return commit.call(one.store, run);
    } finally {
      one.store.writing = undefined;
    }
  };
  one.commit('a', 'hurt');
  one.commit('b', 'whole');
  await pass(10_000);
  t.strictSame([idsOf(one), one.writer.waiting], [['b'], 1]);
  t.match(one.writer.problem, /damaged/);
});

t.test('a defect of ours is told and holds up nobody', async (t) => {
  const one = kept();
  const { commit } = one.store;
  one.store.commit = () => {
    throw new TypeError('undefined is no function');
  };
  one.commit('a');
  one.store.commit = commit;
  one.commit('b');
  t.strictSame([idsOf(one), one.writer.lost], [['b'], 1]);
  t.match(one.lines[0], /a defect.*run a of prod is not kept/);
});

t.test('who is told of a run may note something: each is written once', async (t) => {
  const one = kept();
  const run: Run = { id: 'a', cluster: 'prod', trigger: 'start', report: reportNow() };
  one.writer.commit(run, { resolveAfter: 1 }, () =>
    one.writer.note({ cluster: 'prod', kind: 'rotation-served', at: run.report.startedAt, text: 'x' }),
  );
  t.strictSame([idsOf(one), one.store.happened.length], [['a'], 1]);
});

t.test('a write that is not worth a second try is a problem until the store takes one again', async (t) => {
  const one = kept();
  one.store.writing = 'full';
  t.equal(
    one.writer.write(() => one.store.retain(), -1),
    -1,
  );
  t.match(one.writer.problem, /full/);
  one.store.writing = undefined;
  await pass(10_000);
  t.equal(one.writer.problem, undefined, 'nobody had to run anything');
});

t.test('what could be read once more is no problem any more', async (t) => {
  const one = kept();
  const fail = (): number => {
    throw new Error('damaged page');
  };
  t.equal(one.writer.read('size', fail, 7), 7);
  one.writer.read('other', () => 1, 0);
  t.equal(one.writer.problem, 'damaged page');
  one.writer.read('size', () => 1, 0);
  t.equal(one.writer.problem, undefined);
});

t.test('what nobody reads again is read again by the timer, and writes do not wait for that', async (t) => {
  const one = kept();
  let state: 'locked' | 'open' = 'locked';
  const read = (): number => {
    if (state === 'locked') throw new StoreFailure('locked', 'history.db: locked');
    return 1;
  };
  t.equal(one.writer.read('waivers', read, 0), 0);
  t.equal(one.writer.problem, 'history.db: locked');
  one.commit('a');
  t.strictSame(one.told, ['a']);
  await pass(10_000);
  t.equal(one.writer.problem, 'history.db: locked', 'it still cannot be read');
  state = 'open';
  await pass(10_000);
  t.equal(one.writer.problem, undefined);
});

t.test('what could not be read of a cluster that went is no problem', async (t) => {
  const one = kept();
  const remembered = new Remembered(one.store.asStore, one.writer, now);
  one.store.runs = () => {
    throw new StoreFailure('damaged', 'history.db: damaged');
  };
  remembered.cluster('prod');
  t.match(one.writer.problem, /damaged/);
  remembered.forget('prod');
  t.equal(one.writer.problem, undefined);
  await pass(60_000);
  t.equal(one.writer.problem, undefined);
});

t.test('what waits is told as it last was known, while the store cannot say', async (t) => {
  const one = kept();
  const remembered = new Remembered(one.store.asStore, one.writer, now);
  one.store.outbox.size = () => 1;
  t.equal(remembered.figures().outbox, 1);
  await pass(3_000);
  one.store.outbox.size = () => {
    throw new StoreFailure('damaged', 'history.db: damaged');
  };
  remembered.forget('prod');
  t.equal(remembered.figures().outbox, 1);
  t.match(one.writer.problem, /damaged/);
});

t.test('a file that was moved away and put back is used again after ten seconds', async (t) => {
  fakeTime();
  const file = path.join(temporary(), 'history.db');
  const store = openStore({ path: file });
  t.teardown(() => store.close());
  const writer = new StoreWriter({ store, log: () => undefined, clock: now });
  const remembered = new Remembered(store, writer, now);
  renameSync(file, `${file}.away`);
  remembered.cluster('prod');
  remembered.figures();
  writer.note({ cluster: 'prod', kind: 'restart', at: reportNow().startedAt, text: 'x' });
  t.match(writer.problem, /removed or replaced/);
  renameSync(`${file}.away`, file);
  await pass(10_000);
  t.equal(writer.problem, undefined);
  t.equal(store.happenings('prod', { limit: 1 }).length, 1);
});

t.test('at the end a last try is made, and what is lost is told', async (t) => {
  const one = kept();
  one.store.writing = 'full';
  one.commit('a');
  one.store.writing = undefined;
  one.writer.stop();
  t.strictSame(idsOf(one), ['a']);
  const other = kept();
  other.store.writing = 'full';
  other.commit('b');
  other.writer.stop();
  t.match(other.lines.at(-1), /run b of prod is lost: the daemon ends/);
});
