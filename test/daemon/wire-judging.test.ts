import t, { type Test } from 'tap';
import type { WireStatus } from '../../src/daemon/types.ts';
import { LiveWire, type WireMeans } from '../../src/daemon/wire.ts';
import type { Input, Observation, Report } from '../../src/model/report.ts';
import type { CaptureRun } from '../../src/observe/captures.ts';
import type { LiveView } from '../../src/observe/live.ts';
import { until } from '../support/until.ts';

/** When what was seen is judged: by a wire whose view and judgement a test steers. */

interface Bench {
  readonly wire: LiveWire;
  /** Judgements that were begun, and how they end. */
  readonly judged: { readonly run: CaptureRun; readonly end: (error?: Error) => void }[];
  readonly hear: (kind: 'plaintext' | 'tls', host: string) => void;
  readonly states: () => readonly WireStatus['state'][];
  inputs: Input[];
}

const HOUR_MS = 3_600_000;

function bench(t: Test, everyMs = HOUR_MS): Bench {
  let onConnection: ((told: { observation: Observation }) => void) | undefined;
  let segments = 0;
  const judged: Bench['judged'] = [];
  const states: WireStatus['state'][] = [];
  const view = {
    totals: { packets: 0, drops: 0, connections: 0, clearBytes: 0, tlsBytes: 0 },
    get segments() {
      return segments;
    },
    look: () => undefined,
    snapshot: () => ({ witness: { kept: [{}] }, inputs: one.inputs.splice(0) }),
  } as unknown as LiveView;
  const means: Omit<WireMeans, 'settings'> = {
    cluster: 'prod',
    filter: 'tcp',
    openView: (options) => {
      onConnection = options.onConnection;
      return view;
    },
    judge: (run) =>
      new Promise((resolve, reject) => {
        judged.push({ run, end: (error) => (error === undefined ? resolve({} as Report) : reject(error)) });
      }),
    keep: () => undefined,
    publish: (event, data) => void (event === 'wire' && states.push((data as WireStatus).state)),
    log: () => undefined,
    clock: () => Date.now(),
  };
  const wire = new LiveWire({ ...means, settings: { interfaces: [], folder: t.testdir(), everyMs } });
  const hear: Bench['hear'] = (kind, host) => {
    segments++;
    const observation = { kind, channel: 'taskmanager-data', server: { host, port: 6121 }, client: { host: 'x' } };
    onConnection!({ observation: observation as unknown as Observation });
  };
  const one: Bench = { wire, judged, hear, states: () => states, inputs: [] };
  wire.start();
  t.teardown(async () => {
    const stopped = wire.stop();
    const ending = setInterval(() => {
      for (const { end } of judged) end();
    }, 20);
    await stopped;
    clearInterval(ending);
  });
  return one;
}

t.test('clear text that is new while a judgement goes on is judged when that has ended', async (t) => {
  const { judged, hear } = bench(t);
  hear('plaintext', 'a');
  await until('judged', () => judged.length === 1);
  hear('plaintext', 'b');
  await new Promise((resolve) => setTimeout(resolve, 2500));
  t.equal(judged.length, 1, 'one at a time');
  judged[0]!.end();
  await until('judged, too', () => judged.length === 2);
});

t.test('clear text that was mended is judged early again, what just goes on is not', async (t) => {
  const { judged, hear } = bench(t);
  hear('plaintext', 'a');
  await until('judged', () => judged.length === 1);
  judged[0]!.end();
  hear('plaintext', 'a');
  await new Promise((resolve) => setTimeout(resolve, 2500));
  t.equal(judged.length, 1);
  hear('tls', 'a');
  hear('plaintext', 'a');
  await until('judged again', () => judged.length === 2);
  judged[1]!.end();
});

t.test('what cannot be judged is said in the status, and judged again with what was lost before', async (t) => {
  const one = bench(t, 200);
  const lossy = { kind: 'interface', path: 'lo', quality: { captureDrops: 7, problems: [] } } as unknown as Input;
  one.inputs = [lossy];
  await until('judged', () => one.judged.length === 1);
  one.judged[0]!.end(new Error('conf: no such file'));
  await until('failed', () => one.wire.status.state === 'failed');
  t.match(one.wire.status.problem, /cannot be judged: conf: no such file/);
  t.ok(one.states().includes('failed'), 'published');
  await until('tried again', () => one.judged.length === 2);
  t.same(one.judged[1]!.run.inputs, [lossy]);
  one.judged[1]!.end();
  await until('in order', () => one.wire.status.state === 'running');
  t.equal(one.wire.status.problem, undefined);
  await new Promise((resolve) => setTimeout(resolve, 500));
  t.equal(one.judged.length, 2, 'nothing else was seen');
});
