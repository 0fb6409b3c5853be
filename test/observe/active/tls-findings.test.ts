import t from 'tap';
import type { HandshakeResult } from '../../../src/net/tls-client/types.ts';
import { learn, newFindings } from '../../../src/observe/active/tls-findings.ts';

const asks = { authorities: [], types: ['rsa_sign'], signatureSchemes: [] };

/** TLS 1.2, left after the server's flight, but for what is changed. */
function handshake(change: Partial<HandshakeResult> = {}): HandshakeResult {
  return {
    ...{ end: 'flight', version: 'TLSv1.2', cipherSuite: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256' },
    ...{ helloRetryRequest: false, presented: 'nothing', certificateRequest: asks },
    ...change,
  };
}

const refused = handshake({
  ...{ end: 'refused', presented: 'empty' },
  refusal: { how: 'alert', alert: { code: 42, description: 'bad_certificate' }, after: 'certificate' },
});

t.test('a suite without certificates says nothing of client authentication', async (t) => {
  const found = newFindings();
  learn(found, refused);
  learn(found, handshake({ cipherSuite: 'TLS_DH_anon_WITH_AES_128_GCM_SHA256', certificateRequest: 'none' }));
  t.equal(found.authentication.get('TLSv1.2')?.verdict, 'required');
  t.equal(found.contradictions.size, 0);
  t.strictSame(found.suites.get('TLSv1.2')?.[1], 'TLS_DH_anon_WITH_AES_128_GCM_SHA256', 'the suite itself is told');
});

t.test('two suites with certificates that differ mean two servers', async (t) => {
  for (const results of [
    [refused, handshake({ certificateRequest: 'none' })],
    [handshake({ certificateRequest: 'none' }), handshake()],
  ]) {
    const found = newFindings();
    for (const result of results) learn(found, result);
    t.equal(found.contradictions.size, 1);
  }
});
