import t from 'tap';
import type { Coverage, Report } from '../../src/model/report.ts';
import { formatText } from '../../src/report/text.ts';
import { witnessTexts } from '../../src/report/witness-lines.ts';
import { sampleReport } from '../support/sample-report.ts';

const SILENT = { wire: 'not-heard', handshake: 'not-heard', promise: 'not-heard', record: 'not-heard' } as const;

function row(
  channel: Coverage['channel'],
  says: Partial<NonNullable<Coverage['says']>>,
  change: Partial<Coverage> = {},
): Coverage {
  const witnesses = Object.keys(says) as Coverage['witnesses'][number][];
  const counts = { expectedEndpoints: 1, seenEndpoints: 1, verdict: 'pass' } as const;
  return { channel, ...counts, witnesses, says: { ...SILENT, ...says }, ...change };
}

const of = (...coverage: readonly Coverage[]): Report => ({ ...sampleReport(), coverage });

t.test('channels of which the same was said stand together, and who was silent is named', async (t) => {
  const report = of(
    row('rest', { wire: 'pass', promise: 'pass' }),
    row('blob-server', { wire: 'pass', promise: 'pass' }),
    row('jobmanager-rpc', { wire: 'pass', promise: 'pass', record: 'fail' }),
    row('taskmanager-rpc', { promise: 'pass' }, { verdict: 'not-seen', seenEndpoints: 0 }),
    row('history-server', {}, { verdict: 'not-applicable', seenEndpoints: 0 }),
  );
  t.strictSame(witnessTexts(report), {
    heard: [
      'wire pass, promise pass: rest, blob-server',
      'wire pass, promise pass, record fail: jobmanager-rpc',
      'promise pass: taskmanager-rpc',
    ],
    notHeard: 'handshake; record of rest, blob-server',
  });
  const text = formatText(report);
  t.match(text, /^heard {5}wire pass, promise pass: rest, blob-server$/m);
  t.match(text, /^not heard handshake; record of rest, blob-server$/m);
});

t.test('one witness alone needs no list of what it says: the table has it', async (t) => {
  t.strictSame(witnessTexts(of(row('rest', { wire: 'pass' }))), { heard: [], notHeard: 'handshake; promise; record' });
});

t.test('a report of a former version does not say what each said', async (t) => {
  const { says: _, ...former } = row('rest', { wire: 'pass', promise: 'pass' });
  t.strictSame(witnessTexts(of(former)).heard, ['wire, promise: rest']);
});

t.test('key stores that this machine does not have take one line', async (t) => {
  const store = (path: string): Report['inputs'][number] => ({
    kind: 'keystore',
    path,
    problems: [{ file: path, line: 1, message: 'no such file' }],
  });
  const text = formatText({ ...sampleReport(), inputs: [store('/ssl/a.p12'), store('/ssl/b.p12')] });
  t.match(text, /^keystore {2}not on this machine \(--keystore gives a copy\): \/ssl\/a\.p12, \/ssl\/b\.p12$/m);
});
