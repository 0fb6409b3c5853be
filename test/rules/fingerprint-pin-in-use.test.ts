import t from 'tap';
import { rule } from '../../src/rules/fingerprint-pin-in-use.ts';
import { active, clientAuthentication, finding, tls, tls13, verdict } from '../support/observations.ts';

const empty = clientAuthentication({ certificateAuthorities: [] });

t.test('hints at a pin where a CertificateRequest names no authority', async (t) => {
  const found = finding(rule, [tls({ tls: { clientAuthentication: empty } }), tls()]);
  t.equal(found.severity, 'info');
  t.match(found.observed, 'empty list of authorities in 1 CertificateRequest');
});

t.test('passes a list with authorities', async (t) => {
  t.equal(verdict(rule, [tls()]), 'pass');
});

t.test('is inconclusive where no CertificateRequest was read', async (t) => {
  t.equal(verdict(rule, [tls13()]), 'inconclusive');
});

t.test('is not applicable to channels that are not internal', async (t) => {
  t.equal(
    verdict(rule, [tls({ channel: 'high-availability', tls: { clientAuthentication: empty } })]),
    'not-applicable',
  );
});

t.test('hints at a pin where a probe was asked for a certificate of nobody', async (t) => {
  const { clientAuthentication } = active().tls!;
  const pinned = active({ tls: { clientAuthentication: { ...clientAuthentication, certificateAuthorities: [] } } });
  t.equal(finding(rule, [pinned]).severity, 'info');
  t.equal(verdict(rule, [active()]), 'pass');
});
