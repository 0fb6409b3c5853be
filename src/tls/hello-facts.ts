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
    random: hello.random.slice(),
    sessionId: hello.sessionId.slice(),
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
    sessionId: hello.sessionId.slice(),
    namedGroup: share === undefined ? undefined : NAMED_GROUPS.name(share.group),
    alpn: choice === undefined ? undefined : alpnText(choice),
    ja3s: form === 'whole' ? ja3s(hello) : undefined,
    encryptThenMac: findExtension(hello.extensions, ExtensionType.encryptThenMac) !== undefined,
    preSharedKey: isTls13(version) && findExtension(hello.extensions, ExtensionType.preSharedKey) !== undefined,
  };
}
