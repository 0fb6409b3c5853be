import t from 'tap';
import { fromHex } from '../../src/bytes/hex.ts';
import { Reader } from '../../src/bytes/reader.ts';
import { type ClientHello, readClientHello } from '../../src/tls/client-hello.ts';
import {
  alpn,
  ecPointFormats,
  extension,
  offeredVersions,
  serverName,
  signatureAlgorithms,
  supportedGroups,
} from '../../src/tls/extension-values.ts';
import type { Extension } from '../../src/tls/extensions.ts';
import { ja3, ja3s, ja3Text, ja4 } from '../../src/tls/fingerprints.ts';
import { HELLO_RETRY_REQUEST } from '../vectors/rfc8448/section-5.ts';

function hello(
  legacyVersion: number,
  cipherSuites: readonly number[],
  extensions: readonly Extension[] | undefined,
): ClientHello {
  return {
    legacyVersion,
    random: new Uint8Array(32),
    sessionId: new Uint8Array(0),
    cipherSuites,
    compressionMethods: [0],
    extensions,
  };
}

function empty(type: number): Extension {
  return { type, data: new Uint8Array(0) };
}

t.test('JA3 of the two examples in its README', async (t) => {
  const first = hello(
    769,
    [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4],
    [extension(serverName, ['example.com']), extension(supportedGroups, [23, 24, 25]), extension(ecPointFormats, [0])],
  );
  t.equal(ja3Text(first), '769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0');
  t.equal(ja3(first), 'ada70206e40642a3e4461f35503241d5');
  const second = hello(769, [4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99], undefined);
  t.equal(ja3Text(second), '769,4-5-10-9-100-98-3-6-19-18-99,,,');
  t.equal(ja3(second), 'de350869b8c85de67a350c8d186f11e6');
});

t.test('JA3 leaves GREASE out everywhere', async (t) => {
  const plain = hello(771, [0x1301], [extension(supportedGroups, [29])]);
  const greased = hello(
    771,
    [0x3a3a, 0x1301],
    [empty(0x4a4a), extension(supportedGroups, [0x5a5a, 29]), empty(0xfafa)],
  );
  t.equal(ja3(greased), ja3(plain));
});

// Chrome, as FoxIO's technical_details/JA4.md gives it, with its raw form.
const CHROME_SUITES = [
  0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f,
  0x0035,
];
const CHROME_EXTENSIONS = [0x001b, 0x0033, 0x4469, 0x0017, 0x000b, 0xff01, 0x0023, 0x0005, 0x002d, 0x0012, 0x0015];

function chrome(): ClientHello {
  return hello(
    771,
    [0x8a8a, ...CHROME_SUITES],
    [
      empty(0x9a9a),
      extension(serverName, ['example.com']),
      ...CHROME_EXTENSIONS.map(empty),
      extension(signatureAlgorithms, [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601]),
      extension(alpn, [Buffer.from('h2'), Buffer.from('http/1.1')]),
      extension(offeredVersions, [0x3a3a, 0x0304, 0x0303]),
      extension(supportedGroups, [0x5a5a, 29, 23, 24]),
    ],
  );
}

t.test('JA4 of the example in its description', async (t) => {
  t.equal(ja4(chrome()), 't13d1516h2_8daaf6152771_e5627efa2ab1');
});

t.test('JA4 does not change with the order of suites and extensions, but with that of signature schemes', async (t) => {
  const base = chrome();
  const turned = {
    ...base,
    cipherSuites: [...base.cipherSuites].reverse(),
    extensions: [...base.extensions!].reverse(),
  };
  t.equal(ja4(turned), ja4(base));
  const schemes = base.extensions!.map((e) =>
    e.type === 13
      ? extension(signatureAlgorithms, [0x0804, 0x0403, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601])
      : e,
  );
  t.not(ja4({ ...base, extensions: schemes }), ja4(base));
});

t.test('JA4 heads: version, SNI, counts, ALPN', async (t) => {
  const head = (h: ClientHello): string => ja4(h).split('_')[0]!;
  t.equal(head(hello(0x0303, [0x002f], undefined)), 't12i010000');
  t.equal(head(hello(0x0300, [], undefined)), 'ts3i000000');
  t.equal(ja4(hello(0x0303, [], undefined)), 't12i000000_000000000000_000000000000');
  t.equal(head(hello(0x0999, [1], [])), 't00i010000');
  const many = Array.from({ length: 120 }, (_, i) => i + 1);
  t.equal(
    head(
      hello(
        0x0303,
        many,
        many.map((type) => empty(type + 1000)),
      ),
    ),
    't12i999900',
  );
  t.equal(head(hello(0x0303, [1], [extension(alpn, [Buffer.from('h')])])), 't12i0101hh');
  t.equal(head(hello(0x0303, [1], [extension(alpn, [Buffer.from('http/1.1')])])), 't12i0101h1');
  // Not alphanumeric: first and last hexadecimal digit of the value, by the text of JA4.md.
  t.equal(head(hello(0x0303, [1], [extension(alpn, [fromHex('baad')])])), 't12i0101bd');
});

t.test('malformed extension data count as none and never throw', async (t) => {
  const broken = hello(
    0x0303,
    [1],
    [10, 11, 13, 16, 43].map((type) => ({ type, data: fromHex('ffff00') })),
  );
  t.match(ja4(broken), /^t12i010500_[0-9a-f]{12}_[0-9a-f]{12}$/);
  t.match(ja3(broken), /^[0-9a-f]{32}$/);
});

t.test('JA3S has version, suite and extensions', async (t) => {
  const server = {
    legacyVersion: 771,
    random: new Uint8Array(32),
    sessionId: new Uint8Array(0),
    cipherSuite: 49199,
    compressionMethod: 0,
  };
  // md5 of "771,49199,65281-0-11" and of "769,47,", by coreutils.
  t.equal(ja3s({ ...server, extensions: [empty(65281), empty(0), empty(11)] }), 'a704460bd0a887c62e4f462bf1bba96b');
  t.equal(
    ja3s({ ...server, legacyVersion: 769, cipherSuite: 47, extensions: undefined }),
    '18e962e106761869a61045bed0e81c2c',
  );
});

t.test('the JA3 text of the first hello of RFC 8448 section 5', async (t) => {
  const first = readClientHello(new Reader(fromHex(HELLO_RETRY_REQUEST.clientHello1).subarray(4)));
  t.equal(ja3Text(first), '771,4865-4867-4866,0-65281-10-51-43-13-45-28,29-23-24,');
});
