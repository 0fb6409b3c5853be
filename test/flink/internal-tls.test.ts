import t from 'tap';
import { internalExpectation, internalTlsSwitch, portOf, rpcTlsSwitch } from '../../src/flink/internal-tls.ts';
import { configuration } from '../support/configuration.ts';

const on = { 'security.ssl.internal.enabled': 'true' };

t.test('the old common switch counts up to 1.20 and is dead from 2.0 on', async (t) => {
  const lines = { 'security.ssl.enabled': 'true' };
  t.match(internalTlsSwitch(configuration(lines, '1.20.3')), { key: 'security.ssl.enabled', value: 'true', line: 1 });
  t.match(internalTlsSwitch(configuration(lines, '1.17.2')), { value: 'true' });
  t.match(internalTlsSwitch(configuration(lines, '2.3.0')), { value: 'false', origin: 'default' });
});

t.test('the own switch of internal connectivity outweighs the old common one', async (t) => {
  const lines = { 'security.ssl.enabled': 'true', 'security.ssl.internal.enabled': 'false' };
  t.match(internalTlsSwitch(configuration(lines, '1.20.3')), { key: 'security.ssl.internal.enabled', value: 'false' });
});

t.test('RPC is opted out under the name that the version knows', async (t) => {
  const akka = { 'akka.ssl.enabled': 'false' };
  const pekko = { 'pekko.ssl.enabled': 'false' };
  t.equal(rpcTlsSwitch(configuration(akka, '1.17.2')).value, 'false');
  t.equal(rpcTlsSwitch(configuration(pekko, '1.17.2')).value, 'true', '1.17 does not know pekko');
  t.equal(rpcTlsSwitch(configuration(akka, '1.20.3')).value, 'false', 'deprecated alias');
  t.equal(rpcTlsSwitch(configuration(pekko, '2.3.0')).value, 'false');
});

t.test('TLS on means mutual TLS with protocol and suites of that version', async (t) => {
  const of = (version: string) => {
    const it = configuration(on, version);
    return internalExpectation('blob-server', it, it.settingOr('blob.service.ssl.enabled', 'true'), undefined);
  };
  t.match(of('1.20.3'), {
    member: 'jm',
    tls: 'required',
    clientAuthentication: 'required',
    basis: 'configuration',
    protocols: ['TLSv1.2'],
    cipherSuites: ['TLS_RSA_WITH_AES_128_CBC_SHA'],
    because: [
      { key: 'security.ssl.internal.enabled', value: 'true', file: 'config.yaml', line: 1 },
      { key: 'blob.service.ssl.enabled', value: 'true', origin: 'default' },
    ],
  });
  t.same(of('1.20.4').cipherSuites, ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384']);
});

t.test('configured protocol, suites and pins are promised with their lines', async (t) => {
  const it = configuration(
    {
      ...on,
      'security.ssl.protocol': 'TLSv1.3',
      'security.ssl.algorithms': 'TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384',
      'security.ssl.internal.cert.fingerprint': `"${'AB:'.repeat(19)}AB,${'cd'.repeat(32)}"`,
    },
    '1.20.3',
  );
  const promised = internalExpectation('jobmanager-rpc', it, rpcTlsSwitch(it), undefined);
  t.same(promised.protocols, ['TLSv1.3']);
  t.same(promised.cipherSuites, ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384']);
  t.same(promised.certificateSha1, ['ab'.repeat(20)], 'Flink takes SHA-1 only');
  t.same(
    promised.because.map(({ line }) => line),
    [1, undefined, 2, 3, 4],
  );
});

t.test('nothing configured promises clear text, by default', async (t) => {
  const it = configuration({ 'jobmanager.rpc.address': 'jm' }, '2.3.0');
  t.match(internalExpectation('jobmanager-rpc', it, rpcTlsSwitch(it), undefined), {
    tls: 'forbidden',
    clientAuthentication: 'none',
    because: [{ key: 'security.ssl.internal.enabled', value: 'false', origin: 'default' }],
  });
});

t.test('a port is one number; ranges and 0 are none', async (t) => {
  const of = (value: string) => portOf(configuration({ 'blob.server.port': value }), 'blob.server.port')?.value;
  t.equal(of('6124'), '6124');
  t.equal(of('0'), undefined);
  t.equal(of('50100-50200'), undefined);
  t.equal(of('50100-50200,50300'), undefined);
  t.equal(portOf(configuration({}), 'blob.server.port'), undefined);
});
