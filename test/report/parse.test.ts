import t from 'tap';
import { formatJson } from '../../src/report/json.ts';
import { formatJsonl } from '../../src/report/jsonl.ts';
import { parseBaseline, ReportError } from '../../src/report/parse.ts';
import { comparedReport } from '../support/compared-report.ts';
import { sampleReport } from '../support/sample-report.ts';

function fault(text: string): string {
  try {
    parseBaseline(text, 'old.json');
  } catch (error) {
    if (error instanceof ReportError) return error.message;
    throw error;
  }
  return 'none';
}

t.test('reads back what formatJson wrote, comparison and probes included', async (t) => {
  for (const report of [sampleReport(), comparedReport()])
    t.strictSame(parseBaseline(formatJson(report), 'x'), JSON.parse(JSON.stringify(report)));
});

t.test('refuses another schema version by its name', async (t) => {
  t.equal(fault('{"schemaVersion":2}'), 'old.json: schemaVersion 2 is unknown to this version, which reads 1');
  t.match(fault('{"schemaVersion":"1"}'), 'schemaVersion "1" is unknown');
});

t.test('names the path and the fault of what is no report', async (t) => {
  t.match(fault('{'), /^old\.json: no JSON: /);
  t.match(fault(''), /^old\.json: no JSON: /);
  for (const text of ['{}', '[]', 'null', '3', '{"verdict":"pass"}'])
    t.match(fault(text), 'no report of flinkprobe', text);
  t.match(fault('{"schemaVersion":1}'), /^old\.json: producer: /);
  const report = {
    ...sampleReport(),
    verdict: 'good',
    observations: [{ ...sampleReport().observations[0], kind: 'x' }],
  };
  t.match(fault(JSON.stringify(report)), /verdict: .*; observations\[0\]\.kind: /);
});

t.test('says what to save instead of lines', async (t) => {
  t.match(fault(formatJsonl(sampleReport())), '--save-baseline');
});

t.test('leaves fields alone that a later release added', async (t) => {
  const later = { ...sampleReport(), weather: 'fine', observations: [{ ...sampleReport().observations[0], mood: 1 }] };
  t.equal(fault(JSON.stringify(later)), 'none');
});
