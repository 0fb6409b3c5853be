import { copyOf } from '../bytes/copy.ts';
import { CIPHER_SUITES, ssl2CipherKindName } from './cipher-suites.ts';
import type { ClientHello } from './client-hello.ts';
import { ExtensionType, isGrease, isTls13, NAMED_GROUPS, signatureSchemeName, versionName } from './code-points.ts';
import type { ClientHelloFacts, ServerHelloFacts } from './connection-facts.ts';
import {
  alpn,
  alpnText,
  offeredVersions,
  serverKeyShare,
  serverName,
  signatureAlgorithms,
  supportedGroups,
} from './extension-values.ts';
import { type ExtensionCodec, type Extensions, extensionValue, findExtension } from './extensions.ts';
import { ja3, ja3s, ja4 } from './fingerprints.ts';
import { negotiatedVersion, type ServerHello } from './server-hello.ts';

/** What a malformed extension leaves behind: a problem, and no value. */
function valueIn<T>(extensions: Extensions, codec: ExtensionCodec<T>, problems: string[]): T | undefined {
  try {
    return extensionValue(extensions, codec);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : 'unreadable extension');
    return undefined;
  }
}

/**
 * Names of what a client offers; GREASE is left out.
 *
 * @param form `cut`: no fingerprints, they would be of another client
 */
export function clientHelloFacts(
  hello: ClientHello,
  form: 'tls' | 'ssl2' | 'cut',
  problems: string[],
): ClientHelloFacts {
  const extensions = hello.extensions;
  const versions = valueIn(extensions, offeredVersions, problems) ?? [hello.legacyVersion];
  const schemes = valueIn(extensions, signatureAlgorithms, problems) ?? [];
  const suiteName = form === 'ssl2' ? ssl2CipherKindName : CIPHER_SUITES.name;
  return {
    random: copyOf(hello.random),
    sessionId: copyOf(hello.sessionId),
    serverName: valueIn(extensions, serverName, problems)?.[0],
    alpn: (valueIn(extensions, alpn, problems) ?? []).filter(isNoGreaseName).map(alpnText),
    versions: withoutGrease(versions).map(versionName),
    cipherSuites: withoutGrease(hello.cipherSuites).map(suiteName),
    namedGroups: withoutGrease(valueIn(extensions, supportedGroups, problems) ?? []).map(NAMED_GROUPS.name),
    signatureSchemes: withoutGrease(schemes).map(signatureSchemeName),
    ja3: form === 'tls' ? ja3(hello) : undefined,
    ja4: form === 'tls' ? ja4(hello) : undefined,
    offersEarlyData: findExtension(extensions, ExtensionType.earlyData) !== undefined,
  };
}

/** Offers kept: a capture has few kinds of clients and thousands of hellos of each. */
const OFFERS_MAX = 256;
const offers = new Map<string, ClientHelloFacts>();

/**
 * {@link clientHelloFacts} of a ClientHello body as it stands in the message, remembered by all of it that does not
 * change from one connection of a client to the next. `scan` is asked for hellos of an unknown kind only.
 */
export function rememberedHelloFacts(
  body: Uint8Array,
  scan: () => ClientHelloFacts | undefined,
  problems: readonly string[],
): ClientHelloFacts | undefined {
  const key = offerKey(body);
  const known = key === undefined ? undefined : offers.get(key);
  if (known !== undefined) {
    const sessionIdAt = 35;
    return { ...known, random: copyOf(body, 2, 34), sessionId: copyOf(body, sessionIdAt, sessionIdAt + body[34]!) };
  }
  const before = problems.length;
  const facts = scan();
  if (key !== undefined && facts !== undefined && problems.length === before) {
    if (offers.size >= OFFERS_MAX) {
      offers.clear();
    }
    offers.set(key, { ...facts, random: EMPTY, sessionId: EMPTY });
  }
  return facts;
}

const EMPTY = new Uint8Array(0);

/** Extensions whose content is of one connection and tells nothing of the client: their type alone is remembered. */
const FLEETING: ReadonlySet<number> = new Set([
  ExtensionType.keyShare,
  ExtensionType.preSharedKey,
  ExtensionType.sessionTicket,
  ExtensionType.cookie,
]);

/**
 * The lasting parts of a well-formed ClientHello as a string; undefined for any other, whose reading is not
 * remembered. Read by index: this stands before every parse (RFC 8446 section 4.1.2).
 */
function offerKey(body: Uint8Array): string | undefined {
  const uint16 = (at: number): number => (body[at]! << 8) | body[at + 1]!;
  const suitesAt = 35 + (body[34] ?? 0);
  if (suitesAt + 2 > body.length) return undefined;
  const compressionAt = suitesAt + 2 + uint16(suitesAt);
  if (compressionAt >= body.length) return undefined;
  const extensionsAt = compressionAt + 1 + body[compressionAt]!;
  if (extensionsAt + 2 > body.length || extensionsAt + 2 + uint16(extensionsAt) !== body.length) return undefined;
  const text = Buffer.from(body.buffer, body.byteOffset, body.length);
  let key = text.toString('latin1', 0, 2) + text.toString('latin1', suitesAt, extensionsAt);
  let at = extensionsAt + 2;
  while (at + 4 <= body.length) {
    const end = at + 4 + uint16(at + 2);
    if (end > body.length) return undefined;
    key += text.toString('latin1', at, FLEETING.has(uint16(at)) ? at + 2 : end);
    at = end;
  }
  return at === body.length ? key : undefined;
}

function withoutGrease(codes: readonly number[]): readonly number[] {
  return codes.filter((code) => !isGrease(code));
}

/** RFC 8701 section 2 reserves two-byte ALPN names as well. */
function isNoGreaseName(name: Uint8Array): boolean {
  return name.length !== 2 || !isGrease((name[0]! << 8) | name[1]!);
}

export function serverHelloFacts(hello: ServerHello, form: 'whole' | 'cut', problems: string[]): ServerHelloFacts {
  const version = negotiatedVersion(hello);
  const share = isTls13(version) ? valueIn(hello.extensions, serverKeyShare, problems) : undefined;
  const choice = valueIn(hello.extensions, alpn, problems)?.[0];
  return {
    version,
    cipherSuite: CIPHER_SUITES.name(hello.cipherSuite),
    sessionId: copyOf(hello.sessionId),
    namedGroup: share === undefined ? undefined : NAMED_GROUPS.name(share.group),
    alpn: choice === undefined ? undefined : alpnText(choice),
    ja3s: form === 'whole' ? ja3s(hello) : undefined,
    encryptThenMac: findExtension(hello.extensions, ExtensionType.encryptThenMac) !== undefined,
    preSharedKey: isTls13(version) && findExtension(hello.extensions, ExtensionType.preSharedKey) !== undefined,
  };
}
