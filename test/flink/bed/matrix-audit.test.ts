import t from 'tap';
import { CONTRADICTIONS, type ContradictionResult } from './contradictions.ts';
import { auditTable, contradictionTable, stateTable } from './matrix-audit.ts';
import type { CaseResult } from './results.ts';
import type { StateResult } from './state-run.ts';

const COMMON = { digest: 'x', at: '2026-01-02T03:04:05.678Z', java: 'J', machine: '2 cores', seconds: { all: 1 } };

const audited = (version: string, audit: 'equal' | 'differs', told: readonly string[]): CaseResult => ({
  ...{ ...COMMON, version, case: 'ssl-enabled-alone', site: 'namespaces', endpoints: [], strays: [] },
  ...{ wire: 'equal', verify: 'equal', audit, told },
});

t.test('rules that some versions tell are told with them', async (t) => {
  const text = auditTable([
    audited('1.20.5', 'equal', ['a']),
    audited('2.0.2', 'equal', ['a', 'b']),
    audited('2.1.3', 'differs', ['a', 'b']),
  ]).join('\n');
  t.match(text, /\| `ssl-enabled-alone` \|(?: +\|)+ = \| = \| ≠ \|(?: +\|)+ a, b \(2\.0\.2 to 2\.1\.3\) \|/);
  t.same(auditTable([undefined]), []);
});

t.test('every contradiction stands in the table, with who told it or that nobody did', async (t) => {
  const pairs = new Set(Object.values(CONTRADICTIONS).map(({ between }) => [...between].sort().join(' ')));
  t.equal(pairs.size, 6, 'each pair of the four witnesses');
  const result: ContradictionResult = {
    ...{ ...COMMON, kind: 'contradictions', version: '2.3.0', verdict: 'differs' },
    told: { renewedOnDisk: 'served-certificate-is-not-the-one-on-disk (high)' },
    differences: ['capturedBefore: wire-and-handshake-differ not told'],
  };
  const text = contradictionTable([result]).join('\n');
  t.match(text, /\| handshake and promise \| .* \| = \| served-certificate-is-not-the-one-on-disk \(high\) \|/);
  t.match(text, /\| wire and handshake \| .* \| ≠ \| nothing \|/);
  t.match(text, /- 2\.3\.0: capturedBefore: wire-and-handshake-differ not told/);
});

t.test('files of a job with state are counted by kind and version', async (t) => {
  const result: StateResult = {
    ...{ ...COMMON, kind: 'state', version: '2.3.0', job: 'rocksdb', verdict: 'equal', differences: [] },
    kinds: { 'rocksdb-sst': 88 },
  };
  const text = stateTable([result, { ...result, version: '2.2.1', verdict: 'differs', differences: ['so'] }]).join(
    '\n',
  );
  t.match(text, /\| equal to the names \|(?: +\|)+ ≠ \| = \|/);
  t.match(text, /\| rocksdb-sst \|(?: +\|)+ 88 \| 88 \|/);
  t.match(text, /- 2\.2\.1: so/);
});
