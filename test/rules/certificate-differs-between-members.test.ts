import t from 'tap';
import { rule } from '../../src/rules/certificate-differs-between-members.ts';
import {
  active,
  certificate,
  chain,
  clear,
  finding,
  JM,
  judged,
  TM1,
  TM2,
  tls,
  tls13,
  verdict,
} from '../support/observations.ts';

const other = certificate({ sha256: '77f0'.padEnd(64, '0'), subject: 'CN=other' });

t.test('accuses the member whose certificate the others do not have', async (t) => {
  const found = finding(rule, [tls({ client: TM1 }), tls({ client: TM2, tls: { clientCertificate: chain(other) } })]);
  t.equal(found.severity, 'high');
  t.equal(found.endpoint?.member, 'tm2');
  t.match(found.message, /tm2 presents CN=other \(77f00000…\), .*jm.*tm1|tm1.*jm present CN=internal/);
  t.equal(found.evidence.length, 2);
});

t.test('does not say who is right where two stand against two', async (t) => {
  const { findings } = judged(rule, [tls({ client: TM2, tls: { clientCertificate: chain(other) } })]);
  t.equal(findings.length, 1);
  t.match(findings[0]?.message, /cannot be told from their number/);
});

t.test('judges a process by what it showed last, so that a rotation accuses only those left behind', async (t) => {
  const early = '2026-11-22T10:00:00Z';
  const old = { tls: { serverCertificate: chain(other), clientCertificate: chain(other) } };
  t.equal(verdict(rule, [tls({ client: TM1, at: early, ...old }), tls({ client: TM1 })]), 'pass');
  const behind = finding(rule, [
    tls({ client: TM1, at: early, ...old }),
    tls({ client: TM1 }),
    tls({ client: TM2, tls: { clientCertificate: chain(other) } }),
  ]);
  t.equal(behind.endpoint?.member, 'tm2');
});

t.test('passes one certificate for all', async (t) => {
  t.equal(
    verdict(rule, [
      tls({ client: TM1 }),
      tls({ client: TM2 }),
      tls({ channel: 'taskmanager-data', server: TM1, client: TM2 }),
    ]),
    'pass',
  );
});

t.test('passes a certificate of its own for every process from one issuer', async (t) => {
  const own = (name: string) =>
    chain(certificate({ sha256: name.repeat(32), subject: `CN=${name}`, issuer: 'CN=ca', selfIssued: false }));
  const server = { serverCertificate: own('aa') };
  t.equal(
    verdict(rule, [
      tls({ client: TM1, tls: { ...server, clientCertificate: own('bb') } }),
      tls({ client: TM2, tls: { ...server, clientCertificate: own('cc') } }),
    ]),
    'pass',
  );
});

t.test('is inconclusive where all certificates are hidden', async (t) => {
  t.equal(verdict(rule, [tls13({ client: TM1 })]), 'inconclusive');
});

t.test('is not applicable to REST, whose clients have certificates of their own, nor to clear text', async (t) => {
  t.equal(verdict(rule, [tls({ channel: 'rest', tls: { clientCertificate: chain(other) } })]), 'not-applicable');
  t.equal(verdict(rule, [clear()]), 'not-applicable');
});

t.test('hears what probes were shown, and takes what they show for nobody’s', async (t) => {
  const other = certificate({ sha256: 'dd'.repeat(32) });
  const odd = active({ server: TM2, tls: { serverCertificate: chain(other) } });
  const shown = { clientCertificate: chain(certificate({ sha256: 'ee'.repeat(32) })) };
  const found = finding(rule, [active({ server: JM, tls: shown }), active({ server: TM1 }), odd]);
  t.equal(found.endpoint?.member, 'tm2');
});

t.test('takes a member with a further chain for one of the others', async (t) => {
  const ec = certificate({ sha256: 'dd'.repeat(32), publicKey: { type: 'EC', bits: 256, curve: 'P-256' } });
  const alternativeChains = [{ versions: ['TLSv1.2'], keyType: 'RSA', chain: [certificate()] }];
  const both = active({ server: TM2, tls: { serverCertificate: chain(ec), alternativeChains } });
  t.equal(verdict(rule, [active({ server: JM }), active({ server: TM1 }), both]), 'pass');
});
