import t from 'tap';
import { rule } from '../../src/rules/credentials-in-clear.ts';
import { clear, finding, tls, undecided, verdict } from '../support/observations.ts';

const basic = {
  kind: 'basic-authorization',
  from: 'client',
  frame: 412,
  streamOffset: 73,
  count: 5,
  name: 'Authorization',
} as const;

t.test('fails basic authorization over clear REST with its place, and asks to change the password', async (t) => {
  const found = finding(rule, [clear({ channel: 'rest', plaintext: { credentials: [basic] } })]);
  t.equal(found.severity, 'critical');
  t.equal(found.observed, 'basic-authorization, 5 times, first in frame 412 at stream offset 73');
  t.match(found.message, /a user name and password \(basic authorization\)/);
  t.match(found.remediation.text, /^Change every credential that has crossed here.* Mend rest\.$/);
  t.match(found.evidence[0], { frame: 412, streamOffset: 73 });
});

t.test('fails the session password of ZooKeeper and a secret in a configuration', async (t) => {
  const session = { ...basic, kind: 'session-password', from: 'server', name: 'passwd' } as const;
  const secret = { ...basic, kind: 'secret-in-configuration', name: 's3.secret-key' } as const;
  t.equal(
    finding(rule, [clear({ channel: 'high-availability', plaintext: { credentials: [session] } })]).severity,
    'critical',
  );
  t.match(
    finding(rule, [clear({ channel: 'rest', plaintext: { credentials: [secret] } })]).evidence[0]!.text,
    /s3\.secret-key/,
  );
});

t.test('passes clear text without credentials, and TLS', async (t) => {
  t.equal(verdict(rule, [clear({ channel: 'rest' })]), 'pass');
  t.equal(verdict(rule, [tls({ channel: 'rest' })]), 'pass');
});

t.test('is inconclusive where a connection could not be told', async (t) => {
  t.equal(verdict(rule, [undecided('gap', { channel: 'rest' })]), 'inconclusive');
});

t.test('is not applicable to traffic that is nothing of Flink’s', async (t) => {
  t.equal(verdict(rule, [clear({ channel: 'unknown', plaintext: { credentials: [basic] } })]), 'not-applicable');
});
