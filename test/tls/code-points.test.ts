import { spawnSync } from 'node:child_process';
import t from 'tap';
import {
  ALERTS,
  EXTENSION_TYPES,
  isGrease,
  isTls13,
  NAMED_GROUPS,
  signatureSchemeCode,
  signatureSchemeName,
  versionName,
} from '../../src/tls/code-points.ts';

const tshark = spawnSync('tshark', ['-G', 'values'], { encoding: 'utf8', maxBuffer: 1 << 28 });

t.test('versions are spelt as in the public contract, drafts by their number', async (t) => {
  const names = [0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x7f17, 0x1a2b].map(versionName);
  t.strictSame(names, [
    'SSLv2',
    'SSLv3',
    'TLSv1',
    'TLSv1.1',
    'TLSv1.2',
    'TLSv1.3',
    'TLSv1.3-draft-23',
    'unknown_0x1a2b',
  ]);
  t.strictSame([0x0303, 0x0304, 0x7f1c].map(isTls13), [false, true, true]);
});

t.test('GREASE is the sixteen values of RFC 8701 and no other', async (t) => {
  const found = Array.from({ length: 0x10000 }, (_, code) => code).filter(isGrease);
  t.equal(found.length, 16);
  t.strictSame([found[0], found[1], found[15]], [0x0a0a, 0x1a1a, 0xfafa]);
});

t.test('signature schemes of TLS 1.3 and pairs of TLS 1.2 have names both ways', async (t) => {
  for (const [code, name] of [
    [0x0804, 'rsa_pss_rsae_sha256'],
    [0x0403, 'ecdsa_secp256r1_sha256'],
    [0x0807, 'ed25519'],
    [0x0202, 'dsa_sha1'],
    [0x0101, 'rsa_md5'],
    [0x0303, 'ecdsa_sha224'],
  ] as const) {
    t.equal(signatureSchemeName(code), name);
    t.equal(signatureSchemeCode(name), code);
  }
  t.equal(signatureSchemeName(0xfea0), 'unknown_0xfea0');
  t.equal(signatureSchemeCode('nonsense'), undefined);
});

t.test('groups, post-quantum ones too', async (t) => {
  t.equal(NAMED_GROUPS.name(0x11ec), 'X25519MLKEM768');
  t.equal(NAMED_GROUPS.name(0x0100), 'ffdhe2048');
  t.equal(NAMED_GROUPS.code('secp256r1'), 23);
});

t.test(
  'tshark names the same groups, extensions and alerts',
  { skip: tshark.status === 0 ? false : 'tshark not found' },
  async (t) => {
    const table = (field: string): readonly (readonly [number, string])[] =>
      [...tshark.stdout.matchAll(new RegExp(`^V\\ttls\\.${field}\\t(\\w+)\\t(.+)$`, 'gm'))].map(
        ([, code, name]) => [Number(code), name!] as const,
      );
    const groups = table('handshake.extensions_supported_group').filter(
      ([code]) => code < 0x1d || (code >= 0x100 && code < 0x105),
    );
    t.equal(groups.length, 33);
    for (const [code, name] of groups) {
      t.equal(NAMED_GROUPS.name(code), name);
    }
    const extensions = table('handshake.extension.type').filter(([code, name]) => code < 53 && !/\s/.test(name));
    t.ok(extensions.length > 40);
    for (const [code, name] of extensions) {
      // RFC 9345 calls it delegated_credential; Wireshark's table has the plural of a draft.
      t.equal(EXTENSION_TYPES.name(code), name.replace(/^delegated_credentials$/, 'delegated_credential'));
    }
    const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');
    const alerts = table('alert_message.desc');
    t.ok(alerts.length > 30);
    for (const [code, name] of alerts) {
      t.equal(plain(ALERTS.name(code)), plain(name));
    }
  },
);
