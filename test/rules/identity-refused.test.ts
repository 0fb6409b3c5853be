import t from 'tap';
import { rule } from '../../src/rules/identity-refused.ts';
import { active, clear, finding, proof, tls, verdict } from '../support/observations.ts';

t.test('fails at high where our identity is refused, and names what the server wants', async (t) => {
  const found = finding(rule, [active({ admission: [proof('identity', 'refused', 'TLSv1.2')] })]);
  t.equal(found.severity, 'high');
  t.match(found.message, 'Refuses our identity in TLSv1.2: a member of the cluster');
  t.match(found.message, 'CN=internal,O=lab');
  t.equal(found.observed, 'identity was refused');
});

t.test('says that another version takes it', async (t) => {
  const admission = [proof('identity', 'refused', 'TLSv1.3'), proof('identity', 'admitted', 'TLSv1.2')];
  t.match(finding(rule, [active({ channel: 'rest', admission })]).message, 'though it is taken in other versions');
});

t.test('passes where it is admitted, or where no certificate is wanted', async (t) => {
  t.equal(verdict(rule, [active({ admission: [proof('identity', 'admitted')] })]), 'pass');
  t.equal(verdict(rule, [active({ admission: [proof('identity', 'not-asked')] })]), 'pass');
});

t.test('is inconclusive where the server kept silent', async (t) => {
  t.equal(finding(rule, [active({ admission: [proof('identity', 'unknown')] })]).verdict, 'inconclusive');
});

t.test('does not apply where no identity was given', async (t) => {
  t.equal(verdict(rule, [active({ admission: [proof('stranger', 'refused')] })]), 'not-applicable');
  t.equal(verdict(rule, [tls(), clear()]), 'not-applicable');
});
