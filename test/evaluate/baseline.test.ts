import t from 'tap';
import { compareWithBaseline, expectedTaskManagers } from '../../src/evaluate/baseline.ts';
import { evaluate } from '../../src/evaluate/engine.ts';
import type { Finding, Observation, Report } from '../../src/model/report.ts';
import type { Rule } from '../../src/model/rule.ts';
import { rule as expired } from '../../src/rules/expired-certificate.ts';
import { rule as plaintextChannel } from '../../src/rules/plaintext-channel.ts';
import { rule as staticRsa } from '../../src/rules/static-rsa-key-exchange.ts';
import { rule as weaker } from '../../src/rules/weaker-than-baseline.ts';
import {
  active,
  activeClear,
  baseline,
  certificate,
  chain,
  JM,
  NOW,
  noAnswer,
  PROBES,
  TLS12_SUITES,
  TM1,
  TM2,
} from '../support/observations.ts';
import { finding } from '../support/sample-report.ts';

const RULES: readonly Rule[] = [plaintextChannel, staticRsa, expired, weaker];
const WEAK = { 'TLSv1.2': [...TLS12_SUITES, 'TLS_RSA_WITH_AES_128_GCM_SHA256'] };

const OLD = { serverCertificate: chain(certificate({ notAfter: '2026-03-01T00:00:00Z' })) };

/** A run over these observations, judged as `verify` judges it. */
function run(observations: readonly Observation[], before?: Report, change: Partial<Report> = {}): Report {
  const context = { now: NOW, probes: PROBES, ...(before === undefined ? {} : { baseline: before }) };
  const { findings } = evaluate(RULES, observations, [], context);
  const report = baseline(observations, { findings, finishedAt: '2026-11-22T13:00:00Z', ...change });
  return before === undefined ? report : compareWithBaseline(report, before, 'base.json');
}

t.test('marks findings that are new, unchanged and fixed, and says since when', async (t) => {
  const before = run([active({ suites: WEAK }), activeClear({ channel: 'blob-server' })], undefined, {
    finishedAt: '2026-11-21T13:00:00Z',
  });
  const after = run([active({ suites: WEAK, tls: OLD }), active({ channel: 'blob-server' })], before);
  t.strictSame(
    after.findings.map(({ ruleId, change, firstSeen }) => [ruleId, change, firstSeen]),
    [
      ['expired-certificate', 'new', undefined],
      ['static-rsa-key-exchange', 'unchanged', '2026-11-21T13:00:00Z'],
    ],
  );
  t.strictSame(
    after.comparison?.fixed.map(({ ruleId, change }) => [ruleId, change]),
    [['plaintext-channel', 'fixed']],
  );
  t.match(after.comparison?.baseline, { path: 'base.json', verdict: 'pass', finishedAt: '2026-11-21T13:00:00Z' });
});

t.test('keeps the first sight over several runs', async (t) => {
  const first = run([active({ suites: WEAK })], undefined, { finishedAt: '2026-11-20T13:00:00Z' });
  const second = run([active({ suites: WEAK })], first);
  const third = run([active({ suites: WEAK })], second);
  t.equal(third.findings[0]?.firstSeen, '2026-11-20T13:00:00Z');
});

t.test('marks a finding that became worse, and the rule that tells of it, as weaker', async (t) => {
  const before = run([active()]);
  const after = run([activeClear()], before);
  t.strictSame(
    after.findings.map(({ ruleId, change, severity }) => [ruleId, change, severity]),
    [
      ['plaintext-channel', 'new', 'critical'],
      ['weaker-than-baseline', 'weaker', 'critical'],
    ],
  );
  const milder = { ...after, findings: after.findings.map((one) => ({ ...one, severity: 'low' as const })) };
  const again = compareWithBaseline(after, milder, 'base.json');
  t.equal(again.findings.find(({ ruleId }) => ruleId === 'plaintext-channel')?.change, 'weaker');
});

t.test('calls nothing fixed that was not looked at as closely', async (t) => {
  const before = run([active({ suites: WEAK })]);
  const fixed = (now: Observation): number | undefined => run([now], before).comparison?.fixed.length;
  t.equal(fixed(active()), 1);
  t.equal(fixed(active({ asked: { profile: 'quick' } })), 0, 'asked less');
  t.equal(fixed(active({ asked: { complete: false, reason: 'connection-limit' } })), 0, 'answered less');
  t.equal(fixed(noAnswer('refused')), 0, 'not answered');
  t.equal(fixed(activeClear()), 0, 'in clear there are no suites');
});

t.test('does not call the end of a change fixed', async (t) => {
  const second = run([activeClear()], run([active()]));
  t.ok(second.findings.some(({ ruleId }) => ruleId === 'weaker-than-baseline'));
  t.strictSame(run([activeClear()], second).comparison?.fixed, []);
});

t.test('compares by name where ports are random: the same fault on another port is unchanged', async (t) => {
  const on = (port: number) => active({ channel: 'taskmanager-data', server: { ...TM1, port }, suites: WEAK });
  const after = run([on(40_999)], run([on(40_001)]));
  t.equal(after.findings[0]?.change, 'unchanged');
  t.strictSame(after.comparison?.fixed, []);
});

t.test('leaves all else of the report as it is, and both reports untouched', async (t) => {
  const before = Object.freeze(run([active()]));
  const report = Object.freeze(run([activeClear()]));
  const { comparison: _, findings: __, ...rest } = compareWithBaseline(report, before, 'base.json');
  const { findings: ___, ...own } = report;
  t.strictSame(rest, own);
});

t.test('counts TaskManagers by what REST registered, else by what was seen', async (t) => {
  const tms = [
    active({ server: TM1 }),
    active({ channel: 'taskmanager-data', server: TM1 }),
    activeClear({ server: TM2 }),
  ];
  t.equal(expectedTaskManagers(baseline([active({ server: JM }), ...tms, noAnswer('refused', { server: TM2 })])), 2);
  const processes = ['a', 'b', 'c'].map(
    (member) => ({ component: 'taskmanager', member, source: 'rest', identity: member }) as const,
  );
  t.equal(expectedTaskManagers(baseline(tms, { processes })), 3);
  t.equal(expectedTaskManagers(baseline([active({ server: JM })])), 0);
});

t.test('knows a fault again on the TaskManager that came back under another name', async (t) => {
  const named = (member: string, port: number) =>
    active({ channel: 'taskmanager-data', server: { ...TM1, member, port }, suites: WEAK });
  const after = run([named('10.77.0.2:41234-5fe1a2', 41_235)], run([named('10.77.0.2:37811-8a23cd', 37_812)]));
  t.equal(after.findings[0]?.change, 'unchanged');
  t.strictSame(after.comparison?.fixed, []);
  t.strictSame(after.comparison?.endpoints[0]?.details, [], 'the same host needs no words');
});

t.test('calls fixed what did not answer then and does now', async (t) => {
  const silent = { ...run([noAnswer('refused')]), findings: [notSeen()] };
  t.strictSame(
    run([active()], silent).comparison?.fixed.map(({ ruleId }) => ruleId),
    ['expected-endpoint-not-seen'],
  );
  t.strictSame(run([active({ channel: 'blob-server' })], silent).comparison?.fixed, []);
});

function notSeen(): Finding {
  return finding({ ruleId: 'expected-endpoint-not-seen', channel: 'jobmanager-rpc', endpoint: { ...JM, port: 6123 } });
}
