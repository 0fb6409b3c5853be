import t from 'tap';
import type { LiveEvent } from '../../src/daemon/live-events.ts';
import { StoreFailure } from '../../src/daemon/store/failure.ts';
import type { DaemonStatus, WaiverStatus } from '../../src/daemon/types.ts';
import { bench, fakeTime, loaded, pass, settled } from './scheduling.ts';

t.beforeEach(() => fakeTime());

function heard(events: readonly LiveEvent[]): DaemonStatus[] {
  return events.filter(({ event }) => event === 'status').map(({ data }) => data as DaemonStatus);
}

function following(bed: ReturnType<typeof bench>): () => DaemonStatus[] {
  const events: LiveEvent[] = [];
  bed.daemon.live.subscribe((event) => void events.push(event));
  return () => heard(events);
}

t.test('a reload is told to readers of live events, done or refused', async (t) => {
  const bed = bench(loaded([{ schedule: 'none' }]), 'instant');
  const statuses = following(bed);
  bed.daemon.start();
  await settled();
  t.strictSame(statuses(), [], 'what is so at the start is no news');
  bed.next.load = () => Promise.reject(new Error('flinkprobe.yaml:3:1: no such key'));
  await bed.daemon.reload();
  t.match(statuses(), [{ lastReload: { ok: false, problem: /no such key/ } }]);
  bed.next.load = async () => loaded([{ schedule: 'none' }, { name: 'other', schedule: 'none' }]);
  await bed.daemon.reload();
  const last = statuses().at(-1);
  t.match(last, { lastReload: { ok: true }, clusters: [{ cluster: 'prod' }, { cluster: 'other' }] });
  await pass(30_000);
  t.equal(statuses().at(-1), last, 'and nothing more, where nothing changes');
  await bed.daemon.stop();
});

t.test('a store that fails is told within five seconds, and told again when it works', async (t) => {
  const bed = bench(loaded([{ schedule: 'none' }]), 'instant');
  const statuses = following(bed);
  bed.daemon.start();
  await settled();
  bed.store.writing = 'full';
  bed.daemon.runNow('prod', 'request');
  await pass(6_000);
  t.match(statuses(), [{ store: { state: 'failing', problem: /./ } }]);
  bed.store.writing = undefined;
  await pass(16_000);
  t.match(statuses().at(-1), { store: { state: 'open' } });
  await bed.daemon.stop();
});

t.test('waivers stay as they were last known while the store cannot say what they match', async (t) => {
  const waiver: WaiverStatus = {
    id: 'metrics-in-clear',
    owner: 'sec-eng',
    reason: 'inside the mesh',
    until: '2026-12-31',
    scope: { channel: 'prometheus' },
    state: 'active',
    matched: 2,
  };
  let state: 'open' | 'failing' = 'open';
  const bed = bench(loaded([{ schedule: 'none' }]), 'instant', {
    waivers: () => {
      if (state === 'failing') throw new StoreFailure('locked', 'history.db: another program writes it');
      return [waiver];
    },
  });
  bed.daemon.start();
  await settled();
  t.strictSame(bed.daemon.waivers(), [waiver]);
  state = 'failing';
  t.strictSame(bed.daemon.waivers(), [waiver]);
  t.match(bed.daemon.status().store, { state: 'failing', problem: /another program/ });
  state = 'open';
  bed.daemon.waivers();
  t.match(bed.daemon.status().store, { state: 'open' });
  await bed.daemon.stop();
});
