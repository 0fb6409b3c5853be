import type { Channel } from '../model/channel.ts';
import type { LogFailure, StartFailure } from '../model/log.ts';
import { type LogEntry, simpleName } from './entry.ts';
import type { Sign } from './evidence.ts';

interface StartText {
  readonly pattern: RegExp;
  readonly reason: StartFailure;
  readonly text: (subject: string) => string;
}

/** Texts of `SSLUtils`, JSSE and the JDK's key stores. A group names what it is about; never a value that is secret. */
const TEXTS: readonly StartText[] = [
  {
    pattern: /The config option (security\.ssl\.[\w.-]+)(?: or [\w.-]+)? is missing/,
    reason: 'option-missing',
    text: (key) => `${key} is not set`,
  },
  {
    pattern: /malformed fingerprint/,
    reason: 'malformed-pin',
    text: () => 'the pin of a certificate is no SHA-1 fingerprint',
  },
  {
    pattern: /password was incorrect/,
    reason: 'wrong-store-password',
    text: () => 'a key store does not open with its password',
  },
  {
    pattern: /Cannot recover key|final block not properly padded/,
    reason: 'wrong-key-password',
    text: () => 'the private key does not open with its password',
  },
  {
    pattern: /Invalid keystore format|toDerInputStream rejects/,
    reason: 'wrong-store-type',
    text: () => 'a key store is not of its configured type',
  },
  {
    pattern: /trustAnchors parameter must be non-empty/,
    reason: 'empty-truststore',
    text: () => 'the truststore holds no certificate that it trusts',
  },
  {
    pattern: /Unsupported [Cc]ipher[Ss]uite:? ?([\w-]*)/,
    reason: 'unknown-suite',
    text: (suite) => `this Java has no cipher suite ${suite || 'of that name'}`,
  },
  {
    pattern: /NoSuchAlgorithmException: ([\w., -]{0,60}) SSLContext not available/,
    reason: 'unknown-protocol',
    text: (protocol) => `this Java has no protocol "${protocol}"`,
  },
  {
    pattern: /[oO]penSSL (?:is )?not available/,
    reason: 'no-openssl',
    text: () => "the provider OPENSSL is set and Netty's library is missing",
  },
  {
    pattern: /(?:NoSuchFileException|FileNotFoundException): \S*\.(?:p12|pfx|jks|jceks|bcfks|ks|keystore|truststore)\b/,
    reason: 'store-missing',
    text: () => 'a key store or truststore is missing or unreadable',
  },
  {
    pattern: /Failed to initialize SSL/,
    reason: 'other',
    text: () => 'TLS could not be set up',
  },
];

/** TLS that could not be set up. User code meets the same exceptions: what tasks throw does not count. */
export function readStartFailure(entry: LogEntry, text: string): Sign | undefined {
  if (/^(?:Task|GlobalConfiguration)$/.test(simpleName(entry.logger)) || !isOfFlink(entry.logger)) return undefined;
  for (const { pattern, reason, text: describe } of TEXTS) {
    const parts = pattern.exec(text);
    if (parts === null) continue;
    const subject = parts[1] ?? '';
    const failure: LogFailure = { reason, certainty: 'proven', ...(subject === '' ? {} : { subject }) };
    return { event: 'start-failed', channel: channelOf(text), failure, text: describe(subject) };
  }
  return undefined;
}

function isOfFlink(logger: string): boolean {
  return logger === '' || !logger.includes('.') || /^(?:org\.apache\.flink|o\.a\.f)\b/.test(logger);
}

function channelOf(text: string): Channel | 'rpc' {
  if (/blob server/i.test(text)) return 'blob-server';
  return /security\.ssl\.rest\.|[rR]est ?(?:Server)?[eE]ndpoint/.test(text) ? 'rest' : 'rpc';
}
