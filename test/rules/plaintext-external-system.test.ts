import t from 'tap';
import { rule } from '../../src/rules/plaintext-external-system.ts';
import { clear, finding, promise, tls, transfer, undecided, verdict } from '../support/observations.ts';

t.test('fails ZooKeeper in clear where nothing worse was recognised in it', async (t) => {
  const found = finding(rule, [clear({ channel: 'high-availability' })]);
  t.equal(found.severity, 'medium');
  t.match(found.observed, '1 connection in clear (zookeeper)');
});

t.test('leaves state and credentials to the rules that tell them', async (t) => {
  const state = clear({ channel: 'checkpoint-storage', plaintext: { stateTransfer: [transfer('rocksdb-sst')] } });
  t.equal(verdict(rule, [state]), 'not-applicable');
  const password = {
    kind: 'session-password',
    from: 'server',
    frame: 1,
    streamOffset: 16,
    count: 1,
    name: 'passwd',
  } as const;
  t.equal(
    verdict(rule, [clear({ channel: 'high-availability', plaintext: { credentials: [password] } })]),
    'not-applicable',
  );
});

t.test('passes TLS', async (t) => {
  t.equal(verdict(rule, [tls({ channel: 'checkpoint-storage' })]), 'pass');
});

t.test('is inconclusive where the connection could not be told', async (t) => {
  t.equal(verdict(rule, [undecided('gap', { channel: 'checkpoint-storage' })]), 'inconclusive');
});

t.test(
  'is not applicable to Flink’s own channels, nor where TLS is configured and plaintext-channel tells it',
  async (t) => {
    t.equal(verdict(rule, [clear({ channel: 'rest' })]), 'not-applicable');
    const expectations = [promise('checkpoint-storage')];
    t.equal(verdict(rule, [clear({ channel: 'checkpoint-storage' })], { expectations }), 'not-applicable');
  },
);
