import t from 'tap';
import { Reader } from '../../../src/bytes/reader.ts';
import { composeHello, helloRecordVersion, legacyVersion } from '../../../src/net/tls-client/offer.ts';
import * as offers from '../../../src/net/tls-client/offers.ts';
import type { Offer } from '../../../src/net/tls-client/types.ts';
import { CIPHER_SUITES, isAnonymous, isExport } from '../../../src/tls/cipher-suites.ts';
import { type ClientHello, readClientHello } from '../../../src/tls/client-hello.ts';
import { EXTENSION_TYPES } from '../../../src/tls/code-points.ts';
import { serverName } from '../../../src/tls/extension-values.ts';
import { extensionValue } from '../../../src/tls/extensions.ts';
import { missing } from '../../support/capture-tools.ts';
import { ianaNames } from '../../support/openssl.ts';

const names = (suites: readonly number[]): string[] => suites.map(CIPHER_SUITES.name);

function helloOf(offer: Offer): ClientHello {
  const identity = { random: new Uint8Array(32), sessionId: new Uint8Array(0) };
  return readClientHello(new Reader(composeHello(offer, identity, [])));
}

const extensionsOf = (offer: Offer): string[] =>
  (helloOf(offer).extensions ?? []).map(({ type }) => EXTENSION_TYPES.name(type));

t.test('all suites that OpenSSL speaks without a shared secret are offered', { skip: missing('openssl') }, (t) => {
  const spoken = [...new Set(ianaNames().values())].filter((name) => !/PSK|SRP|GOST|^TLS_(AES|CHACHA20)/.test(name));
  const offered = new Set(names(offers.TLS12_SUITES));
  t.ok(spoken.length > 80, `${spoken.length}`);
  t.strictSame(
    spoken.filter((name) => !offered.has(name)),
    [],
  );
  t.end();
});

t.test('the modern come first, and what protects nothing last', (t) => {
  const order = names(offers.TLS12_SUITES);
  const places = [
    'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
    'TLS_DHE_RSA_WITH_AES_256_GCM_SHA384',
    'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
    'TLS_RSA_WITH_AES_128_CBC_SHA',
    'TLS_RSA_WITH_CAMELLIA_128_CBC_SHA',
    'TLS_RSA_WITH_3DES_EDE_CBC_SHA',
    'TLS_RSA_WITH_RC4_128_SHA',
    'TLS_RSA_WITH_NULL_SHA',
    'TLS_RSA_EXPORT_WITH_RC4_40_MD5',
    'TLS_DH_anon_WITH_AES_128_CBC_SHA',
  ].map((name) => order.indexOf(name));
  t.notOk(places.includes(-1));
  t.strictSame(
    places,
    [...places].sort((a, b) => a - b),
  );
  t.ok(places[3]! < 60, 'the default of Flink is among the first');
  t.equal(new Set(order).size, order.length);
  t.end();
});

t.test('nobody without a name is met by default', (t) => {
  for (const offer of [offers.EVERYTHING, offers.TLS12_ONLY, offers.OLD]) {
    t.strictSame(names(offer.cipherSuites).filter(isAnonymous), []);
    t.ok(offer.cipherSuites.includes(0x002f));
    t.ok(names(offer.cipherSuites).some(isExport));
  }
  t.ok(names(offers.ANONYMOUS_SUITES).every(isAnonymous));
  t.end();
});

t.test('extensions are those of the versions on offer', (t) => {
  t.notOk(extensionsOf(offers.TLS12_ONLY).some((name) => /supported_versions|key_share|psk/.test(name)));
  t.ok(extensionsOf(offers.EVERYTHING).includes('psk_key_exchange_modes'));
  t.ok(extensionsOf(offers.EVERYTHING).includes('renegotiation_info'));
  t.notOk(extensionsOf(offers.TLS13_ONLY).some((name) => /renegotiation|encrypt_then|extended_master/.test(name)));
  t.notOk(extensionsOf(offers.OLD).includes('signature_algorithms'));
  t.equal(legacyVersion(offers.TLS13_ONLY), 0x0303);
  t.equal(legacyVersion(offers.OLD), 0x0302);
  t.equal(helloRecordVersion(offers.OLD), 0x0301);
  t.equal(helloRecordVersion({ ...offers.OLD, versions: [0x0300] }), 0x0300);
  t.end();
});

t.test('the short shape sends what is needed, and says by a suite that it renegotiates safely', (t) => {
  const short = { ...offers.EVERYTHING, shape: 'short' as const };
  const expected = ['supported_groups', 'ec_point_formats', 'signature_algorithms', 'supported_versions'];
  t.strictSame(extensionsOf(short), [...expected, 'psk_key_exchange_modes', 'key_share']);
  t.equal(helloOf(short).cipherSuites.at(-1), 0x00ff);
  t.notOk(helloOf({ ...offers.TLS13_ONLY, shape: 'short' }).cipherSuites.includes(0x00ff));
  t.end();
});

t.test('the name of the server is sent as given', (t) => {
  for (const name of ['localhost', 'flink_jobmanager_1', '127.0.0.1', 'jm.']) {
    const hello = helloOf({ ...offers.EVERYTHING, serverName: name });
    t.strictSame(extensionValue(hello.extensions, serverName), [name]);
  }
  t.notOk(extensionsOf(offers.EVERYTHING).includes('server_name'));
  t.end();
});
