import t from 'tap';
import { gatewayRelease } from './gateway.ts';
import { matrix } from './matrix.ts';
import type { CaseResult } from './results.ts';

const RESULT: CaseResult = {
  ...{ version: '1.20.5', case: 'beside', digest: 'x', at: '2026-01-02T03:04:05.678Z', site: 'namespaces', java: 'J' },
  ...{ machine: '2 cores', gateway: '1.20.3', seconds: { all: 12 }, identity: 'shown', strays: [] },
  ...{ wire: 'equal', verify: 'equal', audit: 'equal', quiet: 'equal', noise: [] },
  endpoints: [
    { channel: 'blob-server', member: 'jm', truth: 'T2m', wire: '=', verify: '=', lines: 3 },
    { channel: 'taskmanager-rpc', member: 'tm1', truth: 'T2m', wire: 'not seen', verify: '=', lines: 5 },
    { channel: 'taskmanager-rpc', member: 'tm2', truth: 'T2m', wire: 'not seen', verify: '=', lines: 6 },
  ],
};
const page = (...cases: readonly CaseResult[]): string =>
  matrix({ cases, journeys: [], probed: [], states: [], contradictions: [], daemons: [] });

t.test('a neighbour is named as such, and the release of a jar is read from its name', async (t) => {
  t.match(page(RESULT), /1\.20\.5 `beside`: the SQL gateway is 1\.20\.3/);
  t.notMatch(page({ ...RESULT, gateway: '1.20.5' }), /the SQL gateway is/);
  t.equal(gatewayRelease('/x/flink-sql-gateway-1.16.1.jar'), '1.16.1');
});

t.test('a case is equal only where all witnesses and the logs are', async (t) => {
  t.match(page(RESULT), /\*\*1 of \d+\*\* clusters/);
  const loud: CaseResult = { ...RESULT, quiet: 'differs', noise: ['blob-server of jm: 9 lines, 8 are the limit'] };
  const text = page(loud);
  t.match(text, /\*\*0 of \d+\*\* clusters/);
  t.match(text, /1\.20\.5 `beside`: logs: blob-server of jm: 9 lines/);
  t.match(text, /\| not equal, or broken \| 1 \|/);
});

t.test('lines are summed by channel and by what the port speaks', async (t) => {
  const text = page(RESULT);
  t.match(text, /\| taskmanager-rpc \| TLS \| 2 \| 5\.5 \| 6 \|/);
  t.match(text, /\| blob-server \| TLS \| 1 \| 3\.0 \| 3 \|/);
});
