import t from 'tap';
import type { Report } from '../../src/model/report.ts';
import { formatNagios, NAGIOS_EXIT, nagiosStatus } from '../../src/report/nagios.ts';
import { comparedReport } from '../support/compared-report.ts';
import { cleanReport, finding, HOSTILE, observation, sampleReport, tlsDetails } from '../support/sample-report.ts';

/**
 * Monitoring Plugins guidelines, "Performance data": 'label'=value[UOM];[warn];[crit];[min];[max], separated by
 * blanks; label without = and ', quoted where it holds a blank; value, min and max of [-0-9.]; UOM none, s, %, B or c;
 * warn and crit are ranges [@][start:][end] with ~ for negative infinity.
 */
const NUMBER = String.raw`-?\d+(?:\.\d+)?`;
const RANGE = `@?(?:(?:~|${NUMBER})?:)?(?:${NUMBER})?`;
const PERFORMANCE = new RegExp(
  String.raw`^(?:'[^'=]+'|[^\s'=]+)=${NUMBER}(?:[KMGT]?B|[mu]?s|%|c)?(?:;(?:${RANGE})?)?(?:;(?:${RANGE})?)?(?:;(?:${NUMBER})?)?(?:;(?:${NUMBER})?)?$`,
);
const LINE = /^FLINKPROBE (OK|WARNING|CRITICAL|UNKNOWN) - ([^|\n\r]+)\|([^|\n\r]+)\n$/;

const low = finding({ severity: 'low' });
const info = finding({ severity: 'info' });
const undecided = finding({ verdict: 'inconclusive' });
const waived = finding({ waived: { id: 'w1', until: '2026-12-31', owner: 'sec', reason: 'migration' } });
const REPORTS: Readonly<Record<string, readonly [Report, string]>> = {
  'no finding': [cleanReport(), 'OK'],
  'a finding of severity info': [cleanReport({ findings: [info] }), 'OK'],
  'a waived critical finding': [cleanReport({ findings: [waived] }), 'OK'],
  'a finding below --fail-on': [cleanReport({ findings: [low] }), 'WARNING'],
  'a finding at --fail-on': [cleanReport({ findings: [finding({ severity: 'medium' })], verdict: 'fail' }), 'CRITICAL'],
  'fail and inconclusive': [cleanReport({ findings: [undecided, finding()], verdict: 'fail' }), 'CRITICAL'],
  'an inconclusive run': [cleanReport({ findings: [undecided], verdict: 'inconclusive' }), 'UNKNOWN'],
  'a rule that threw': [cleanReport({ findings: [finding({ verdict: 'error' })], verdict: 'inconclusive' }), 'UNKNOWN'],
  'an interrupted run': [cleanReport({ complete: false }), 'UNKNOWN'],
  'inconclusive with warnings': [cleanReport({ findings: [low, undecided], verdict: 'inconclusive' }), 'UNKNOWN'],
  'hostile names': [sampleReport(), 'CRITICAL'],
};

t.test('folds a run into the four states, and its line parses by the grammar in each', async (t) => {
  for (const [name, [report, status]] of Object.entries(REPORTS)) {
    const line = LINE.exec(formatNagios(report));
    t.equal(line?.[1], status, name);
    t.equal(nagiosStatus(report), status, name);
    for (const value of line?.[3]?.split(' ') ?? ['']) t.match(value, PERFORMANCE, `${name}: ${value}`);
  }
});

t.test('the grammar of this test refuses what is not performance data', async (t) => {
  for (const wrong of ['fail', 'fail=', '=1', 'fail=1x', 'fail=1;2;3;4;5;6', 'a b=1', 'fail=1,5']) {
    t.notMatch(wrong, PERFORMANCE, wrong);
  }
});

t.test('exit codes are those of the guidelines', async (t) => {
  t.same(NAGIOS_EXIT, { OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3 });
});

t.test('--fail-on moves the border between warning and critical', async (t) => {
  const report = cleanReport({ findings: [finding({ severity: 'high' })] });
  t.equal(nagiosStatus(report, 'high'), 'CRITICAL');
  t.equal(nagiosStatus(report, 'critical'), 'WARNING');
});

t.test('names the worst finding, with rule, channel and member', async (t) => {
  const findings = [low, finding({ ruleId: 'plaintext-data', severity: 'critical' })];
  const text = formatNagios(cleanReport({ findings, verdict: 'fail' }));
  t.match(text, /1 fail, 1 warn, 0 unknown \(critical plaintext-data taskmanager-data tm2:6121\)/);
});

t.test('names channels that had to be seen and were not', async (t) => {
  const coverage = sampleReport().coverage;
  const text = formatNagios(cleanReport({ coverage, verdict: 'inconclusive' }));
  t.match(text, /^FLINKPROBE UNKNOWN - .*\(not seen: metrics-query-service\)/);
});

t.test('gives the days of the certificate that ends first, and none where none was seen', async (t) => {
  const now = Date.UTC(2027, 1, 16, 12);
  t.match(formatNagios(cleanReport(), { now }), / min_cert_days=3;20:;7:;; /);
  t.match(formatNagios(sampleReport()), / min_cert_days=-13;20:;7:;; /);
  const hidden = observation({
    tls: tlsDetails({ serverCertificate: { seen: 'hidden', because: 'encrypted' } }),
  });
  t.notMatch(formatNagios(cleanReport({ observations: [hidden] })), /min_cert_days/);
});

t.test('stays one short line for a name of 10,000 characters', async (t) => {
  const endpoint = { host: HOSTILE.repeat(200), port: 1 };
  const text = formatNagios(cleanReport({ findings: [finding({ endpoint })], verdict: 'fail' }));
  t.match(text, LINE);
  t.ok(text.length < 1000);
});

t.test('folds a run of probes like any other', async (t) => {
  const line = formatNagios(comparedReport());
  t.match(
    line,
    /^FLINKPROBE CRITICAL - verify: 1 fail, 0 warn, 0 unknown \(medium static-rsa-key-exchange [^|]+\)\|fail=1;/,
  );
  t.equal(nagiosStatus(comparedReport({ findings: [], verdict: 'inconclusive' })), 'UNKNOWN');
});
