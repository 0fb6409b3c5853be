import t from 'tap';
import type { DaemonResult } from './daemon-run.ts';
import { daemonTable } from './matrix-daemon.ts';

const what = 'the data plane of tm2 in clear';
const RESULT: DaemonResult = {
  ...{ kind: 'daemon', version: '2.3.0', journey: 'data-off', digest: 'x', at: 'x', java: 'x', machine: 'x' },
  ...{ seconds: {}, verdict: 'differs', differences: ['round 2: too late'], told: [] },
  rounds: [
    [{ what, told: { websocket: 9.1, page: 9.2 }, resolved: { websocket: 20 } }],
    [{ what, told: { websocket: 31, page: 9 }, resolved: { websocket: 8.5 } }],
  ],
};

t.test('the worst of all rounds stands in the table, and what differs below it', async (t) => {
  const lines = daemonTable([RESULT]);
  t.ok(
    lines.includes(`| \`data-off\` | 2.3.0 | ≠ | ${what} | 30 s | 31.0 s (20.0 s) | 9.2 s | – | – | – |`),
    lines.join('\n'),
  );
  t.ok(lines.includes('- 2.3.0 `data-off`: round 2: too late'));
  t.same(daemonTable([]), []);
});
