import t from 'tap';
import type { Report } from '../../src/model/report.ts';
import { formatJson } from '../../src/report/json.ts';
import { formatJsonl } from '../../src/report/jsonl.ts';
import { redact } from '../../src/report/redact.ts';
import { reportJsonSchema, reportSchema } from '../../src/report/schema.ts';
import { comparedReport } from '../support/compared-report.ts';
import { python, withoutPython } from '../support/python.ts';
import { cleanReport, sampleReport } from '../support/sample-report.ts';

const VALIDATE = `
import json, sys, jsonschema
schema, *reports = json.load(sys.stdin)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
print(json.dumps([[error.json_path for error in validator.iter_errors(report)] for report in reports]))
`;

t.test('reads back as the report that was written', async (t) => {
  t.same(JSON.parse(formatJson(sampleReport())), sampleReport());
});

t.test('writes the top-level fields in the order of the contract, however the report was put together', async (t) => {
  const reversed = Object.fromEntries(Object.entries(sampleReport()).reverse()) as unknown as Report;
  t.equal(formatJson(reversed), formatJson(sampleReport()));
  t.same(Object.keys(JSON.parse(formatJson(reversed))).slice(0, 8), [
    'schemaVersion',
    'producer',
    'command',
    'startedAt',
    'finishedAt',
    'complete',
    'verdict',
    'inputs',
  ]);
});

t.test('the strict schema takes reports and refuses what is not in the contract', async (t) => {
  t.same(reportSchema.parse(sampleReport()), sampleReport());
  const compared = comparedReport();
  t.same(reportSchema.parse(compared), compared, 'of probes and comparisons too');
  t.ok(reportSchema.safeParse(redact(sampleReport())).success, 'redacted reports keep the shape');
  const broken: readonly [string, unknown][] = [
    ['an unknown field', { ...sampleReport(), extra: 1 }],
    ['another schemaVersion', { ...sampleReport(), schemaVersion: 2 }],
    ['an unknown channel', withObservation({ channel: 'web' })],
    ['a time without zone', withObservation({ observedAt: '2026-11-22T13:56:13' })],
    ['a port out of range', withObservation({ server: { host: 'jm', port: 65_536 } })],
    ['an open reason', withObservation({ because: 'mood' })],
    ['null for an absent field', withObservation({ tls: null })],
    ['more than 64 first bytes', withObservation({ answer: { kind: 'tls', text: '', firstBytes: '00'.repeat(65) } })],
  ];
  for (const [name, value] of broken) t.notOk(reportSchema.safeParse(value).success, name);
});

t.test('the JSON Schema is draft 2020-12 and lets later fields be added', async (t) => {
  const schema = reportJsonSchema();
  t.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
  t.notMatch(JSON.stringify(schema), /"additionalProperties":false/);
  t.match(schema.required, ['schemaVersion', 'producer', 'command']);
});

t.test('python-jsonschema agrees with the schema', { skip: withoutPython('jsonschema') }, async (t) => {
  const wrong = { ...sampleReport(), verdict: 'maybe' };
  const later = { ...sampleReport(), addedLater: true };
  const reports = [sampleReport(), cleanReport(), redact(sampleReport()), later, wrong];
  t.same(python(VALIDATE, JSON.stringify([reportJsonSchema(), ...reports])), [[], [], [], [], ['$.verdict']]);
});

t.test('jsonl has one whole record a line: observations, findings, one summary', async (t) => {
  const report = sampleReport();
  const text = formatJsonl(report);
  t.notMatch(text, /[\u2028\u2029\u0085]/, 'no separator that some readers take for a line end');
  const records = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.equal(records.length, report.observations.length + report.findings.length + 1);
  t.same(
    records.filter(({ record }) => record === 'observation').map(({ record: _, ...rest }) => rest),
    report.observations,
  );
  t.same(
    records.filter(({ record }) => record === 'finding').map(({ record: _, ...rest }) => rest),
    report.findings,
  );
  const summary = records.at(-1);
  t.equal(summary.record, 'summary');
  t.same(summary.counts, { observations: report.observations.length, findings: report.findings.length });
  t.equal(summary.verdict, 'fail');
  t.same(summary.coverage, report.coverage);
});

function withObservation(change: Record<string, unknown>): unknown {
  const report = sampleReport();
  return { ...report, observations: [{ ...report.observations[0], ...change }] };
}
