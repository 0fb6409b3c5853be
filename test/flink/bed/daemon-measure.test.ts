import t from 'tap';
import { DAEMON_JOURNEYS, soundCase, type Wanted } from './daemon-journeys.ts';
import { daemonDiffers, measured, spansOf } from './daemon-measure.ts';
import type { Sighting, Told } from './daemon-places.ts';
import { standIns } from './keystores.ts';
import { NAMESPACE_SITE } from './members.ts';
import { versionNamed } from './versions.ts';

const WANTED: Wanted = {
  ...{ what: 'clear data', rules: ['plaintext-channel'], channels: ['taskmanager-data'], member: 'tm2' },
  ...{ setting: 'taskmanager.data.ssl.enabled', witness: 'wire' },
};

const FAULT: Told = {
  ...{ rule: 'plaintext-channel', channel: 'taskmanager-data', member: 'tm2' },
  ...{ fix: 'taskmanager.data.ssl.enabled: true', witnesses: ['wire'] },
};

const at = (seconds: number, ...open: readonly Told[]): Sighting => ({ place: 'websocket', at: seconds * 1000, open });
const spans = (...sightings: readonly Sighting[]): ReturnType<typeof spansOf> =>
  spansOf([WANTED], ['websocket'], sightings, 10_000);

t.test('seconds are counted from the fault, and from the sound restart', async (t) => {
  const found = spans(at(11), at(14.25, FAULT), at(20, FAULT), at(42));
  t.same(measured(found, { counted: 12_000, soundAt: 30_000 }), [
    { what: 'clear data', told: { websocket: 2.3 }, resolved: { websocket: 12 } },
  ]);
  t.same(daemonDiffers({ within: 30, resolution: 'wanted' }, found, { counted: 12_000 }), []);
});

t.test('what was told before, of another member, channel, rule or witness does not count', async (t) => {
  const others: readonly Partial<Told>[] = [
    { member: 'tm1' },
    { channel: 'blob-server' },
    { rule: 'expired-certificate' },
    { witnesses: ['handshake'] },
  ];
  const sightings = [at(9, FAULT), at(10, ...others.map((one) => ({ ...FAULT, ...one })))];
  t.same(daemonDiffers({ within: 30, resolution: 'wanted' }, spans(...sightings), { counted: 10_000 }), [
    'clear data: not told by websocket',
  ]);
});

t.test('too late, never resolved and without the setting are told', async (t) => {
  const found = spans(at(50, { ...FAULT, fix: '' }), at(51), at(52, { ...FAULT, fix: 'other: true' }));
  t.same(daemonDiffers({ within: 30, resolution: 'wanted' }, found, { counted: 12_000 }), [
    'clear data: told by websocket after 38.0 s, wanted are 30 s',
    'clear data: never resolved by websocket',
    'clear data: websocket does not name taskmanager.data.ssl.enabled',
  ]);
});

t.test('where the end is only measured, one that is missing is no difference', async (t) => {
  const found = spans(at(14, FAULT));
  t.same(daemonDiffers({ within: 30, resolution: 'measured' }, found, { counted: 12_000 }), []);
});

t.test('a metric names rules alone, and a wish may be of some places', async (t) => {
  const metric: Sighting = {
    ...{ place: 'metrics', at: 11_000 },
    open: [{ rule: 'plaintext-channel', channel: '', member: '', fix: '' }],
  };
  const gone: Sighting = { ...metric, at: 12_000, open: [] };
  const found = spansOf([WANTED], ['metrics'], [metric, gone], 0);
  t.same(daemonDiffers({ within: 30, resolution: 'wanted' }, found, { counted: 10_000 }), []);
  t.same(spansOf([{ ...WANTED, places: ['websocket'] }], ['metrics'], [metric], 0), []);
});

t.test('the fault is that of tm2 alone, and each start has an id of its own', async (t) => {
  const [dataOff] = DAEMON_JOURNEYS;
  const faulty = soundCase({ tm1: 'a', tm2: 'b' }, dataOff!.fault);
  const of = (member: 'jm' | 'tm1' | 'tm2'): Readonly<Record<string, string>> =>
    faulty.settings(member, standIns().named, NAMESPACE_SITE, versionNamed('2.3.0'));
  t.equal(of('tm2')['taskmanager.data.ssl.enabled'], 'false');
  t.equal(of('tm2')['security.ssl.internal.enabled'], 'true', 'RPC speaks TLS: it registers');
  t.equal(of('tm1')['taskmanager.data.ssl.enabled'], undefined);
  t.same(
    [of('jm'), of('tm1'), of('tm2')].map((one) => one['taskmanager.resource-id']),
    [undefined, 'a', 'b'],
  );
  const allOff = DAEMON_JOURNEYS.find(({ name }) => name === 'all-off')!;
  t.equal(allOff.fault(standIns().named)['security.ssl.internal.enabled'], undefined);
});
