import fc from 'fast-check';
import type { Finding, Report } from '../../src/model/report.ts';
import { certificate, finding, observation, sampleReport, tlsDetails } from './sample-report.ts';

/** What means something to one format or another, and what nobody should see as it is. */
const PIECES: readonly string[] = [
  ...['=1+1', '+cmd', '-2', '@SUM(A1)', '=HYPERLINK("http://x")', '\uff1d1', '\t=1', ' =1', '|calc'],
  ...['<script>alert(1)</script>', '</pre>', '"><img src=x onerror=1>', '&amp;', ']]>', '<!--', '-->', "'", '"', '\\'],
  ...[
    '`',
    '```',
    '~~~',
    '*bold*',
    '_it_',
    '[a](http://x)',
    '![i](//x)',
    '|',
    '\\|',
    '# head',
    '1. one',
    '- item',
    '> q',
  ],
  ...[
    'https://evil.example/x',
    'www.evil.example',
    'a@b.example',
    '@everyone',
    '#12',
    'GH-7',
    '$x$',
    '<b>',
    '==',
    '---',
  ],
  ...[
    '\n',
    '\r\n',
    '\t',
    '\0',
    '\u001b[31m',
    '\u009b',
    '\u202e',
    '\u2028',
    '\ufffe',
    '\uffff',
    '\ud800',
    '\u{1f600}',
    'é',
    ',',
  ],
];

/** Texts of a name on the wire, made of pieces that hurt. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 8 })), {
    minLength: 1,
    maxLength: 6,
  })
  .map((pieces) => pieces.join(''))
  .filter((text) => text !== '');

/** A report that says such a text wherever it may. */
export function hostileReport(text: string): Report {
  const endpoint = { host: text, port: 6124, component: 'jobmanager', member: text } as const;
  const chain = [certificate({ subject: text, issuer: text })];
  const hostile = finding({
    channel: 'blob-server',
    endpoint,
    title: text,
    message: text,
    expected: text,
    observed: text,
    evidence: [{ observation: 'o1', file: text, text }],
    remediation: { text, settings: { [text]: text }, command: text },
    references: [text],
    fingerprint: '1'.repeat(32),
  });
  return sampleReport({
    inputs: [{ kind: 'capture', path: text, problems: [{ file: text, line: 1, message: text }] }],
    observations: [
      observation({
        channel: 'blob-server',
        server: endpoint,
        tls: tlsDetails({ serverName: text, serverCertificate: { seen: 'present', truncated: false, chain } }),
      }),
    ],
    findings: [
      hostile,
      { ...hostile, fingerprint: '2'.repeat(32), waived: { id: text, until: '2026-12-31', owner: text, reason: text } },
      { ...hostile, fingerprint: '3'.repeat(32), channel: 'unknown', file: { path: text, line: 3, member: text } },
    ],
    waivers: [],
  });
}

const WAIVER = { id: 'metrics-2026', until: '2026-12-31', owner: 'platform-team', reason: 'encrypted by the mesh' };

/** One finding of every kind: failing, waived, below the threshold, a hint, undecided, a rule that threw. */
export const EVERY_KIND: readonly Finding[] = [
  finding({ ruleId: 'rule-failing', fingerprint: 'a'.repeat(32) }),
  finding({ ruleId: 'rule-waived', fingerprint: 'b'.repeat(32), waived: WAIVER }),
  finding({ ruleId: 'rule-low', severity: 'low', fingerprint: 'c'.repeat(32) }),
  finding({ ruleId: 'rule-info', severity: 'info', fingerprint: 'd'.repeat(32) }),
  finding({ ruleId: 'rule-undecided', verdict: 'inconclusive', fingerprint: 'e'.repeat(32) }),
  finding({
    ruleId: 'rule-threw',
    verdict: 'error',
    message: 'threw TypeError: no such thing',
    fingerprint: 'f'.repeat(32),
  }),
];

/** A run that was cut short, with a finding of every kind, a channel that was asked for and one that was not. */
export function everyKindReport(change: Partial<Report> = {}): Report {
  return sampleReport({ complete: false, findings: EVERY_KIND, waivers: [], ...change });
}
