import t from 'tap';
import { rule } from '../../src/rules/certificate-does-not-name-host.ts';
import { active, certificate, chain, finding, JM, tls, tls13, verdict } from '../support/observations.ts';

const named = (
  subjectAltNames: readonly string[],
  serverName?: string,
  server: { readonly host: string; readonly member?: string } = JM,
) =>
  tls({
    channel: 'rest',
    server,
    tls: {
      serverCertificate: chain(certificate({ subject: 'CN=jm', subjectAltNames })),
      ...(serverName === undefined ? {} : { serverName }),
    },
  });

t.test('fails a certificate without the name that a client asked for', async (t) => {
  const found = finding(rule, [named(['DNS:jm'], 'flink.example.org')]);
  t.equal(found.severity, 'medium');
  t.match(found.expected, 'flink.example.org among the subject alternative names');
  t.equal(found.observed, 'DNS:jm');
});

t.test('fails a certificate that names neither the address nor the member', async (t) => {
  t.match(finding(rule, [named(['DNS:other'])]).expected, 'jm or 10.77.0.1 among');
});

t.test('fails a certificate that has its name in the common name only', async (t) => {
  t.match(finding(rule, [named([])]).observed, 'no subject alternative name; the common name jm does not count');
});

t.test('passes the name that was asked for, the member’s name, or the address', async (t) => {
  t.equal(verdict(rule, [named(['DNS:Flink.Example.org'], 'flink.example.org')]), 'pass');
  t.equal(verdict(rule, [named(['DNS:jm'])]), 'pass');
  t.equal(verdict(rule, [named(['IP:10.77.0.1'])]), 'pass');
});

t.test('lets an asterisk stand for the leftmost label alone', async (t) => {
  t.equal(verdict(rule, [named(['DNS:*.example.org'], 'flink.example.org')]), 'pass');
  t.equal(verdict(rule, [named(['DNS:*.example.org'], 'a.flink.example.org')]), 'fail');
  t.equal(verdict(rule, [named(['DNS:*.example.org'], 'example.org')]), 'fail');
});

t.test('is inconclusive where nobody knows by which name clients connect, or the certificate is hidden', async (t) => {
  t.equal(verdict(rule, [named(['DNS:flink.example.org'], undefined, { host: '10.0.0.5' })]), 'inconclusive');
  t.equal(verdict(rule, [tls13({ channel: 'rest' })]), 'inconclusive');
});

t.test('is not applicable to internal channels, where nobody checks names', async (t) => {
  t.equal(
    verdict(rule, [tls({ tls: { serverCertificate: chain(certificate({ subjectAltNames: [] })) } })]),
    'not-applicable',
  );
});

t.test('holds the name by which a probe was told to ask against the certificate, sent or not', async (t) => {
  const asked = { name: 'flink_rest' };
  const found = finding(rule, [active({ channel: 'rest', asked })]);
  t.match(found.message, 'does not name flink_rest');
  t.equal(verdict(rule, [active({ channel: 'rest', asked: { name: 'jm' } })]), 'pass');
  t.equal(verdict(rule, [active({ channel: 'rest', asked: { name: JM.host } })]), 'pass');
});
