import { spawnSync } from 'node:child_process';
import t from 'tap';
import {
  CIPHER_SUITES,
  finishedHashLength,
  forwardSecret,
  is3des,
  isAnonymous,
  isCbc,
  isDesOrOlder,
  isExport,
  isNull,
  isRc4,
  isSignallingSuite,
  isStaticRsa,
  ssl2CipherKindName,
  suiteProperties,
} from '../../src/tls/cipher-suites.ts';

const openssl = spawnSync('openssl', ['ciphers', '-V', '-stdname', 'ALL:COMPLEMENTOFALL'], { encoding: 'utf8' });
const tshark = spawnSync('tshark', ['-G', 'values'], { encoding: 'utf8', maxBuffer: 1 << 28 });

// Name, key exchange, authentication, cipher, mode, hash: read off the RFCs that define the suites.
const PROPERTIES: readonly (readonly [string, string, string, string, string, string])[] = [
  ['TLS_RSA_WITH_AES_128_CBC_SHA', 'RSA', 'RSA', 'AES_128', 'CBC', 'SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE', 'RSA', 'AES_128', 'GCM', 'SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ECDHE', 'ECDSA', 'AES_256', 'GCM', 'SHA384'],
  ['TLS_DHE_DSS_EXPORT_WITH_DES40_CBC_SHA', 'DHE', 'DSS', 'DES40', 'CBC', 'SHA'],
  ['TLS_DH_anon_WITH_RC4_128_MD5', 'DH', 'anon', 'RC4_128', 'stream', 'MD5'],
  ['TLS_ECDH_anon_WITH_3DES_EDE_CBC_SHA', 'ECDH', 'anon', '3DES_EDE', 'CBC', 'SHA'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE', 'RSA', 'CHACHA20_POLY1305', 'AEAD', 'SHA256'],
  ['TLS_RSA_WITH_NULL_SHA256', 'RSA', 'RSA', 'NULL', 'NULL', 'SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', 'ECDHE', 'ECDSA', 'AES_128', 'CCM', 'SHA256'],
  ['TLS_DHE_PSK_WITH_AES_256_CBC_SHA384', 'DHE', 'PSK', 'AES_256', 'CBC', 'SHA384'],
  ['TLS_PSK_DHE_WITH_AES_128_CCM_8', 'DHE', 'PSK', 'AES_128', 'CCM', 'SHA256'],
  ['TLS_PSK_WITH_RC4_128_SHA', 'PSK', 'PSK', 'RC4_128', 'stream', 'SHA'],
  ['TLS_KRB5_EXPORT_WITH_RC2_CBC_40_MD5', 'KRB5', 'KRB5', 'RC2_40', 'CBC', 'MD5'],
  ['TLS_AES_256_GCM_SHA384', 'TLS13', 'TLS13', 'AES_256', 'GCM', 'SHA384'],
  ['TLS_AES_128_CCM_8_SHA256', 'TLS13', 'TLS13', 'AES_128', 'CCM', 'SHA256'],
  ['TLS_CHACHA20_POLY1305_SHA256', 'TLS13', 'TLS13', 'CHACHA20_POLY1305', 'AEAD', 'SHA256'],
  ['SSL_CK_RC4_128_EXPORT40_WITH_MD5', 'RSA', 'RSA', 'RC4_40', 'stream', 'MD5'],
  ['SSL_CK_DES_192_EDE3_CBC_WITH_MD5', 'RSA', 'RSA', '3DES_EDE', 'CBC', 'MD5'],
];

for (const [name, keyExchange, authentication, cipher, mode, hash] of PROPERTIES) {
  t.test(`the name ${name} tells its parts`, async (t) => {
    t.strictSame(suiteProperties(name), { keyExchange, authentication, cipher, mode, hash });
  });
}

t.test('predicates agree with what each weakness is called in the registry', async (t) => {
  const names = CIPHER_SUITES.entries.map(([, name]) => name);
  t.strictSame(
    names.filter(isExport),
    names.filter((name) => /EXPORT/.test(name)),
  );
  t.strictSame(
    names.filter(isRc4),
    names.filter((name) => /RC4/.test(name)),
  );
  t.strictSame(
    names.filter(is3des),
    names.filter((name) => /3DES/.test(name)),
  );
  t.strictSame(
    names.filter(isCbc),
    names.filter((name) => /CBC/.test(name)),
  );
  t.strictSame(
    names.filter(isAnonymous),
    names.filter((name) => /anon|NULL_WITH_NULL_NULL/.test(name)),
  );
  t.strictSame(
    names.filter(isNull),
    names.filter((name) => /WITH_NULL|TLS_SHA(256|384)_SHA/.test(name)),
  );
  t.strictSame(
    names.filter(isDesOrOlder),
    names.filter((name) => /[^3]DES(40)?_CBC|RC2|IDEA/.test(name)),
  );
  t.strictSame(
    names.filter(isStaticRsa),
    names.filter((name) => /^(TLS_RSA_(EXPORT(1024)?_)?WITH|SSL_RSA_FIPS_WITH|TLS_RSA_PSK)/.test(name)),
  );
  t.strictSame(names.filter(isSignallingSuite), ['TLS_EMPTY_RENEGOTIATION_INFO_SCSV', 'TLS_FALLBACK_SCSV']);
});

t.test('forward secrecy needs an ephemeral key exchange', async (t) => {
  t.ok(forwardSecret('TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA'));
  t.ok(forwardSecret('TLS_AES_128_GCM_SHA256'));
  t.notOk(forwardSecret('TLS_RSA_WITH_AES_256_GCM_SHA384'));
  t.notOk(forwardSecret('TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256'));
  t.notOk(forwardSecret('TLS_DH_anon_WITH_AES_128_CBC_SHA'));
  t.notOk(forwardSecret('unknown_0x1a2b'));
});

t.test('the Finished of TLS 1.3 is as long as the hash of the suite', async (t) => {
  t.equal(finishedHashLength('TLS_AES_128_GCM_SHA256'), 32);
  t.equal(finishedHashLength('TLS_AES_256_GCM_SHA384'), 48);
  t.equal(finishedHashLength('TLS_CHACHA20_POLY1305_SHA256'), 32);
});

t.test('unknown suites are data', async (t) => {
  t.equal(CIPHER_SUITES.name(0x1a2b), 'unknown_0x1a2b');
  t.equal(CIPHER_SUITES.code('TLS_AES_128_GCM_SHA256'), 0x1301);
  t.equal(CIPHER_SUITES.code('nonsense'), undefined);
  t.equal(ssl2CipherKindName(0x010080), 'SSL_CK_RC4_128_WITH_MD5');
  t.equal(ssl2CipherKindName(0x00002f), 'TLS_RSA_WITH_AES_128_CBC_SHA');
  t.equal(ssl2CipherKindName(0x990099), 'unknown_0x990099');
  t.equal(suiteProperties('unknown_0x1a2b').mode, 'unknown');
});

t.test(
  'openssl gives the same names to all suites that it knows',
  skipUnless(openssl.status === 0, 'openssl'),
  async (t) => {
    const rows = [...openssl.stdout.matchAll(/0x(..),0x(..) - (\S+)/g)];
    t.ok(rows.length > 100);
    for (const [, high, low, name] of rows) {
      t.equal(CIPHER_SUITES.name(Number.parseInt(`${high}${low}`, 16)), name);
    }
  },
);

t.test(
  'tshark gives the same names to all suites of its table',
  skipUnless(tshark.status === 0, 'tshark'),
  async (t) => {
    const rows = [...tshark.stdout.matchAll(/^V\ttls\.handshake\.ciphersuite\t(\d+)\t(TLS_\S+)/gm)].filter(
      // Drafts that never came into the registry: SALSA20, and the first ChaCha20 codes.
      ([, code]) => Number(code) < 0xe000 && !(Number(code) >= 0xcc13 && Number(code) <= 0xcc15),
    );
    t.ok(rows.length > 300);
    for (const [, code, name] of rows) {
      t.equal(CIPHER_SUITES.name(Number(code)), name);
    }
  },
);

function skipUnless(there: boolean, tool: string): { readonly skip: string | false } {
  return { skip: there ? false : `${tool} not found` };
}
