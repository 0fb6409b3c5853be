import t from 'tap';
import { StoreFailure } from '../../src/daemon/store/failure.ts';
import { accused, reportOf } from '../daemon/cluster-report.ts';
import { until } from '../support/until.ts';
import { NOW, StandIn, served } from './stand-in.ts';

interface Line {
  readonly record: string;
  readonly id?: string;
  readonly report?: unknown;
}

const linesOf = (text: string): Line[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);

t.test('the history comes whole, one JSON object a line', async (t) => {
  const control = new StandIn(['prod']);
  const runs = [1, 2, 3].map((at) =>
    control.commit('prod', reportOf({ at, findings: at === 2 ? [accused('tm-1')] : [] })),
  );
  control.store.note({ cluster: 'prod', kind: 'restart', at: NOW, text: 'tm-1 came back' });
  const { address } = await served(control);
  const response = await fetch(`${address}/api/v1/export`);
  t.equal(response.status, 200);
  t.equal(response.headers.get('content-type'), 'application/jsonl; charset=utf-8');
  const text = await response.text();
  t.ok(text.endsWith('}\n'));
  const lines = linesOf(text);
  t.strictSame(
    lines.map(({ record }) => record),
    ['run', 'run', 'run', 'finding', 'happening'],
  );
  for (const [index, run] of runs.entries()) {
    t.equal(lines[index]!.id, run.id);
    t.strictSame(lines[index]!.report, JSON.parse(JSON.stringify(run.report)));
  }
  t.equal((await fetch(`${address}/api/v1/export`)).status, 200, 'again, when the first is over');
});

t.test('one export at a time; who leaves makes room', async (t) => {
  const control = new StandIn(['prod']);
  const padding = Array.from({ length: 200 }, (_, index) => ({
    kind: 'target' as const,
    path: `${index}`.repeat(200),
  }));
  for (let at = 0; at < 80; at += 1) {
    control.commit('prod', reportOf({ at, change: { inputs: [...padding, { kind: 'target', path: `${at}` }] } }));
  }
  const { address } = await served(control);
  const leaving = new AbortController();
  const first = await fetch(`${address}/api/v1/export`, { signal: leaving.signal });
  t.equal(first.status, 200);
  const second = await fetch(`${address}/api/v1/export`);
  t.equal(second.status, 503);
  t.ok(Number(second.headers.get('retry-after')) > 0);
  const head = await fetch(`${address}/api/v1/export`, { method: 'HEAD' });
  t.equal(head.status, 200, 'a look at the headers takes nothing');
  leaving.abort();
  await until('room again', async () => {
    const { status, body } = await fetch(`${address}/api/v1/export`);
    await body?.cancel();
    return status === 200;
  });
});

t.test('a store that fails is 503 before the first line, and cuts the answer off behind it', async (t) => {
  const control = new StandIn(['prod']);
  const { address } = await served(control);
  const failure = new StoreFailure('damaged', 'history.db: a page is damaged');
  control.store.exportLines = () => {
    throw failure;
  };
  const refused = await fetch(`${address}/api/v1/export`);
  t.equal(refused.status, 503);
  t.match(await refused.json(), { error: /damaged/ });
  control.store.exportLines = function* () {
    yield '{"record":"run"}';
    yield '{"record":"run"}';
    throw failure;
  };
  await t.rejects(
    fetch(`${address}/api/v1/export`).then((response) => response.text()),
    'it is not taken for whole',
  );
  t.equal((await fetch(`${address}/api/v1/export?x=1`)).status, 400);
});
