import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { Report } from '../../src/model/report.ts';
import { FORMAT_NAMES, FORMATS, type FormatName, type FormatOptions } from '../../src/report/formats.ts';
import { redact } from '../../src/report/redact.ts';
import { flinkprobe } from '../support/command-line.ts';
import { comparedReport, SECRETS } from '../support/compared-report.ts';
import { everyKindReport } from '../support/hostile-reports.ts';
import { cleanReport, sampleReport } from '../support/sample-report.ts';
import { temporary } from '../support/temporary.ts';

async function written(name: FormatName, report: Report, options?: FormatOptions): Promise<string> {
  const write = await FORMATS[name].writer();
  return [...write(report, options)].join('');
}

t.test('every format is text that ends its last line, the same for the same report', async (t) => {
  for (const name of FORMAT_NAMES) {
    for (const report of [sampleReport(), cleanReport(), everyKindReport(), comparedReport()]) {
      const text = await written(name, report);
      t.ok(text.length > 50 && text.endsWith('\n'), name);
      t.equal(await written(name, structuredClone(report)), text, `${name} again`);
      t.equal(Buffer.from(text).toString(), text, `${name} is UTF-8`);
    }
  }
});

t.test('no format lets a name through that --redact took out', async (t) => {
  for (const name of FORMAT_NAMES) {
    const text = await written(name, redact(comparedReport()));
    for (const secret of SECRETS) t.notOk(text.includes(secret), `${name}: ${secret}`);
    t.ok(name === 'nagios' || /(?:host|member)-\d/.test(text), `${name} has pseudonyms`);
  }
});

t.test('no format calls a run whole that was cut short, or in order that was not decided', async (t) => {
  const words: Readonly<Record<FormatName, RegExp>> = {
    text: /INCOMPLETE|incomplete|interrupted/i,
    json: /"complete": false/,
    jsonl: /"complete":false/,
    csv: /^run,INCONCLUSIVE,.*,incomplete,/m,
    sarif: /"executionSuccessful": false/,
    junit: /<error message="inconclusive; The run was interrupted/,
    html: /incomplete/,
    markdown: /INCONCLUSIVE, incomplete/,
    nagios: /^FLINKPROBE UNKNOWN.*incomplete/,
  };
  for (const name of FORMAT_NAMES) {
    const text = await written(name, cleanReport({ complete: false, verdict: 'inconclusive' }));
    t.match(text, words[name], name);
  }
});

t.test('the command writes all of them in one run, for nobody else to read', async (t) => {
  const folder = temporary();
  const file = (name: FormatName): string => path.join(folder, `report.${name}`);
  const formats = FORMAT_NAMES.flatMap((name) => ['--format', `${name}=${file(name)}`]);
  const { status, stderr } = await flinkprobe(['analyze', 'captures/1.20.3-w-off.pcap.gz', ...formats]);
  t.equal(status, 1, stderr);
  for (const name of FORMAT_NAMES) {
    t.match(readFileSync(file(name), 'utf8'), /FAIL|fail/, name);
    if (process.platform !== 'win32') t.equal(statSync(file(name)).mode & 0o777, 0o600, name);
  }
});
