import t from 'tap';
import { rule } from '../../src/rules/handshake-refused.ts';
import {
  active,
  alert,
  certificate,
  chain,
  clientAuthentication,
  finding,
  hello,
  hidden,
  judged,
  midstreamTls,
  promise,
  TM1,
  TM2,
  tls,
  tls13,
  verdict,
} from '../support/observations.ts';

const good = tls({ client: TM1 });
const refused = { outcome: 'refused' } as const;
const emptyChain = chain();

t.test('explains alert 40 with the suites of both sides, and the kind of key that they need', async (t) => {
  const { answer: _, ...ecdsa } = hello({
    client: TM2,
    answer: 'alert',
    tls: {
      alerts: [alert('server', 40, 'handshake_failure')],
      offered: {
        versions: ['TLSv1.2'],
        cipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'TLS_EMPTY_RENEGOTIATION_INFO_SCSV'],
        namedGroups: [],
        signatureSchemes: [],
      },
    },
  });
  const found = finding(rule, [good, ecdsa]);
  t.equal(found.endpoint?.member, 'tm2', 'tm1 gets in, so tm2 is the odd one');
  t.match(
    found.message,
    /no common cipher suite; the client offers TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256; the server takes TLS_ECDHE_RSA/,
  );
  t.match(found.message, /one side wants ECDSA certificates, the other RSA/);
  t.notMatch(found.message, /SCSV/);
});

t.test('explains alert 70 with the versions of both sides', async (t) => {
  const { answer: _, ...newer } = hello({
    client: TM2,
    answer: 'alert',
    tls: {
      alerts: [alert('server', 70, 'protocol_version')],
      offered: { versions: ['TLSv1.3'], cipherSuites: [], namedGroups: [], signatureSchemes: [] },
    },
  });
  const found = finding(rule, [good, newer]);
  t.match(found.message, /no common protocol version; the client offers TLSv1\.3; the server takes TLSv1\.2/);
  t.same(found.remediation.settings, { 'security.ssl.protocol': 'TLSv1.2' });
});

t.test('explains alert 42 after an empty certificate: the issuer is not in the server’s list', async (t) => {
  const found = finding(rule, [
    good,
    tls({
      client: TM2,
      tls: {
        ...refused,
        alerts: [alert('server', 42, 'bad_certificate')],
        clientCertificate: emptyChain,
        clientAuthentication: clientAuthentication({ verdict: 'required', presented: 'empty' }),
      },
    }),
  ]);
  t.match(found.message, /empty certificate list/);
  t.match(
    found.message,
    /one whose issuer is not among the server's authorities\. The server asks for one issued by CN=internal,O=lab/,
  );
});

t.test('explains a FIN after an empty certificate: Netty 3 sends no alert', async (t) => {
  const found = finding(rule, [
    tls({
      client: TM2,
      tls: {
        ...refused,
        clientCertificate: emptyChain,
        clientAuthentication: clientAuthentication({ presented: 'empty' }),
        refusal: { from: 'server', how: 'fin', after: 'Finished' },
      },
    }),
  ]);
  t.match(found.message, /closed the connection without an alert after Finished, as Netty 3/);
  t.match(found.message, /empty certificate list/);
});

t.test('tells who refuses whom by the side that sends alert 46', async (t) => {
  const byClient = finding(rule, [
    good,
    tls({
      client: TM2,
      tls: {
        ...refused,
        alerts: [alert('client', 46, 'certificate_unknown')],
        clientCertificate: hidden('not-reached'),
      },
    }),
  ]);
  t.match(
    byClient.message,
    /it does not trust the server's certificate CN=internal,O=lab\. Its truststore .* does not hold the issuer/,
  );
  const byServer = finding(rule, [
    good,
    tls({ client: TM2, tls: { ...refused, alerts: [alert('server', 46, 'certificate_unknown')] } }),
  ]);
  t.match(byServer.message, /the server refused the client's certificate with alert 46/);
  t.not(byClient.fingerprint, byServer.fingerprint);
});

t.test('reads an empty list of authorities as a pin, and accuses the server where nobody gets in', async (t) => {
  const pinned = (client: typeof TM1 | typeof TM2) =>
    tls({
      client,
      tls: {
        ...refused,
        alerts: [alert('server', 46, 'certificate_unknown')],
        clientAuthentication: clientAuthentication({ certificateAuthorities: [] }),
      },
    });
  const found = finding(rule, [pinned(TM1), pinned(TM2)]);
  t.equal(found.endpoint?.member, 'jm');
  t.match(found.message, /fingerprint pin.*presented was CN=internal,O=lab with the SHA-1 51aa0/);
  const { sha1 } = certificate();
  t.strictSame(found.remediation.settings, { 'security.ssl.internal.cert.fingerprint': sha1 });
  const because = [
    { key: 'security.ssl.internal.cert.fingerprint', value: '00ff', file: 'jm/config.yaml', line: 26, origin: 'file' },
  ] as const;
  const configured = finding(rule, [pinned(TM1), pinned(TM2)], {
    expectations: [promise('jobmanager-rpc', { because })],
  });
  t.match(configured.message, /fingerprint: 00ff \(jm\/config\.yaml:26\); presented was/);
});

t.test('explains a client that closes after an encrypted alert in TLS 1.3', async (t) => {
  const found = finding(rule, [
    tls13({
      client: TM2,
      tls: {
        ...refused,
        alerts: [{ from: 'client', level: 'fatal', description: 'encrypted', code: 255 }],
        refusal: { from: 'client', how: 'encrypted-alert', after: "the server's flight" },
      },
    }),
  ]);
  t.match(found.message, /the client sent an encrypted alert after the server's flight: it does not trust/);
});

t.test('says plainly where the wire does not tell the reason', async (t) => {
  const found = finding(rule, [tls({ tls: { ...refused, alerts: [alert('server', 80, 'internal_error')] } })]);
  t.match(found.message, /alert 80 \(internal_error\) in TLSv1\.2; what was captured does not tell why/);
});

t.test('rates a refusal on REST medium, since a stranger may be refused on purpose', async (t) => {
  const stranger = tls({ channel: 'rest', tls: { ...refused, alerts: [alert('client', 48, 'unknown_ca')] } });
  t.equal(finding(rule, [stranger]).severity, 'medium');
  t.equal(finding(rule, [tls({ tls: { ...refused, alerts: [alert('client', 48, 'unknown_ca')] } })]).severity, 'high');
});

t.test('tells two reasons on one endpoint as two findings', async (t) => {
  const { findings } = judged(rule, [
    tls({ client: TM1, tls: { ...refused, alerts: [alert('client', 46, 'certificate_unknown')] } }),
    tls({ client: TM2, tls: { ...refused, alerts: [alert('server', 45, 'certificate_expired')] } }),
  ]);
  t.equal(findings.length, 2);
});

t.test('explains refusals of certificates that it was not made for without fault', async (t) => {
  for (const code of [10, 41, 43, 44, 49, 71, 112, 116, 200]) {
    const one = tls({
      tls: { ...refused, alerts: [alert('server', code, `a${code}`)], serverCertificate: chain(certificate()) },
    });
    t.match(finding(rule, [one]).message, new RegExp(`alert ${code}`));
  }
});

t.test('passes established handshakes', async (t) => {
  t.equal(verdict(rule, [good]), 'pass');
});

t.test('leaves a ClientHello to a clear port to mixed-tls-and-clear', async (t) => {
  t.equal(verdict(rule, [hello({ client: TM2, answer: 'plaintext' })]), 'inconclusive');
});

t.test('is inconclusive where no handshake was seen to end', async (t) => {
  t.equal(verdict(rule, [midstreamTls()]), 'inconclusive');
});

t.test(
  'fails at high a server that refuses every ClientHello of a probe, with the settings that say why',
  async (t) => {
    const { version: _, cipherSuite: __, accepted: ___, ...details } = active().tls!;
    const dead = active({
      change: { tls: { ...details, outcome: 'refused', alerts: [alert('server', 40, 'handshake_failure')] } },
    });
    const because = [
      { key: 'security.ssl.internal.enabled', value: 'true', origin: 'file' },
      { key: 'security.ssl.algorithms', value: 'TLS_RSA_WITH_AES_128_CBC_SHA', origin: 'default' },
    ] as const;
    for (const channel of ['jobmanager-rpc', 'rest'] as const) {
      const found = finding(rule, [{ ...dead, channel }], { expectations: [promise(channel, { because })] });
      t.equal(found.severity, 'high', channel);
      t.match(found.message, 'refuses every ClientHello with alert 40 (handshake_failure)');
      t.match(found.observed, '3 connections, each refused');
      t.match(found.observed, "security.ssl.algorithms: TLS_RSA_WITH_AES_128_CBC_SHA (Flink's default)");
      t.equal(found.witnesses.handshake, 'fail');
    }
  },
);

t.test('passes a server that refuses a probe for want of a certificate alone', async (t) => {
  const alerts = [alert('server', 42, 'bad_certificate')];
  t.equal(
    verdict(rule, [active({ tls: { alerts, refusal: { from: 'server', how: 'alert', after: 'certificate' } } })]),
    'pass',
  );
});
