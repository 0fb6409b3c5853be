import t from 'tap';
import { worstOf } from '../../src/daemon/cells.ts';
import type { ChannelCell } from '../../src/daemon/types.ts';

const cell = (
  channel: ChannelCell['channel'],
  member: string,
  verdict: ChannelCell['verdict'],
  more = {},
): ChannelCell => ({
  cluster: 'prod',
  channel,
  member,
  verdict,
  findings: [],
  ...more,
});
const told = (cells: readonly ChannelCell[]): string[] =>
  cells.map((one) => `${one.channel} ${one.member} ${one.verdict}`).sort();

t.test('the wire adds what it sees, and outweighs only by what is worse', (t) => {
  const asked = [cell('rest', 'jm', 'pass'), cell('taskmanager-data', 'tm1', 'warn')];
  const live = [cell('rest', 'jm', 'fail'), cell('taskmanager-data', 'tm1', 'pass'), cell('blob-server', 'jm', 'pass')];
  t.same(told(worstOf(asked, live)), ['blob-server jm pass', 'rest jm fail', 'taskmanager-data tm1 warn']);
  t.same(told(worstOf(asked, [])), told(asked));
  t.same(told(worstOf([], live)), told(live));
  t.end();
});

t.test('what one of both saw is not missing', (t) => {
  const missing = [
    cell('blob-server', '', 'not-seen'),
    cell('taskmanager-data', 'tm2', 'not-seen'),
    cell('rest', 'jm', 'not-seen'),
  ];
  const seen = [cell('blob-server', 'jm', 'pass'), cell('taskmanager-data', 'tm1', 'pass')];
  t.same(told(worstOf(missing, seen)), [
    'blob-server jm pass',
    'rest jm not-seen',
    'taskmanager-data tm1 pass',
    'taskmanager-data tm2 not-seen',
  ]);
  t.same(told(worstOf(seen, missing)), [
    'blob-server jm pass',
    'rest jm not-seen',
    'taskmanager-data tm1 pass',
    'taskmanager-data tm2 not-seen',
  ]);
  t.end();
});
