import fc from 'fast-check';
import t from 'tap';
import { toHex } from '../../src/bytes/hex.ts';
import * as values from '../../src/tls/extension-values.ts';
import { type ExtensionCodec, extensionValue } from '../../src/tls/extensions.ts';

const opaque = (min: number, max: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: min, maxLength: max });
const code16 = fc.integer({ min: 0, max: 0xffff });

/** Equal in content; views and arrays of bytes count as the same. */
function same(a: unknown, b: unknown): void {
  const plain = (value: unknown): string =>
    JSON.stringify(value, (_, v: unknown) => (v instanceof Uint8Array ? `bytes ${toHex(v)}` : v));
  if (plain(a) !== plain(b)) {
    throw new Error(`${plain(a)} is not ${plain(b)}`);
  }
}

function survivesExtension<T>(name: string, codec: ExtensionCodec<T>, arbitrary: fc.Arbitrary<T>): void {
  t.test(`the extension ${name} survives write and read`, async () => {
    fc.assert(
      fc.property(arbitrary, (value) => same(extensionValue([values.extension(codec, value)], codec), value)),
      { numRuns: 100 },
    );
  });
}

const codes = fc.array(code16, { maxLength: 30 });
const bytes8 = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 20 });
const share = fc.record({ group: code16, keyExchange: opaque(1, 100) });
survivesExtension(
  'server_name',
  values.serverName,
  fc.array(fc.string({ minLength: 1, unit: 'binary-ascii' }), { maxLength: 3 }),
);
survivesExtension('supported_groups', values.supportedGroups, codes);
survivesExtension('ec_point_formats', values.ecPointFormats, bytes8);
survivesExtension('signature_algorithms', values.signatureAlgorithms, codes);
survivesExtension('signature_algorithms_cert', values.signatureAlgorithmsCert, codes);
survivesExtension('psk_key_exchange_modes', values.pskKeyExchangeModes, bytes8);
survivesExtension('encrypt_then_mac', values.encryptThenMac, fc.constant(true as const));
survivesExtension('extended_master_secret', values.extendedMasterSecret, fc.constant(true as const));
survivesExtension('post_handshake_auth', values.postHandshakeAuth, fc.constant(true as const));
survivesExtension('early_data', values.earlyData, fc.constant(true as const));
survivesExtension('session_ticket', values.sessionTicket, opaque(0, 90));
survivesExtension('renegotiation_info', values.renegotiationInfo, opaque(0, 24));
survivesExtension('cookie', values.cookie, opaque(1, 90));
survivesExtension('application_layer_protocol_negotiation', values.alpn, fc.array(opaque(1, 20), { maxLength: 5 }));
survivesExtension('supported_versions of a client', values.offeredVersions, codes);
survivesExtension('supported_versions of a server', values.selectedVersion, code16);
survivesExtension('key_share of a client', values.clientKeyShares, fc.array(share, { maxLength: 4 }));
survivesExtension('key_share of a server', values.serverKeyShare, share);
survivesExtension('key_share of a HelloRetryRequest', values.retryGroup, code16);
survivesExtension(
  'pre_shared_key of a client',
  values.offeredPsks,
  fc.record({
    identities: fc.array(fc.record({ identity: opaque(1, 40), obfuscatedTicketAge: fc.nat() }), { maxLength: 3 }),
    binders: fc.array(opaque(32, 48), { maxLength: 3 }),
  }),
);
survivesExtension('pre_shared_key of a server', values.selectedPsk, code16);
survivesExtension('certificate_authorities', values.certificateAuthorities, fc.array(opaque(1, 60), { maxLength: 4 }));
