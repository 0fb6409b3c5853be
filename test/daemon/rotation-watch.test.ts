import { mkdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { watchedStores } from '../../src/cli/daemon-stores.ts';
import { RotationWatch } from '../../src/daemon/rotation-watch.ts';
import type { Happening, Run, Trigger } from '../../src/daemon/types.ts';
import type { Report } from '../../src/model/report.ts';
import { temporary } from '../support/temporary.ts';
import { accused } from './cluster-report.ts';
import { MemoryStore } from './memory-store.ts';
import { fakeTime, loaded, now, pass, reportNow } from './scheduling.ts';

interface Watched {
  readonly folder: string;
  readonly happened: string[];
  readonly triggers: Trigger[];
  readonly watch: RotationWatch;
  readonly ran: (change?: Partial<Report>) => void;
}

async function watched(t: Test, folder: string, files: () => readonly string[]): Promise<Watched> {
  fakeTime();
  const happened: string[] = [];
  const triggers: Trigger[] = [];
  const watch = new RotationWatch({
    settings: loaded([{}]).settings.clusters[0]!,
    files: async () => files(),
    trigger: (trigger) => void triggers.push(trigger),
    note: ({ kind, text }: Happening) => void happened.push(`${kind}: ${text}`),
    publish: () => undefined,
    keep: () => undefined,
    store: new MemoryStore().asStore,
    log: () => undefined,
    clock: now,
  });
  t.teardown(() => watch.stop());
  await pass(10_000);
  const ran = (change: Partial<Report> = {}): void => {
    const run: Run = {
      id: 'r',
      cluster: 'prod',
      trigger: 'rotation',
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
  const told = accused('tm-2', { ruleId: 'served-certificate-is-not-the-one-on-disk' });
  one.ran({ startedAt: '2026-11-22T12:00:01.000Z' });
  one.ran({ findings: [told] });
  one.ran({ verdict: 'inconclusive' });
  one.ran({ complete: false });
  one.ran({ observations: [] });
  t.equal(one.happened.length, 1, 'none of these closes it');
  one.ran();
  one.ran();
  t.equal(one.happened.length, 2, 'closed once');
  t.match(one.happened[1], /^rotation-served: .*internal\.p12/);
});

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
