import t from 'tap';
import { evaluate } from '../../src/evaluate/engine.ts';
import { rule } from '../../src/rules/log-and-wire-differ.ts';
import { rule as logSaysClear } from '../../src/rules/log-says-clear.ts';
import { logLine } from '../support/log-lines.ts';
import {
  active,
  activeClear,
  clear,
  finding,
  JM,
  NOW,
  PROBES,
  promise,
  TM1,
  tls,
  verdict,
} from '../support/observations.ts';

const says = (what: 'tls' | 'clear', change: Parameters<typeof logLine>[1] = {}) =>
  logLine('actor-system-started', { says: what, text: `started at pekko.${what} jm:6123`, id: 'l1', ...change });

t.test('accuses a port in clear whose log says TLS, by capture and by probe', async (t) => {
  const wire = finding(rule, [says('tls'), clear()]);
  t.match(wire, { severity: 'high', channel: 'jobmanager-rpc', endpoint: { member: 'jm' } });
  t.match(wire.message, /the log says TLS, and connections are in clear/);
  t.match(wire.witnesses, { wire: 'fail', handshake: 'not-heard', record: 'pass' });
  t.match(wire.evidence, [{ observation: 'l1', text: /^line 92/ }, { frame: Number }]);
  const asked = finding(rule, [says('tls'), activeClear()]);
  t.match(asked.witnesses, { wire: 'not-heard', handshake: 'fail', record: 'pass' });
});

t.test('accuses a port in TLS whose log says clear, and then the log is not taken at its word', async (t) => {
  const seen = [says('clear'), tls()];
  const found = finding(rule, seen);
  t.match(found, { severity: 'medium', message: /the log says clear text, and connections are in TLS/ });
  t.match(found.witnesses, { wire: 'pass', record: 'fail' });
  const expectations = [promise('jobmanager-rpc')];
  const { findings } = evaluate([rule, logSaysClear], seen, expectations, { now: NOW, probes: PROBES });
  t.strictSame(
    findings.map(({ ruleId }) => ruleId),
    ['log-and-wire-differ'],
  );
  t.equal(findings[0]?.witnesses.promise, 'pass');
});

t.test('passes where both say the same, and ports of which logs or connections are of two minds', async (t) => {
  t.equal(verdict(rule, [says('tls'), tls()]), 'pass');
  t.equal(verdict(rule, [says('clear'), clear()]), 'pass');
  t.equal(verdict(rule, [says('tls'), says('clear'), tls()]), 'pass');
  t.equal(verdict(rule, [says('tls'), tls(), clear()]), 'pass');
});

t.test('holds nothing against a process that crossed the wire before it was started', async (t) => {
  const later = '2026-11-22T13:00:01.000Z';
  t.equal(verdict(rule, [{ ...says('tls'), observedAt: later, lastSeenAt: later }, clear()]), 'pass');
  t.equal(verdict(rule, [{ ...says('tls'), observedAt: later, lastSeenAt: later }, clear({ until: later })]), 'fail');
});

t.test('holds the log of one process against no other', async (t) => {
  t.equal(verdict(rule, [says('tls'), clear({ server: TM1 })]), 'pass');
  t.equal(
    verdict(rule, [says('tls', { server: { host: 'jm', member: 'jm' } }), active(), clear({ server: JM })]),
    'pass',
  );
  const byName = [says('tls', { server: { host: 'jm', member: 'jm' } }), clear({ server: JM })];
  t.equal(verdict(rule, byName), 'fail', 'by name, where the log knows no address');
});

t.test('does not apply without a log that tells of TLS', async (t) => {
  t.equal(verdict(rule, [tls()]), 'not-applicable');
  t.equal(verdict(rule, [logLine('blob-server-started', { channel: 'blob-server' }), tls()]), 'not-applicable');
});
