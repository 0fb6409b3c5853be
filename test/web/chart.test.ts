import t from 'tap';
import type { RunSummary } from '../../src/daemon/types.ts';
import { stepsOf, ticksOf } from '../../src/web/view-chart.ts';
import { calmCluster, calmModel, NO_FINDINGS, pageText } from './models.ts';

const DAY = '2026-11-22';

function run(time: string, failed: Partial<RunSummary['failed']> = {}): RunSummary {
  const at = `${DAY}T${time}:00.000Z`;
  return { ...calmCluster().lastRun!, id: time, startedAt: at, finishedAt: at, failed: { ...NO_FINDINGS, ...failed } };
}

t.test('runs in a row that tell the same are one step, until the next run', async (t) => {
  const runs = [
    run('04:00'),
    run('04:05'),
    run('04:10', { critical: 2, low: 1 }),
    run('04:15', { critical: 2, low: 1 }),
  ];
  const told = stepsOf(runs, `${DAY}T04:20:00.000Z`).map(
    ({ from, to, all, worst }) => `${from.slice(11, 16)} ${to.slice(11, 16)} ${all} ${worst}`,
  );
  t.strictSame(told, ['04:00 04:10 0 0', '04:10 04:20 3 2']);
  t.strictSame(stepsOf([], DAY), []);
});

t.test('a step of nothing between two of the same stays between them', async (t) => {
  const runs = [run('04:00', { high: 1 }), run('04:05'), run('04:10', { high: 1 })];
  t.strictSame(
    stepsOf(runs, runs[2]!.finishedAt).map(({ worst }) => worst),
    [1, 0, 1],
  );
});

t.test('times below the chart are whole minutes, hours or days, a minute apart at least', async (t) => {
  const at = (time: string): number => Date.parse(`${DAY}T${time}Z`);
  const told = (from: string, to: string): string[] =>
    ticksOf(at(from), at(to)).map((one) => new Date(one).toISOString().slice(11, 19));
  t.strictSame(told('04:00:10', '04:01:30'), ['04:01:00']);
  t.strictSame(told('04:00:00', '04:00:20'), ['04:00:00']);
  t.strictSame(told('04:02:00', '06:40:00'), ['04:30:00', '05:00:00', '05:30:00', '06:00:00', '06:30:00']);
  const month = ticksOf(Date.parse('2026-10-22T05:00:00Z'), at('05:00:00'));
  t.ok(month.length >= 2 && month.length <= 7, String(month.length));
  t.ok(
    month.every((one) => one % 86_400_000 === 0),
    'midnights',
  );
});

t.test('the chart is there without a script, and what happened has a letter', async (t) => {
  const runs = [run('04:10', { critical: 2 }), run('04:05'), run('04:00')];
  const happening = (time: string, text: string) =>
    ({ cluster: 'a', kind: 'restart', at: `${DAY}T${time}Z`, text }) as const;
  const happenings = [happening('04:09:01', 'second'), happening('04:09:00', 'first'), happening('03:00:00', 'before')];
  const page = pageText(calmModel({ runs, happenings }), { now: `${DAY}T04:10:00.000Z`, live: 'none' });
  const chart = /<div id="chart".*?<\/svg>/s.exec(page)?.[0] ?? '';
  t.match(chart, '<title>04:00:00 to 04:10:00 UTC: 0 failures, 0 critical or high</title>');
  t.equal([...chart.matchAll(/<line class="mark"/g)].length, 2, 'what was before has no place');
  t.equal([...chart.matchAll(/text-anchor="middle">R</g)].length, 1, 'two letters would stand on each other');
  t.notMatch(chart, /NaN|Infinity/);
  t.notMatch(pageText(calmModel({ runs: runs.slice(1) })), 'id="chart"', 'two runs are no line');
});
