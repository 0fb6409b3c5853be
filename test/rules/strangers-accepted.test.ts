import t from 'tap';
import { rule } from '../../src/rules/strangers-accepted.ts';
import { active, clear, finding, judged, promise, proof, tls, verdict } from '../support/observations.ts';

t.test('fails at high where a stranger is let in, once for each kind of certificate, with the versions', async (t) => {
  const admission = [
    proof('stranger', 'admitted', 'TLSv1.3'),
    proof('stranger', 'admitted', 'TLSv1.2'),
    proof('expired-stranger', 'admitted'),
    proof('none', 'refused'),
  ];
  const { findings } = judged(rule, [active({ admission })]);
  t.strictSame(findings.map(({ severity, verdict, observed }) => [severity, verdict, observed]).sort(), [
    ['high', 'fail', 'admitted in TLSv1.2'],
    ['high', 'fail', 'admitted in TLSv1.3, TLSv1.2'],
  ]);
  t.equal(new Set(findings.map((one) => one.fingerprint)).size, 2);
  for (const one of findings) t.strictSame(one.witnesses.handshake, 'fail');
});

t.test('passes where every stranger is refused, and counts neither our identity nor an empty hand', async (t) => {
  const refused = [proof('stranger', 'refused'), proof('other-authority', 'refused'), proof('identity', 'admitted')];
  t.equal(verdict(rule, [active({ admission: refused })]), 'pass');
  t.equal(
    verdict(rule, [active({ admission: [proof('none', 'admitted'), proof('identity', 'admitted')] })]),
    'not-applicable',
  );
});

t.test('is inconclusive, and says so, where the server neither refused nor went on', async (t) => {
  const found = finding(rule, [active({ admission: [proof('stranger', 'unknown')] })]);
  t.equal(found.verdict, 'inconclusive');
  t.match(found.message, 'neither refused it nor went on');
});

t.test('counts a certificate that is not the pinned one only where the configuration pins one', async (t) => {
  const seen = [active({ admission: [proof('right-authority-not-pinned', 'admitted')] })];
  t.equal(verdict(rule, seen), 'not-applicable');
  const expectations = [promise('jobmanager-rpc', { certificateSha1: ['aa'.repeat(20)] })];
  t.equal(finding(rule, seen, { expectations }).severity, 'high');
});

t.test('asks nothing of REST that demands no certificate, and all of REST that does', async (t) => {
  const admission = [proof('stranger', 'admitted')];
  const open = active({ channel: 'rest', admission, demands: { 'TLSv1.2': 'not-requested' } });
  t.equal(verdict(rule, [open]), 'not-applicable');
  const demanding = active({ channel: 'rest', admission });
  t.ok(finding(rule, [demanding]).remediation.settings['security.ssl.rest.truststore']);
});

t.test('does not apply to captures and clear text', async (t) => {
  t.equal(verdict(rule, [tls()]), 'not-applicable');
  t.equal(verdict(rule, [clear()]), 'not-applicable');
});
