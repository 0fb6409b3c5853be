import t from 'tap';
import { rule } from '../../src/rules/zookeeper-in-clear-by-configuration.ts';
import { auditFinding, auditVerdict, recorded } from '../support/audited.ts';

const HA = { 'high-availability.type': 'zookeeper', 'high-availability.zookeeper.quorum': 'zk:2181' };

t.test('ZooKeeper without its client option is in clear', async (t) => {
  t.match(await auditFinding(rule, [HA]), { severity: 'medium', channel: 'high-availability', file: { line: 2 } });
  const old = { 'high-availability': 'zookeeper', 'high-availability.zookeeper.quorum': 'zk:2181' };
  t.equal(await auditVerdict(rule, [old]), 'fail', 'by the old key');
});

t.test('the option passes, and on another port its absence does not fail the run', async (t) => {
  const secure = { ...HA, 'env.java.opts.all': '-Dzookeeper.client.secure=true -Dx=y' };
  t.equal(await auditVerdict(rule, [secure]), 'pass');
  // Its sessions were TLS by options of the environment.
  t.match(await auditFinding(rule, [recorded('1.20.3-zk-tls', 'jm')]), { severity: 'low' });
});

t.test('without ZooKeeper it does not apply', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-all', 'jm')]), 'not-applicable');
  t.equal(await auditVerdict(rule, [{ 'high-availability.type': 'kubernetes' }]), 'not-applicable');
});
