import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import t from 'tap';
import { formatJunit } from '../../src/report/junit.ts';
import { missing } from '../support/capture-tools.ts';
import { everyKindReport, hostileReport, hostileText } from '../support/hostile-reports.ts';
import { python, withoutPython } from '../support/python.ts';
import { recordedReport } from '../support/recorded-report.ts';
import { root } from '../support/repository.ts';
import { cleanReport, finding, observation, sampleReport } from '../support/sample-report.ts';

/** A test as a reader of JUnit files sees it. */
interface Case {
  readonly suite: string;
  readonly name: string;
  /** `passed`, `failure`, `error`, `skipped`. */
  readonly outcome: string;
  readonly message: string;
  readonly text: string;
}

const READ = `
import json, sys, xml.etree.ElementTree as E
root = E.fromstring(sys.stdin.buffer.read())
cases = []
for suite in root.iter('testsuite'):
  for case in suite.iter('testcase'):
    told = [one for one in case if one.tag in ('failure', 'error', 'skipped')]
    cases.append({'suite': suite.get('name'), 'name': case.get('name'), 'outcome': told[0].tag if told else 'passed',
      'message': told[0].get('message') if told else '', 'text': ''.join(case.itertext()).strip()})
counts = {'root': dict(root.attrib), 'suites': [dict(suite.attrib) for suite in root.iter('testsuite')]}
print(json.dumps({'cases': cases, 'counts': counts}))
`;

interface Read {
  readonly cases: readonly Case[];
  readonly counts: {
    readonly root: Readonly<Record<string, string>>;
    readonly suites: readonly Readonly<Record<string, string>>[];
  };
}

const skip = withoutPython('xml.etree');
const xmllint = missing('xmllint');

function readBack(text: string): Read {
  return python(READ, text) as Read;
}

t.test(
  'a test for each finding, each endpoint without one, each channel without either, and the run',
  { skip },
  async (t) => {
    const { cases, counts } = readBack(formatJunit(sampleReport()));
    t.strictSame(
      cases.map(({ suite, name, outcome }) => [suite, name.replace(/\\x1b.*pipe/s, 'HOSTILE'), outcome]),
      [
        ['flinkprobe.rest', 'jm 10.77.0.1:8081', 'passed'],
        ['flinkprobe.jobmanager-rpc', 'jm 10.77.0.1:6123', 'passed'],
        ['flinkprobe.taskmanager-rpc', 'taskmanager-rpc', 'skipped'],
        ['flinkprobe.taskmanager-data', 'tm2 10.77.0.3:6121: plaintext-data', 'failure'],
        ['flinkprobe.blob-server', 'HOSTILE.example:6124: certificate-expired', 'failure'],
        ['flinkprobe.metrics-query-service', 'metrics-query-service', 'error'],
        ['flinkprobe.prometheus', 'tm1 10.77.0.2:9249: plaintext-prometheus', 'passed'],
        ['flinkprobe.run', 'verdict', 'error'],
      ],
    );
    t.match(counts.root, { tests: '8', failures: '2', errors: '2', time: '1.250' });
    for (const { name, tests, failures, errors, skipped } of counts.suites) {
      const own = cases.filter(({ suite }) => suite === name);
      const count = (outcome: string): number => own.filter((one) => one.outcome === outcome).length;
      const told = [tests, failures, errors, skipped].map(Number);
      t.strictSame(told, [own.length, count('failure'), count('error'), count('skipped')], `${name}`);
    }
  },
);

t.test('a failure says what was expected and observed, and has proof and fix', { skip }, async (t) => {
  const failure = readBack(formatJunit(sampleReport())).cases.find(({ name }) => name.includes('plaintext-data'))!;
  t.equal(
    failure.message,
    'Channel in clear where TLS is expected: expected mutual TLS 1.2 or better (taskmanager.data.ssl.enabled: true), ' +
      'observed flink-data in clear from 10.77.0.2, 1512 bytes of records',
  );
  t.match(failure.text, 'proof: frame 88, offset 4096, o3: BufferResponse 00 00 00 2f ba dc 0f fe 00 in clear');
  t.match(failure.text, '  taskmanager.data.ssl.enabled: true');
});

t.test(
  'only what was seen to be in order passes: undecided and thrown are errors, waived is skipped',
  { skip },
  async (t) => {
    const { cases } = readBack(formatJunit(everyKindReport({ coverage: [] })));
    const outcomes = Object.fromEntries(cases.map(({ name, outcome }) => [name.replace(/^.*: /, ''), outcome]));
    t.match(outcomes, {
      'rule-failing': 'failure',
      'rule-waived': 'skipped',
      'rule-low': 'passed',
      'rule-info': 'passed',
      'rule-undecided': 'error',
      'rule-threw': 'error',
      verdict: 'error',
    });
    const waived = cases.find(({ outcome }) => outcome === 'skipped')!;
    t.equal(waived.message, 'waived until 2026-12-31 by platform-team: encrypted by the mesh (metrics-2026)');
    const low = cases.find(({ name }) => name.endsWith('rule-low'))!;
    t.match(low.text, /^WARN low: Channel in clear/);
  },
);

t.test('an endpoint that did not say enough is an error', { skip }, async (t) => {
  const { tls: _, ...silent } = observation({ kind: 'no-answer', because: 'timeout', vantage: 'active' });
  const { cases } = readBack(formatJunit(cleanReport({ observations: [silent], verdict: 'inconclusive' })));
  t.match(cases, [
    { outcome: 'error', message: /INCONCLUSIVE/, text: 'o1: no-answer (timeout)' },
    { name: 'verdict', outcome: 'error' },
  ]);
});

t.test('a build is green exactly where the run passed', { skip }, async (t) => {
  const green = (text: string): boolean =>
    readBack(text).cases.every(({ outcome }) => outcome !== 'failure' && outcome !== 'error');
  t.ok(green(formatJunit(cleanReport())));
  t.notOk(green(formatJunit(cleanReport({ complete: false }))));
  t.notOk(green(formatJunit(cleanReport({ verdict: 'inconclusive' }))));
  // Judged by a stricter threshold than the one that it is written with.
  const low = cleanReport({ verdict: 'fail', findings: [finding({ severity: 'low' })] });
  t.notOk(green(formatJunit(low, { failOn: 'high' })));
});

t.test('names are those of the next run, too: no line, no port of a client', { skip }, async (t) => {
  const client = { host: '10.77.0.3', port: 50110, member: 'tm2' };
  const findings = [
    finding({ endpoint: client }),
    finding({ channel: 'unknown', file: { path: 'conf/config.yaml', line: 17, member: 'jm' } }),
  ].map(({ endpoint, ...one }) => (one.file === undefined ? { ...one, endpoint: endpoint! } : one));
  const { cases } = readBack(formatJunit(cleanReport({ findings, verdict: 'fail' })));
  t.strictSame(
    cases.map(({ suite, name }) => [suite, name]).filter(([, name]) => name!.includes('plaintext-data')),
    [
      ['flinkprobe.taskmanager-data', 'tm2 10.77.0.3 (client): plaintext-data'],
      ['flinkprobe.files', 'jm conf/config.yaml: plaintext-data'],
    ],
  );
});

t.test('it is valid by the schema of Jenkins', { skip: xmllint }, async (t) => {
  for (const report of [sampleReport(), cleanReport(), everyKindReport(), await recordedReport('1.20.3-w-off')]) {
    const args = ['--noout', '--nonet', '--schema', 'test/vectors/formats/junit-10.xsd', '-'];
    const { status, stderr } = spawnSync('xmllint', args, { cwd: root, input: formatJunit(report), encoding: 'utf8' });
    t.equal(status, 0, stderr);
  }
});

t.test('whatever a name holds, the file is well-formed and the name stands in it', { skip }, async (t) => {
  const texts = fc.sample(hostileText, { numRuns: 40, seed: 6 });
  const [report] = texts.map(hostileReport);
  const findings = texts.flatMap((text) => hostileReport(text).findings);
  const { cases } = readBack(formatJunit({ ...report!, findings, coverage: [] }));
  t.equal(cases.filter(({ name }) => name !== 'verdict').length, findings.length);
  t.equal(new Set(cases.map(({ suite, name }) => `${suite} ${name}`)).size, cases.length, 'names are unique');
  for (const { name, message, text } of cases) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    t.notMatch(`${name}${message}${text}`, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2028\ufffe\uffff]/);
  }
});
