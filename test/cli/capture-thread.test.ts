import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { analyseOrder, type CaptureOrder } from '../../src/cli/capture-analysis.ts';
import { analyseInThread } from '../../src/cli/capture-thread.ts';
import type { BrokenRun } from '../../src/daemon/broken-run.ts';
import { settingsOf } from '../../src/daemon/settings-values.ts';
import type { WrittenCluster } from '../../src/daemon/settings-written.ts';
import type { Report } from '../../src/model/report.ts';
import { root } from '../support/repository.ts';
import { temporary } from '../support/temporary.ts';
import { threadProgram } from '../support/thread-program.ts';
import { until } from '../support/until.ts';

const folder = temporary();
const capture = (name: string): string => path.join(root, 'captures', `${name}.pcap.gz`);

function order(cluster: Partial<WrittenCluster>, others: Partial<CaptureOrder> = {}): CaptureOrder {
  const written = { version: 1 as const, clusters: [{ name: 'recorded', ...cluster }] };
  const settings = settingsOf(written, { folder, stateFolder: folder }).clusters[0]!;
  return { settings, trigger: 'capture', waivers: [], ...others };
}

const after = order({
  captures: [capture('1.20.3-int-dataoff')],
  configurations: ['jm', 'tm1', 'tm2'].map(
    (one) => `${one}=${path.join(root, 'captures/1.20.3-int-dataoff.conf', one)}`,
  ),
  names: path.join(root, 'captures/hosts.txt'),
});

function means(signal = new AbortController().signal): {
  signal: AbortSignal;
  tell: (line: string) => void;
  told: string[];
} {
  const told: string[] = [];
  return { signal, told, tell: (line) => void told.push(line) };
}

const broken = (run: Promise<Report>): Promise<BrokenRun> =>
  run.then(
    () => t.fail('a report came') as never,
    (error: BrokenRun) => error,
  );

t.test(
  'a thread gives the report that the same analysis gives here, baseline, waivers and lines told included',
  async (t) => {
    const settings = { ...after.settings, captures: [capture('1.20.3-int-gcm')] };
    const before = await analyseOrder({ ...after, settings }, means());
    const asked: CaptureOrder = {
      ...after,
      settings: { ...after.settings, flinkVersion: '1.20.3' },
      baseline: { id: 'r1', cluster: 'recorded', trigger: 'schedule', report: before },
      waivers: [{ id: 'w1', scope: { rule: 'plaintext-channel' }, owner: 'us', reason: 'known', until: '2999-01-01' }],
    };
    const [here, there] = [means(), means()];
    const withoutTimes = ({ startedAt: _, finishedAt: __, ...rest }: Report): object => rest;
    const expected = await analyseOrder(asked, here);
    const report = await analyseInThread(asked, there);
    t.ok(expected.findings.length > 0 && expected.comparison !== undefined, 'there is something to hand over');
    t.strictSame(withoutTimes(report), withoutTimes(expected));
    t.strictSame(there.told, here.told);
  },
);

t.test('the thread of this process goes on meanwhile', async (t) => {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await analyseInThread(after, means());
  clearInterval(timer);
  t.ok(turns > 20, `${turns} turns`);
});

t.test('an analysis that is ended tells what it saw until then, and is not complete', async (t) => {
  const stop = new AbortController();
  stop.abort();
  const report = await analyseInThread(after, means(stop.signal));
  t.equal(report.complete, false);
  t.equal(report.verdict, 'inconclusive');
});

t.test('an analysis that does not end when it is told to is left, and the run says so', async (t) => {
  const stop = new AbortController();
  const there = means(stop.signal);
  const run = broken(
    analyseInThread(after, {
      ...there,
      endWithinMs: 50,
      program: threadProgram(`port.postMessage({ kind: 'line', line: 'reads' }); for (;;);`),
    }),
  );
  await until('it reads', () => there.told.length > 0);
  stop.abort();
  const { message, report } = await run;
  t.match(message, /did not end within 0\.05 s/);
  t.match(report, { complete: false, verdict: 'inconclusive', observations: [], findings: [] });
});

t.test('what cannot be read is told as it is told here', async (t) => {
  const gone = order({ captures: [path.join(folder, 'gone.pcap')] });
  const words = await analyseOrder(gone, means()).catch((error: Error) => error);
  t.match(words, { name: 'CaptureError', message: /gone\.pcap/ });
  const { name, message } = words as Error;
  await t.rejects(analyseInThread(gone, means()), { name, message });
  const noCapture = path.join(folder, 'text.pcap');
  writeFileSync(noCapture, 'this is no capture, but a text that is long enough to be one');
  await t.rejects(analyseInThread(order({ captures: [noCapture] }), means()), { name: 'CaptureError' });
  rmSync(noCapture);
});

t.test('a thread that breaks off gives a run that names its captures and says why', async (t) => {
  const cases: readonly (readonly [string, RegExp, object?])[] = [
    [`throw new RangeError('too much of it')`, /broke off: too much of it/],
    [`process.exit(3)`, /ended without a report \(code 3\)/],
    [`0`, /ended without a report \(code 0\)/],
    [
      `const kept = []; for (;;) kept.push(new Array(1000).fill(kept.length));`,
      /broke off: it needs more than the 16 MiB/,
      { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    ],
  ];
  for (const [text, words, limits] of cases) {
    const { message, report } = await broken(
      analyseInThread(after, { ...means(), program: threadProgram(text), ...(limits === undefined ? {} : { limits }) }),
    );
    t.match(message, words);
    t.strictSame(
      report.inputs.map(({ path: file, quality }) => [file, quality?.problems.map((one) => one.message)]),
      [[after.settings.captures[0], [message]]],
    );
    t.equal(report.complete, false);
    t.equal(report.verdict, 'inconclusive');
  }
});

t.test('no secret of the settings is handed to the thread, and it keeps nobody from ending', async (t) => {
  const secret = { kind: 'file', path: '/run/secret' } as const;
  const asked: CaptureOrder = {
    ...after,
    settings: {
      ...after.settings,
      rest: { url: 'https://jm:8081', token: secret },
      keystores: [{ file: 'k.jks', password: secret }],
      internal: { identity: { file: 'k.p12', password: secret } },
      restCredentials: { identity: { file: 'r.p12', password: secret } },
    },
  };
  const echo = threadProgram(`
    port.on('message', (asked) => {
      port.postMessage({ kind: 'line', line: JSON.stringify(asked) });
      port.postMessage({ kind: 'report', report: {} });
    });
  `);
  const there = means();
  await analyseInThread(asked, { ...there, program: echo });
  t.match(there.told[0], /"captures":\[/);
  t.notMatch(there.told[0], /secret|p12|jks/);
});

/** Tells the thread that it is in with each report, and how many orders it had. */
const counting = threadProgram(`
  import { threadId } from 'node:worker_threads';
  let orders = 0;
  port.on('message', ({ kind, order }) => {
    if (kind !== 'analyse') return;
    orders++;
    if (order.settings.flinkVersion === '0') process.exit(4);
    const report = { thread: threadId, orders };
    setTimeout(() => port.postMessage({ kind: 'report', report }), order.settings.flinkVersion === '1' ? 200 : 0);
  });
`);

t.test('a thread is used again; another one goes on beside it, and after one that broke off', async (t) => {
  const ask = (flinkVersion = '2'): Promise<{ thread: number; orders: number }> => {
    const asked = { ...after, settings: { ...after.settings, flinkVersion } };
    return analyseInThread(asked, { ...means(), program: counting }) as unknown as ReturnType<typeof ask>;
  };
  const first = await ask();
  t.strictSame(await ask(), { thread: first.thread, orders: 2 });
  const [slow, beside] = await Promise.all([ask('1'), ask()]);
  t.strictSame(slow, { thread: first.thread, orders: 3 });
  t.not(beside.thread, first.thread);
  await t.rejects(ask('0'), { message: /ended without a report \(code 4\)/ });
  const last = await ask();
  t.equal(last.orders, 1);
});

t.test('an analysis that was ended does not end the next one in its thread', async (t) => {
  const stop = new AbortController();
  stop.abort();
  t.equal((await analyseInThread(after, means(stop.signal))).complete, false);
  t.equal((await analyseInThread(after, means())).complete, true);
});
