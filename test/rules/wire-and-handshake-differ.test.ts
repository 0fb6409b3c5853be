import t from 'tap';
import { rule } from '../../src/rules/wire-and-handshake-differ.ts';
import {
  active,
  activeClear,
  certificate,
  chain,
  clear,
  finding,
  hidden,
  JM,
  TM1,
  tls,
  verdict,
} from '../support/observations.ts';

const OTHER = certificate({ sha256: '77bb'.padEnd(64, '0'), subject: 'CN=proxy' });

t.test(
  'accuses a port that was TLS in the capture and answers a probe in clear, and the other way round',
  async (t) => {
    const inClear = finding(rule, [tls(), activeClear()]);
    t.match(inClear, {
      severity: 'high',
      endpoint: { member: 'jm', port: 6123 },
      witnesses: { wire: 'pass', handshake: 'fail' },
    });
    t.match(
      inClear.message,
      /was TLS in the capture, and a probe gets clear text from jm\. Captured until .* asked from/,
    );
    t.equal(inClear.evidence.length, 2);
    const inTls = finding(rule, [clear(), active()]);
    t.match(inTls, { severity: 'high', witnesses: { wire: 'fail', handshake: 'pass' } });
  },
);

t.test('accuses a port that shows the probe another certificate than the cluster', async (t) => {
  const found = finding(rule, [tls(), active({ tls: { serverCertificate: chain(OTHER) } })]);
  t.match(found, { severity: 'medium', witnesses: { wire: 'fail', handshake: 'fail' } });
  t.match(found.message, /were shown CN=internal,O=lab \(51aa0000…\), a probe is shown CN=proxy \(77bb0000…\)/);
});

t.test('knows a port again by the name of its process', async (t) => {
  const behind = { host: '192.0.2.7', member: 'jm' };
  t.equal(verdict(rule, [tls({ server: JM }), activeClear({ server: behind })]), 'fail');
  t.equal(verdict(rule, [tls({ server: JM }), activeClear({ server: { host: '192.0.2.7' } })]), 'not-applicable');
});

t.test('passes where both saw the same, one of several certificates is, or one of the two is hidden', async (t) => {
  t.equal(verdict(rule, [tls(), active()]), 'pass');
  t.equal(verdict(rule, [clear(), activeClear()]), 'pass');
  const both = [tls(), tls({ tls: { serverCertificate: chain(OTHER) } })];
  t.equal(
    verdict(rule, [...both, active({ tls: { serverCertificate: chain(OTHER) } })]),
    'pass',
    'renewed while captured',
  );
  t.equal(verdict(rule, [tls({ tls: { serverCertificate: hidden('encrypted') } }), active()]), 'pass');
});

t.test('does not apply to what was only captured, only asked, or of different ports', async (t) => {
  t.equal(verdict(rule, [tls()]), 'not-applicable');
  t.equal(verdict(rule, [active()]), 'not-applicable');
  t.equal(verdict(rule, [tls({ server: TM1 }), activeClear({ server: JM })]), 'not-applicable');
});
