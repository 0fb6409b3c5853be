import path from 'node:path';
import t from 'tap';
import { loader } from '../../src/cli/daemon-parts.ts';
import { Mounted } from '../support/mounted.ts';
import { temporary } from '../support/temporary.ts';
import { get, hasSignals, start, statusOf, until } from './daemon-process.ts';

/** Settings and waivers in a ConfigMap or a Secret, as Kubernetes mounts it. */

const settings = (...clusters: readonly string[]): string =>
  [
    'version: 1',
    'waivers: waivers.yaml',
    'clusters:',
    ...clusters.map((name) => `  - { name: ${name}, schedule: none, targets: ["rest=127.0.0.1:1"] }`),
  ].join('\n');

const waivers = (...ids: readonly string[]): string =>
  [
    'version: 1',
    'waivers:',
    ...ids.map((id) => `  - { id: ${id}, scope: { member: tm }, owner: sec, reason: lab, until: 2099-01-01 }`),
  ].join('\n');

const files = (clusters: readonly string[], ids: readonly string[]): Readonly<Record<string, string>> => ({
  'flinkprobe.yaml': settings(...clusters),
  'waivers.yaml': waivers(...ids),
});

t.test('what is read after a swap of ..data is all of the new: settings, and the waivers beside them', async (t) => {
  const mounted = new Mounted(temporary(), files(['prod'], ['a']));
  const load = loader({ config: mounted.at('flinkprobe.yaml') });
  const before = await load();
  t.equal(before.settings.waivers, mounted.at('waivers.yaml'), 'by the path that stays, not by that of one swap');
  mounted.write(files(['prod', 'other'], ['b', 'c']));
  const after = await load();
  t.strictSame(
    [before, after].map((one) => [one.settings.clusters.map(({ name }) => name), one.waivers.map(({ id }) => id)]),
    [
      [['prod'], ['a']],
      [
        ['prod', 'other'],
        ['b', 'c'],
      ],
    ],
  );
  mounted.write({ 'flinkprobe.yaml': settings('prod'), 'waivers.yaml': 'version: 2\n' });
  await t.rejects(load(), /waivers\.yaml:1:/);
});

t.test('a daemon that is told to reload after a swap works by what was mounted then', hasSignals, async (t) => {
  const folder = temporary();
  const mounted = new Mounted(temporary(), files(['prod'], ['a']));
  const place = { folder, settings: mounted.at('flinkprobe.yaml'), store: path.join(folder, 'h.db'), write: () => {} };
  const one = await start(t, place, '--state.path', place.store);
  const named = async (): Promise<readonly string[]> => (await statusOf(one)).clusters.map(({ cluster }) => cluster);
  t.strictSame(await named(), ['prod']);
  mounted.write(files(['prod', 'other'], ['b']));
  one.child.kill('SIGHUP');
  await until(async () => ((await named()).length === 2 ? true : undefined), one.log);
  t.match(JSON.stringify(await get(`${one.url}/api/v1/waivers`)), /"id":"b"/);
  one.child.kill('SIGTERM');
  t.equal(await one.ended, 0);
});
