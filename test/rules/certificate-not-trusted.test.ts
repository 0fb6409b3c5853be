import t from 'tap';
import type { Certificate, ChainTrust, Observation } from '../../src/model/report.ts';
import { rule } from '../../src/rules/certificate-not-trusted.ts';
import { active, certificate, chain, clear, finding, JM, judged, TM1, verdict } from '../support/observations.ts';

const root = certificate({ sha256: '00'.repeat(32), subject: 'CN=root', issuer: 'CN=root' });
const middle = certificate({ sha256: '22'.repeat(32), subject: 'CN=ca', issuer: 'CN=root', selfIssued: false });
const leaf = certificate({ sha256: '11'.repeat(32), subject: 'CN=leaf', issuer: 'CN=ca', selfIssued: false });

const anchored: ChainTrust = { verdict: 'anchored', anchor: root.sha256, text: 'leads to CN=root' };
const incomplete: ChainTrust = { verdict: 'incomplete', missingIssuer: 'CN=ca', text: 'ends with CN=leaf' };

function judgedChain(
  trust: ChainTrust,
  sent: readonly Certificate[],
  server: typeof JM | typeof TM1 = JM,
): Observation {
  return active({ channel: 'taskmanager-data', server, tls: { serverCertificate: chain(...sent), trust } });
}

t.test('fails, at high, a certificate that is signed by itself or leads elsewhere', async (t) => {
  const own = judgedChain({ verdict: 'self-signed', text: 'is signed by its own key' }, [root]);
  const found = finding(rule, [own]);
  t.match(found, { severity: 'high', channel: 'taskmanager-data', endpoint: { member: 'jm' } });
  t.match(
    found.message,
    /^Members with the truststore that was given refuse CN=root .*: the chain is signed by its own/,
  );
  t.match(found.remediation.text, /--truststore internal=FILE --truststore rest=FILE/);
  const elsewhere = judgedChain({ verdict: 'not-anchored', text: 'leads to CN=root' }, [leaf, middle, root]);
  t.match(finding(rule, [elsewhere]), { severity: 'high', observed: 'not-anchored: CN=leaf <- CN=ca <- CN=root' });
});

t.test('fails an incomplete chain at high: nobody knows what is missing', async (t) => {
  const found = finding(rule, [judgedChain(incomplete, [leaf])]);
  t.equal(found.severity, 'high');
  t.match(
    found.message,
    /Either a certificate in between was not sent, or it is of an authority that is not trusted\.$/,
  );
});

t.test('at medium where another endpoint leads into the truststore by the one that is missing', async (t) => {
  const { findings } = judged(rule, [
    judgedChain(incomplete, [leaf], TM1),
    judgedChain(anchored, [certificate({ sha256: '33'.repeat(32), subject: 'CN=other', issuer: 'CN=ca' }), middle]),
  ]);
  t.match(findings, [{ severity: 'medium', endpoint: { member: 'tm1' } }]);
  t.match(findings[0]!.message, /only here it is missing/);
  t.match(findings[0]!.remediation.text, /leaf first and with CN=ca/);
});

t.test('a chain of another endpoint proves nothing where it is not trusted itself', async (t) => {
  const other = judgedChain({ verdict: 'incomplete', missingIssuer: 'CN=root', text: 'ends' }, [leaf, middle], TM1);
  t.equal(judged(rule, [judgedChain(incomplete, [leaf]), other]).findings[0]?.severity, 'high');
});

t.test('judges further chains by themselves', async (t) => {
  const further = {
    versions: ['TLSv1.2'],
    keyType: 'EC',
    chain: [leaf],
    trust: { verdict: 'not-anchored', text: 'leads to CN=elsewhere' },
  } as const;
  const seen = active({ tls: { serverCertificate: chain(root), trust: anchored, alternativeChains: [further] } });
  t.match(finding(rule, [seen]).message, /CN=leaf .*leads to CN=elsewhere/);
});

t.test('passes what leads into the truststore', async (t) => {
  t.equal(verdict(rule, [judgedChain(anchored, [leaf, middle])]), 'pass');
});

t.test('is not applicable without a truststore, and to clear text', async (t) => {
  t.equal(verdict(rule, [active(), clear()]), 'not-applicable');
});
