import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { analyse } from '../../src/cli/analysis.ts';
import { cellsOf } from '../../src/daemon/cells.ts';
import type { Report } from '../../src/model/report.ts';
import { root } from '../support/repository.ts';

/** `captures/1.20.3-w-off`: a TaskManager (`tm2`, 10.77.0.3) without TLS beside a JobManager with it. */
async function halfOff(): Promise<Report> {
  const captures = path.join(root, 'captures');
  return analyse({
    captures: [path.join(captures, '1.20.3-w-off.pcap.gz')],
    configurations: [],
    names: readFileSync(path.join(captures, 'hosts.txt'), 'utf8'),
    expect: [],
    failOn: 'medium',
    now: Date.parse('2026-11-22T12:00:00Z'),
  });
}

t.test('a client that is accused has a cell, though nobody listens there', async (t) => {
  const report = await halfOff();
  const [finding] = report.findings.filter(({ endpoint }) => endpoint?.member === 'tm2');
  t.equal(finding?.channel, 'jobmanager-rpc', 'what the capture shows');
  const cells = cellsOf('a', report, 'medium').filter(({ channel }) => channel === 'jobmanager-rpc');
  t.strictSame(cells.map(({ member, verdict }) => `${member} ${verdict}`).sort(), ['jm fail', 'tm2 fail']);
  const cell = cells.find(({ member }) => member === 'tm2')!;
  t.strictSame(cell.findings, [finding!.fingerprint]);
  t.equal(cell.endpoint, undefined, 'the port of a client is another one with every connection');
  t.equal(cell.served, undefined, 'it serves nothing');
});

t.test('its verdict is that of the worst finding there, by the threshold of the cluster', async (t) => {
  const report = await halfOff();
  const verdict = (told: Report, failOn: 'medium' | 'critical' = 'medium'): string | undefined =>
    cellsOf('a', told, failOn).find(({ member }) => member === 'tm2')?.verdict;
  t.equal(verdict(report), 'fail');
  t.equal(verdict(report, 'critical'), 'warn');
  const changed = (more: object): Report => ({
    ...report,
    findings: report.findings.map((one) => (one.endpoint?.member === 'tm2' ? { ...one, ...more } : one)),
  });
  t.equal(verdict(changed({ verdict: 'inconclusive' })), 'inconclusive');
  t.equal(verdict(changed({ waived: { id: 'w', until: '2026-12-31', owner: 'o', reason: 'r' } })), 'waived');
  t.equal(verdict(changed({ severity: 'info' })), undefined, 'a note alarms nobody');
});
