import t from 'tap';
import { rule } from '../../src/rules/incomplete-certificate-chain.ts';
import { alert, certificate, chain, clear, finding, tls, tls13, verdict } from '../support/observations.ts';

const channel = 'rest';
const root = certificate({ sha256: '00'.repeat(32), subject: 'CN=root', issuer: 'CN=root' });
const middle = certificate({ sha256: '22'.repeat(32), subject: 'CN=ca', issuer: 'CN=root', selfIssued: false });
const leaf = certificate({ sha256: '11'.repeat(32), subject: 'CN=jm', issuer: 'CN=ca', selfIssued: false });

t.test('fails a chain with a hole, and names it', async (t) => {
  const found = finding(rule, [tls({ channel, tls: { serverCertificate: chain(leaf, root) } })]);
  t.equal(found.severity, 'medium');
  t.match(found.message, /was issued by CN=ca, and what follows is CN=root/);
  t.equal(found.observed, 'CN=jm <- CN=root');
});

t.test('fails a leaf alone where a client refused it for want of a path', async (t) => {
  const refused = { outcome: 'refused', alerts: [alert('client', 48, 'unknown_ca')] } as const;
  const found = finding(rule, [tls({ channel, tls: { serverCertificate: chain(leaf), ...refused } })]);
  t.match(found.message, /stands alone, its issuer CN=ca is not sent, and a client refused it with alert 48/);
});

t.test('passes whole chains, with and without the root, and self-signed certificates', async (t) => {
  t.equal(verdict(rule, [tls({ channel, tls: { serverCertificate: chain(leaf, middle, root) } })]), 'pass');
  t.equal(verdict(rule, [tls({ channel, tls: { serverCertificate: chain(leaf, middle) } })]), 'pass');
  t.equal(verdict(rule, [tls()]), 'pass');
});

t.test('passes a leaf alone that the truststore vouches for', async (t) => {
  const trust = { verdict: 'anchored', text: 'leads to CN=ca' } as const;
  t.equal(verdict(rule, [tls({ channel, tls: { serverCertificate: chain(leaf), trust } })]), 'pass');
  const further = { versions: ['TLSv1.2'], keyType: 'RSA', chain: [leaf], trust };
  t.equal(verdict(rule, [tls({ channel, tls: { alternativeChains: [further] } })]), 'pass');
});

t.test(
  'is inconclusive with a leaf alone, which its trust anchor may have issued, and with a hidden chain',
  async (t) => {
    t.equal(verdict(rule, [tls({ channel, tls: { serverCertificate: chain(leaf) } })]), 'inconclusive');
    t.equal(verdict(rule, [tls13({ channel })]), 'inconclusive');
  },
);

t.test('is not applicable to clear text', async (t) => {
  t.equal(verdict(rule, [clear()]), 'not-applicable');
});
