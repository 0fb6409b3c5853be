import fc from 'fast-check';
import t from 'tap';
import { CSV_COLUMNS, formatCsv } from '../../src/report/csv.ts';
import { everyKindReport, hostileReport, hostileText } from '../support/hostile-reports.ts';
import { tables } from '../support/markdown.ts';
import { python, withoutPython } from '../support/python.ts';
import { read } from '../support/repository.ts';
import { cleanReport, finding, sampleReport } from '../support/sample-report.ts';

type Row = Readonly<Record<string, string>>;

/** A reader by the grammar of RFC 4180, section 2. Throws where the text is not of it. */
function parsed(text: string): string[][] {
  const records: string[][] = [];
  let at = 0;
  while (at < text.length) {
    const record: string[] = [];
    for (;;) {
      const [whole, quoted, plain] = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))/.exec(text.slice(at))!;
      record.push(quoted?.replaceAll('""', '"') ?? plain!);
      at += whole.length;
      if (text[at] === ',') at += 1;
      else if (text.startsWith('\r\n', at)) break;
      else throw new Error(`offset ${at}: ${JSON.stringify(text.slice(at, at + 20))}`);
    }
    at += 2;
    records.push(record);
  }
  return records;
}

function rowsOf(text: string): Row[] {
  const [header, ...records] = parsed(text);
  return records.map((record) => Object.fromEntries(header!.map((name, index) => [name, record[index] ?? ''])));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
const CONTROLS = /[\u0000-\u0009\u000b\u000c\u000e-\u001f]/;

t.test('a header, then the run, each finding, each endpoint and each channel, all with every column', async (t) => {
  const report = sampleReport();
  const text = formatCsv(report);
  const records = parsed(text);
  t.strictSame(records[0], [...CSV_COLUMNS]);
  for (const record of records) t.equal(record.length, CSV_COLUMNS.length);
  const rows = rowsOf(text);
  t.strictSame(
    rows.map(({ record, result, channel }) => [record, result, channel]),
    [
      ['run', 'FAIL', ''],
      ['finding', 'FAIL', 'taskmanager-data'],
      ['finding', 'FAIL', 'blob-server'],
      ['finding', 'WARN', 'prometheus'],
      ['endpoint', 'PASS', 'rest'],
      ['endpoint', 'PASS', 'jobmanager-rpc'],
      ['endpoint', 'FAIL', 'taskmanager-data'],
      ['endpoint', 'FAIL', 'blob-server'],
      ['endpoint', 'NOT SEEN', 'metrics-query-service'],
      ['endpoint', 'WARN', 'prometheus'],
      ['channel', 'PASS', 'jobmanager-rpc'],
      ['channel', 'NOT SEEN', 'taskmanager-rpc'],
      ['channel', 'NOT SEEN', 'metrics-query-service'],
    ],
  );
  t.ok(!text.startsWith('\ufeff') && text.endsWith('\r\n'));
});

t.test('a finding has its place, its proof and its fix; an endpoint its certificate', async (t) => {
  const rows = rowsOf(formatCsv(sampleReport(), { now: Date.parse('2026-11-22T12:00:00Z') }));
  t.match(rows[1], {
    severity: 'critical',
    rule: 'plaintext-data',
    member: 'tm2',
    host: '10.77.0.3',
    port: '6121',
    proof: 'frame 88, offset 4096, o3: BufferResponse 00 00 00 2f ba dc 0f fe 00 in clear',
    settings: 'security.ssl.internal.enabled: true | taskmanager.data.ssl.enabled: true',
    wire: 'fail',
    handshake: 'not-heard',
    promise: 'pass',
    change: 'new',
    fingerprint: 'f'.repeat(32),
  });
  const endpoint = rows.find(({ record, channel }) => record === 'endpoint' && channel === 'jobmanager-rpc')!;
  t.match(endpoint, {
    host: '10.77.0.1',
    tls: '1.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
    certificate_sha256: `bb31${'0'.repeat(58)}ac`,
    not_after: '2027-02-19T12:00:00Z',
    days_left: '89',
  });
});

t.test('what is waived, undecided, thrown and cut short is told apart', async (t) => {
  const rows = rowsOf(formatCsv(everyKindReport()));
  t.strictSame(
    rows.filter(({ record }) => record === 'finding').map(({ rule, result }) => [rule, result]),
    [
      ['rule-failing', 'FAIL'],
      ['rule-waived', 'WAIVED'],
      ['rule-low', 'WARN'],
      ['rule-info', 'INFO'],
      ['rule-undecided', 'INCONCLUSIVE'],
      ['rule-threw', 'ERROR'],
    ],
  );
  t.match(rows[2], {
    waived_by: 'platform-team',
    waived_until: '2026-12-31',
    waived_reason: 'metrics-2026: encrypted by the mesh',
  });
  t.equal(rows[0]!.observed, 'incomplete');
  t.equal(rowsOf(formatCsv(cleanReport()))[0]!.observed, 'complete');
});

t.test('--fail-on decides what fails', async (t) => {
  const report = cleanReport({ findings: [finding({ severity: 'high' })] });
  const result = (failOn: 'critical' | 'high'): string => rowsOf(formatCsv(report, { failOn }))[1]!.result!;
  t.strictSame([result('critical'), result('high')], ['WARN', 'FAIL']);
});

t.test(
  'whatever a name holds, no cell is a formula, no line is broken, and every reader sees the same cells',
  async (t) => {
    t.doesNotThrow(() =>
      fc.assert(
        fc.property(hostileText, (text) => {
          const csv = formatCsv(hostileReport(text));
          const records = parsed(csv);
          for (const record of records) {
            if (record.length !== CSV_COLUMNS.length) return false;
            // OWASP, CSV Injection; port and days are our own numbers.
            if (
              record.some((cell) => /^[\s\u00a0]*[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(cell) && !/^-?\d+$/.test(cell))
            )
              return false;
          }
          return csv.split('\r\n').length === records.length + 1 && !CONTROLS.test(csv);
        }),
        { numRuns: 300 },
      ),
    );
  },
);

const READ = 'import csv,io,json,sys; print(json.dumps(list(csv.reader(io.StringIO(sys.stdin.read(), newline="")))))';

t.test("Python's csv module reads the same", { skip: withoutPython('csv') }, async (t) => {
  for (const report of [sampleReport(), everyKindReport(), hostileReport('a,"b";\'c\r\n=1')]) {
    const text = formatCsv(report);
    t.strictSame(python(READ, text), parsed(text));
  }
});

t.test('a cell ends where Excel would cut it, and says so', async (t) => {
  const report = cleanReport({ findings: [finding({ message: 'x'.repeat(100_000) })] });
  const { message } = rowsOf(formatCsv(report))[1]!;
  t.equal(message!.length, 32_767);
  t.match(message, /xx \(cut: see the JSON report\)$/);
});

t.test('docs/formats.md has every column', async (t) => {
  const [told] = tables(read('docs/formats.md')).filter((rows) => 'column' in (rows[0] ?? {}));
  const named = told!.flatMap(({ column }) => column!.split(', ').map((one) => one.replaceAll('`', '')));
  t.strictSame(named, [...CSV_COLUMNS]);
});
