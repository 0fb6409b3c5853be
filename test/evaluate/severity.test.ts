import t from 'tap';
import { isAtLeast, runVerdict, worstSeverity } from '../../src/evaluate/severity.ts';
import type { Coverage, Finding } from '../../src/model/report.ts';

const found = (change: Partial<Finding>): Finding => ({
  ruleId: 'r',
  severity: 'medium',
  verdict: 'fail',
  channel: 'rest',
  title: '',
  message: '',
  expected: '',
  observed: '',
  evidence: [],
  witnesses: { wire: 'fail', handshake: 'not-heard', promise: 'not-heard', record: 'not-heard' },
  remediation: { text: '', settings: {}, command: null },
  references: [],
  fingerprint: 'f',
  waived: null,
  ...change,
});

const covered = (change: Partial<Coverage>): Coverage => ({
  channel: 'rest',
  expectedEndpoints: 0,
  seenEndpoints: 0,
  verdict: 'not-seen',
  witnesses: [],
  ...change,
});

t.test('orders severities from critical to info', async (t) => {
  t.ok(isAtLeast('critical', 'high'));
  t.ok(isAtLeast('high', 'high'));
  t.notOk(isAtLeast('info', 'low'));
  t.equal(worstSeverity('low', 'critical'), 'critical');
});

t.test('fails a run with a finding at or above the threshold, medium unless told', async (t) => {
  t.equal(runVerdict([found({})], []), 'fail');
  t.equal(runVerdict([found({ severity: 'low' })], []), 'pass');
  t.equal(runVerdict([found({ severity: 'low' })], [], 'low'), 'fail');
  t.equal(runVerdict([found({ severity: 'high' })], [], 'critical'), 'pass');
});

t.test('lets fail outweigh inconclusive, and inconclusive outweigh pass', async (t) => {
  const open = found({ verdict: 'inconclusive', severity: 'info' });
  t.equal(runVerdict([open], []), 'inconclusive');
  t.equal(runVerdict([open, found({})], []), 'fail');
  t.equal(runVerdict([found({ verdict: 'error', severity: 'info' })], []), 'inconclusive');
});

t.test('counts nothing that is waived', async (t) => {
  const waived = { id: 'w', until: '2027-01-01', owner: 'me', reason: 'known' };
  t.equal(runVerdict([found({ waived }), found({ verdict: 'inconclusive', waived })], []), 'pass');
});

t.test('is inconclusive where a channel that was asked for was not seen, and not otherwise', async (t) => {
  t.equal(runVerdict([], [covered({})]), 'pass');
  t.equal(runVerdict([], [covered({ expected: true })]), 'inconclusive');
  t.equal(runVerdict([], [covered({ expected: true, verdict: 'pass' })]), 'pass');
});
