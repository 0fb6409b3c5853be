import { mkdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { watchedStores } from '../../src/cli/daemon-stores.ts';
import { RotationWatch } from '../../src/daemon/rotation-watch.ts';
import type { Happening, Run, Trigger } from '../../src/daemon/types.ts';
import type { Finding, Report } from '../../src/model/report.ts';
import { temporary } from '../support/temporary.ts';
import { accused, asked, unanswered } from './cluster-report.ts';
import { MemoryStore } from './memory-store.ts';
import { fakeTime, loaded, now, pass, reportNow } from './scheduling.ts';

t.beforeEach(fakeTime);

interface Watched {
  readonly folder: string;
  readonly happened: string[];
  readonly triggers: Trigger[];
  readonly watch: RotationWatch;
  readonly ran: (change?: Partial<Report>, trigger?: Trigger) => void;
}

async function watched(
  t: Test,
  folder: string,
  files: () => readonly string[],
  store: MemoryStore = new MemoryStore(),
): Promise<Watched> {
  const happened: string[] = [];
  const triggers: Trigger[] = [];
  const watch = new RotationWatch({
    settings: loaded([{}]).settings.clusters[0]!,
    files: async () => files(),
    trigger: (trigger) => void triggers.push(trigger),
    note: ({ kind, text }: Happening) => void happened.push(`${kind}: ${text}`),
    publish: () => undefined,
    keep: () => undefined,
    store: store.asStore,
    log: () => undefined,
    clock: now,
  });
  t.teardown(() => watch.stop());
  await pass(10_000);
  const ran = (change: Partial<Report> = {}, trigger: Trigger = 'rotation'): void => {
    const run: Run = {
      id: 'r',
      cluster: 'prod',
      trigger,
      report: reportNow({ verdict: 'pass', ...change }),
    };
    watch.committed(run);
  };
  return { folder, happened, triggers, watch, ran };
}

const WRITTEN = /^rotation-written: .*internal\.p12 was written; .*restart every process/;

t.test('a store that is written is told when it has settled, and verified once', async (t) => {
  const folder = temporary();
  const file = path.join(folder, 'internal.p12');
  writeFileSync(file, 'old');
  const one = await watched(t, folder, () => [file]);
  writeFileSync(file, 'half of');
  await pass(10_000);
  t.strictSame(one.triggers, [], 'it may still be being written');
  writeFileSync(file, 'half of it and more');
  await pass(20_000);
  t.strictSame(one.triggers, ['rotation']);
  t.equal(one.happened.length, 1);
  t.match(one.happened[0], WRITTEN);
});

t.test('the swap of ..data that Kubernetes makes is seen, and only where the content is other', async (t) => {
  const folder = temporary();
  const generation = (name: string, content: string): void => {
    mkdirSync(path.join(folder, name));
    writeFileSync(path.join(folder, name, 'internal.p12'), content);
    symlinkSync(name, path.join(folder, '..data_tmp'));
    renameSync(path.join(folder, '..data_tmp'), path.join(folder, '..data'));
  };
  generation('..2026_11_22_1', 'old');
  const file = path.join(folder, 'internal.p12');
  symlinkSync(path.join('..data', 'internal.p12'), file);
  const one = await watched(t, folder, () => [file]);
  generation('..2026_11_22_2', 'old');
  await pass(30_000);
  t.strictSame(one.happened, [], 'another key of the Secret was changed');
  generation('..2026_11_22_3', 'new');
  await pass(20_000);
  t.strictSame(one.triggers, ['rotation']);
  t.match(one.happened[0], WRITTEN);
});

t.test('a store that is away for a while, or touched, is no rotation; one that comes is', async (t) => {
  const folder = temporary();
  const file = path.join(folder, 'internal.p12');
  const later = path.join(folder, 'later.p12');
  writeFileSync(file, 'old');
  const one = await watched(t, folder, () => [file, later]);
  renameSync(file, `${file}.away`);
  await pass(20_000);
  renameSync(`${file}.away`, file);
  await pass(20_000);
  utimesSync(file, 1, 1);
  await pass(20_000);
  t.strictSame(one.triggers, []);
  writeFileSync(later, 'new');
  await pass(20_000);
  t.strictSame(one.triggers, ['rotation']);
});

t.test('a rotation is closed by a run that began later and found nobody with another certificate', async (t) => {
  const folder = temporary();
  const file = path.join(folder, 'internal.p12');
  writeFileSync(file, 'old');
  const one = await watched(t, folder, () => [file]);
  writeFileSync(file, 'new');
  await pass(20_000);
  one.ran({ startedAt: '2026-11-22T12:00:01.000Z' });
  one.ran({}, 'live');
  one.ran({ verdict: 'inconclusive' });
  one.ran({ complete: false });
  one.ran({ observations: [] });
  t.equal(one.happened.length, 1, 'none of these closes it');
  one.ran();
  one.ran();
  t.equal(one.happened.length, 2, 'closed once');
  t.match(one.happened[1], /^rotation-served: .*internal\.p12/);
});

const told = (member: string): Finding => accused(member, { ruleId: 'served-certificate-is-not-the-one-on-disk' });
const LISTED = (...members: string[]): Pick<Report, 'processes'> => ({
  processes: members.map((member) => ({ component: 'taskmanager', member, source: 'rest', identity: member })),
});

/** A watch whose store was written just now. */
async function written(t: Test): Promise<Watched & { readonly file: string; readonly store: MemoryStore }> {
  const folder = temporary();
  const file = path.join(folder, 'internal.p12');
  const store = new MemoryStore();
  writeFileSync(file, 'old');
  const one = await watched(t, folder, () => [file], store);
  writeFileSync(file, 'new');
  await pass(20_000);
  t.equal(one.happened.length, 1);
  return { ...one, file, store };
}

t.test('a rotation stays open until each member that was told was seen with a certificate of the store', async (t) => {
  const one = await written(t);
  one.ran({ findings: [told('tm-1'), told('tm-2')] });
  one.ran({}, 'live');
  one.ran({ observations: [asked('tm-1'), unanswered('tm-2')], verdict: 'inconclusive' });
  one.ran({ observations: [asked('tm-1'), asked('tm-3')] });
  t.equal(one.happened.length, 1, 'nobody saw what tm-2 serves now');
  one.ran({ observations: [asked('tm-1'), asked('tm-2')], findings: [told('tm-1')] });
  t.equal(one.happened.length, 1, 'tm-1 serves another one again');
  one.ran({ observations: [asked('tm-1'), asked('tm-2', { channel: 'rest' })], verdict: 'inconclusive' });
  t.match(one.happened[1], /^rotation-served: .*internal\.p12/, 'each was seen, whatever else is open');
});

t.test('a member that was told and is gone does not keep a rotation open', async (t) => {
  const one = await written(t);
  one.ran({ findings: [told('tm-2')], ...LISTED('tm-1', 'tm-2') });
  one.ran({ observations: [asked('tm-1')], ...LISTED('tm-1') });
  await pass(9 * 60_000, 10_000);
  one.ran({ observations: [asked('tm-1')], ...LISTED('tm-1') });
  t.equal(one.happened.length, 1, 'it may come back');
  await pass(60_000, 10_000);
  one.ran({ observations: [asked('tm-1')], ...LISTED('tm-1') });
  t.match(one.happened[1], /^rotation-served: /);
});

t.test('an open rotation outlives the daemon and a change of settings, with the members that were told', async (t) => {
  const one = await written(t);
  one.ran({ findings: [told('tm-2')] });
  await one.watch.stop();
  const next = await watched(t, one.folder, () => [one.file], one.store);
  next.ran({ observations: [asked('tm-1')] });
  t.strictSame(next.happened, []);
  next.ran({ observations: [asked('tm-2')] });
  t.match(next.happened, [/^rotation-served: /]);
  await next.watch.stop();
  const last = await watched(t, one.folder, () => [one.file], one.store);
  last.ran();
  t.strictSame(last.happened, [], 'closed once');
});

t.test('a store that is written while nobody watches is a rotation when somebody does again', async (t) => {
  const one = await written(t);
  one.ran();
  await one.watch.stop();
  writeFileSync(one.file, 'newer');
  const next = await watched(t, one.folder, () => [one.file], one.store);
  await pass(20_000);
  t.match(next.happened, [WRITTEN]);
  t.strictSame(next.triggers, ['rotation']);
});

t.test('a rotation of a file that the settings name no longer is forgotten', async (t) => {
  const one = await written(t);
  await one.watch.stop();
  const next = await watched(t, one.folder, () => [], one.store);
  next.ran();
  t.strictSame(next.happened, []);
});

t.test(
  'what the store remembered and nobody can read is left, and a store that fails costs nothing but that',
  async (t) => {
    const store = new MemoryStore();
    store.values.set('rotations prod', '{');
    const folder = temporary();
    const file = path.join(folder, 'internal.p12');
    writeFileSync(file, 'old');
    const one = await watched(t, folder, () => [file], store);
    store.writing = 'full';
    writeFileSync(file, 'new');
    await pass(20_000);
    t.match(one.happened, [WRITTEN]);
    store.writing = undefined;
    await pass(10_000);
    t.match(store.values.get('rotations prod'), /internal\.p12/, 'tried again');
  },
);

t.test('stores that a configuration names are watched, those of its folder and absolute ones', async (t) => {
  const folder = temporary();
  mkdirSync(path.join(folder, 'conf'));
  mkdirSync(path.join(folder, 'ssl'));
  const absolute = path.join(folder, 'ssl', 'truststore.p12');
  writeFileSync(path.join(folder, 'ssl', 'internal.p12'), '');
  writeFileSync(
    path.join(folder, 'conf', 'flink-conf.yaml'),
    `security.ssl.internal.enabled: true
security.ssl.internal.keystore: ssl/internal.p12
security.ssl.internal.truststore: ${absolute}
security.ssl.rest.keystore: /not/switched/on.p12
`,
  );
  const files = await watchedStores({
    keystores: [{ file: '/given.p12' }],
    configurations: [`jm=${path.join(folder, 'conf')}`],
  });
  t.strictSame([...files].sort(), ['/given.p12', path.join(folder, 'ssl', 'internal.p12'), absolute].sort());
});

t.test('a configuration that names another store later is followed', async (t) => {
  const folder = temporary();
  const [old, other] = [path.join(folder, 'old.p12'), path.join(folder, 'internal.p12')];
  writeFileSync(old, 'old');
  writeFileSync(other, 'other');
  let files = [old];
  const one = await watched(t, folder, () => files);
  files = [other];
  await pass(60_000);
  writeFileSync(old, 'nobody reads it');
  writeFileSync(other, 'renewed');
  await pass(30_000);
  t.equal(one.happened.length, 1);
  t.match(one.happened[0], WRITTEN);
});
