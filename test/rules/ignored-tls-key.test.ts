import t from 'tap';
import { rule } from '../../src/rules/ignored-tls-key.ts';
import { auditFinding, auditVerdict, INTERNAL, recorded } from '../support/audited.ts';

t.test('the dead key of host names is told in every version', async (t) => {
  for (const flinkVersion of ['1.17.2', '1.20.3', '2.3.0']) {
    const lines = { ...INTERNAL, 'security.ssl.verify-hostname': 'true' };
    t.match(await auditFinding(rule, [lines], { flinkVersion }), { severity: 'medium', file: { line: 7 } });
  }
});

t.test('keys that a later release brought are told with that release', async (t) => {
  for (const [key, flinkVersion, since] of [
    ['security.ssl.internal.keystore-type', '1.19.3', '1.20'],
    ['security.ssl.rest.verify-hostname', '2.2.1', '2.3'],
    ['pekko.ssl.enabled', '1.17.2', '1.18'],
  ] as const) {
    const lines = { ...INTERNAL, [key]: 'true' };
    t.match(await auditFinding(rule, [lines], { flinkVersion }), {
      message: new RegExp(`^${key} is read from Flink ${since} on`),
    });
    t.equal(await auditVerdict(rule, [lines], { flinkVersion: `${since}.0` }), 'pass', `${key} in ${since}.0`);
  }
});

t.test('the key that the Docker image writes is a note', async (t) => {
  t.match(await auditFinding(rule, [{ 'query.server.port': '6125' }]), { severity: 'info' });
});

t.test('recorded clusters pass, and one without TLS keys is nothing for it', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-all', 'jm')]), 'pass');
  t.equal(await auditVerdict(rule, [recorded('1.20.3-off', 'jm')]), 'not-applicable');
});
