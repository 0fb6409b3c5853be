import fc from 'fast-check';
import t from 'tap';
import { putTogether, takeApart } from '../../../src/daemon/store/pieces.ts';
import type { Report } from '../../../src/model/report.ts';
import { sampleReport } from '../../support/sample-report.ts';
import { accused, asked, reportOf } from '../cluster-report.ts';

function copied(report: Report): string {
  return JSON.stringify(putTogether(takeApart(report)));
}

t.test('a report with one of everything comes back to the letter', (t) => {
  const report = sampleReport();
  t.equal(copied(report), JSON.stringify(report));
  t.end();
});

t.test('a comparison and processes come back, and what is absent stays absent', (t) => {
  const report = reportOf({
    findings: [accused('tm-1')],
    change: {
      comparison: {
        baseline: { path: 'run 01', finishedAt: '2026-11-22T11:00:00.000Z', verdict: 'pass' },
        endpoints: [],
        fixed: [accused('tm-2')],
      },
      processes: [{ component: 'taskmanager', member: 'tm-1', source: 'rest', identity: 'x' }],
    },
  });
  t.equal(copied(report), JSON.stringify(report));
  const { watchedSeconds: _, ...without } = reportOf({});
  t.equal(copied(without), JSON.stringify(without));
  t.end();
});

t.test('times of any form come back', (t) => {
  const time = fc.oneof(
    fc.constantFrom(
      '',
      '5',
      '=5',
      '0',
      '2026-11-22T12:00:00Z',
      '2026-11-22T12:00:00.000000001Z',
      '1969-12-31T23:59:59.9Z',
    ),
    fc.constantFrom('2026-02-31T12:00:00Z', '2026-11-22T24:00:00Z', '2026-11-22T12:00:60.5Z', '+12026-11-22T12:00:00Z'),
    fc.string(),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  );
  fc.assert(
    fc.property(time, time, time, (startedAt, observedAt, lastSeenAt) => {
      const report = reportOf({ observations: [asked('tm-1', { observedAt, lastSeenAt })], change: { startedAt } });
      return copied(report) === JSON.stringify(report);
    }),
  );
  t.end();
});

t.test('two runs of a cluster that stays as it is have all pieces in common', (t) => {
  const first = reportOf({ findings: [accused('tm-1')] });
  const later = reportOf({
    at: 5,
    findings: [accused('tm-1')],
    observations: [
      asked('tm-1', {
        observedAt: '2026-11-22T12:05:00.5Z',
        lastSeenAt: '2026-11-22T12:05:01.5Z',
        bytes: { client: 4811, server: 20_113 },
      }),
    ],
    change: { watchedSeconds: 9 },
  });
  const { varying: one, ...pieces } = takeApart(first);
  const { varying: other, ...same } = takeApart(later);
  t.not(one, other);
  t.strictSame(pieces, same);
  t.end();
});
