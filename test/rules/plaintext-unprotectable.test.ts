import t from 'tap';
import { rule } from '../../src/rules/plaintext-unprotectable.ts';
import { clear, finding, TM1, tls, transfer, undecided, verdict } from '../support/observations.ts';

t.test('fails at low a collect sink in use, and says what it carries and what to put around it', async (t) => {
  const sink = clear({
    channel: 'collect-sink',
    server: TM1,
    plaintext: { stateTransfer: [transfer('query-results')] },
  });
  const found = finding(rule, [sink]);
  t.equal(found.severity, 'low');
  t.match(found.observed, /1 connection in clear, 20,926 bytes, with query-results/);
  t.match(found.evidence[0], { frame: 88, streamOffset: 4096 });
  t.equal(found.remediation.text, 'Mend collect-sink.');
});

t.test('fails at low Prometheus, JMX and queryable state alike', async (t) => {
  for (const channel of ['prometheus', 'jmx', 'queryable-state', 'hiveserver2'] as const) {
    t.equal(finding(rule, [clear({ channel })]).severity, 'low', channel);
  }
});

t.test('passes where a proxy has put TLS around the port', async (t) => {
  t.equal(verdict(rule, [tls({ channel: 'prometheus' })]), 'pass');
});

t.test('is inconclusive where the connection could not be told', async (t) => {
  t.equal(verdict(rule, [undecided('one-sided', { channel: 'jmx' })]), 'inconclusive');
});

t.test('is not applicable to channels that have TLS', async (t) => {
  t.equal(verdict(rule, [clear({ channel: 'jobmanager-rpc' })]), 'not-applicable');
  t.equal(verdict(rule, [clear({ channel: 'unknown' })]), 'not-applicable');
});
