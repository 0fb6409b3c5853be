import t from 'tap';
import { bench, fakeTime, loaded, settled } from './scheduling.ts';

t.beforeEach(fakeTime);

t.test('a cluster of which the wire alone tells is known, and why nobody is asked is said', async (t) => {
  const wire = { targets: [] as string[], active: 'off' as const, capture: { folder: '/captures', every: '30s' } };
  const { daemon, begun } = bench(loaded([wire]));
  daemon.start();
  await settled();
  t.match(daemon.runNow('prod', 'request'), { refused: 'wire-only', problem: /its wire is judged every 30 s/ });
  t.match(daemon.runNow('prod', 'signal'), { refused: 'wire-only' });
  t.equal(daemon.runNow('nobody', 'request'), undefined);
  t.equal(begun.length, 0);
});

t.test('captures of a cluster are analysed anew when somebody asks', async (t) => {
  const { daemon, begun, going } = bench(loaded([{ targets: [], schedule: 'none', captures: ['/captures/one.pcap'] }]));
  daemon.start();
  await settled();
  going[0]!.end();
  await settled();
  t.match(daemon.runNow('prod', 'request'), { id: /^[0-9A-Z]{26}$/ });
  await settled();
  t.strictSame(
    begun.map(({ trigger, settings }) => [trigger, settings.captures]),
    [
      ['start', ['/captures/one.pcap']],
      ['request', ['/captures/one.pcap']],
    ],
  );
  going[0]!.end();
});

t.test('while a run by the settings before ends, a new one is refused for now', async (t) => {
  const { daemon, going, next } = bench(loaded([{ schedule: 'none' }]));
  daemon.start();
  await settled();
  next.load = async () => loaded([{ schedule: 'none', targets: ['jm:6124'] }]);
  await daemon.reload();
  t.match(daemon.runNow('prod', 'request'), { refused: 'not-now', problem: /being set up/ });
  going[0]!.end({ complete: false });
  await settled();
  t.match(daemon.runNow('prod', 'request'), { id: /./ });
  going[0]!.end();
});

t.test('a cluster that must not be asked has runs where there are files to read', async (t) => {
  const wire = { targets: [], active: 'off' as const, schedule: 'none' as const, capture: { folder: '/captures' } };
  const { daemon, begun, going } = bench(loaded([{ ...wire, logs: ['jm=/logs/jobmanager.log'] }]));
  daemon.start();
  await settled();
  t.equal(begun.length, 1);
  going[0]!.end();
  await settled();
  t.match(daemon.runNow('prod', 'request'), { id: /./ });
  await settled();
  going[0]!.end();
});
