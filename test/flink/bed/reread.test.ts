import t from 'tap';
import type { Observation } from '../../../src/model/report.ts';
import { compareReread } from './reread.ts';

type Loose = Readonly<Record<string, unknown>>;

const LEAF = { seen: 'present', chain: [{ sha256: 'aabbccddeeff00' }] };
const GCM = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256';
const at = (vantage: string, tls: Loose | undefined): Observation =>
  ({
    ...{ vantage, kind: tls ? 'tls' : 'plaintext', channel: 'rest', server: { host: 'a', port: 1 } },
    ...(tls ? { tls } : {}),
  }) as unknown as Observation;
const asked = (cipherSuites: Loose, more: Loose = {}): Observation =>
  at('active', { accepted: { versions: Object.keys(cipherSuites), cipherSuites }, serverCertificate: LEAF, ...more });
const shown = (version: string, cipherSuite: string, more: Loose = {}): Observation =>
  at('passive', {
    version,
    cipherSuite,
    serverCertificate: LEAF,
    ...more,
  });
const jm = (): string => 'jm';

t.test('what a probe found and what its capture shows are equal, or told', async (t) => {
  const one = asked({ 'TLSv1.2': [GCM] });
  const refused = at('passive', { outcome: 'refused', serverCertificate: { seen: 'none' } });
  t.same(compareReread([one], [shown('TLSv1.2', GCM), refused], jm), []);
  t.match(compareReread([one], [shown('TLSv1.2', 'other')], jm), [
    /verify says TLSv1\.2 .*GCM.*, analyze TLSv1\.2 other/,
  ]);
  t.match(compareReread([one], [], jm), [/analyze nothing/]);
  t.match(compareReread([one], [at('passive', undefined)], jm), [/analyze clear/]);
  const leaf = { serverCertificate: { seen: 'present', chain: [{ sha256: 'ff' }] } };
  t.match(compareReread([one], [shown('TLSv1.2', GCM, leaf)], jm), [/aabbccddeeff, analyze .*, ff/]);
});

t.test('clear ports are equal, and a certificate that TLS 1.3 hides is told', async (t) => {
  t.same(compareReread([at('active', undefined)], [at('passive', undefined)], jm), []);
  const one = asked({ 'TLSv1.3': ['TLS_AES_128_GCM_SHA256'] });
  t.same(compareReread([one], [shown('TLSv1.3', 'TLS_AES_128_GCM_SHA256')], jm), []);
  const hidden = { serverCertificate: { seen: 'hidden' } };
  t.match(compareReread([one], [shown('TLSv1.3', 'TLS_AES_128_GCM_SHA256', hidden)], jm), [/verify says .*aabb/]);
});
