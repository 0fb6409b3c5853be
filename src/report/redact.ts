import type { Report } from '../model/report.ts';
import { withoutOwnLines } from './redact-plan.ts';

/** What a pseudonym stands for; its number counts within its kind, in the order of the report. */
type Kind = 'host' | 'member' | 'subject' | 'name' | 'path' | 'value';

type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [key: string]: Json };

/** Fields whose whole text is a name of the kind given. */
const NAMED: Readonly<Record<string, Kind>> = {
  host: 'host',
  serverName: 'host',
  member: 'member',
  subject: 'subject',
  issuer: 'subject',
  missingIssuer: 'subject',
  certificateAuthorities: 'subject',
  subjectAltNames: 'name',
  path: 'path',
  file: 'path',
  directory: 'path',
  mountPoint: 'path',
  device: 'name',
  owner: 'name',
  names: 'name',
  identity: 'name',
  claimed: 'host',
};

/** Fields with words of closed lists, times, hashes and versions: nothing of the user's is in them. */
const KEPT: ReadonlySet<string> = new Set([
  ...['id', 'observation', 'vantage', 'observedAt', 'lastSeenAt', 'channel', 'channelBasis', 'roleBasis', 'kind'],
  ...['component', 'tunnel', 'because', 'outcome', 'version', 'cipherSuite', 'namedGroup', 'signatureScheme', 'alpn'],
  ...['ja3', 'ja3s', 'ja4', 'versions', 'cipherSuites', 'namedGroups', 'signatureSchemes', 'from', 'level', 'how'],
  ...['description', 'seen', 'sha256', 'sha1', 'serialNumber', 'notBefore', 'notAfter', 'type', 'curve', 'group'],
  ...['signatureAlgorithm', 'keyUsage', 'extendedKeyUsage', 'verdict', 'presented', 'basis', 'certificateTypes'],
  ...['protocol', 'mode', 'content', 'oneSided', 'limits', 'resumed', 'key', 'origin', 'tls', 'clientAuthentication'],
  ...['protocols', 'certificateSha1', 'ruleId', 'severity', 'wire', 'handshake', 'promise', 'record', 'references'],
  ...['fingerprint', 'firstSeen', 'change', 'witnesses', 'reason', 'crossCheck', 'format', 'command', 'startedAt'],
  ...['profile', 'credential', 'keyType', 'alert', 'source', 'process', 'certificate', 'suitePreference', 'anchor'],
  ...['finishedAt', 'firstPacketAt', 'lastPacketAt', 'flinkVersions', 'until', 'logger', 'byVersion', 'after'],
  ...['readableBy', 'writableBy', 'protection', 'transport', 'fileSystem'],
]);

/** Closed lists and free text share these names: kept only where they stand for themselves. */
const KEPT_ONLY_IN: Readonly<Record<string, ReadonlySet<string>>> = {
  because: new Set(['observation', 'serverCertificate', 'clientCertificate']),
  command: new Set(['report']),
  reason: new Set(['problems', 'asked']),
};

/** Values of settings that tell nothing of a site: switches, numbers, protocol versions, suites. */
const PLAIN_VALUE = /^(?:true|false|\d+|(?:TLS|SSL)[A-Za-z0-9_., -]*)$/;

const ADDRESS =
  /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)|(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{1,4}(?![\w:])/gi;
const URL_HOST = /(?<=:\/\/(?:[^\s/@]*@)?)[^\s/:@,;'")\]]+/g;
const FILE_PATH = /(?<![\w.:/<])(?:[A-Za-z]:)?(?:[/\\][^\s/\\:,;'"()<>|]+){2,}/g;
const DISTINGUISHED_NAME =
  /\b(?:CN|O|OU|C|L|ST|DC|UID|SERIALNUMBER)=[^\s,;()"']+(?:[ \w]*)(?:, ?(?:CN|O|OU|C|L|ST|DC|UID)=[^,;()"']+)*/g;
/** Dotted names; `isHostName` tells setting keys, classes and files from hosts. */
const DOTTED_NAME = /(?<![\w.@/-])[A-Za-z_][\w-]*(?:\.[\w-]+)*\.[A-Za-z]{2,}(?!\w|\.\w)/g;
const NO_HOST_BEGINS = new Set(
  `security taskmanager jobmanager heartbeat rest blob pekko akka metrics s3 fs high-availability historyserver sql-gateway
  execution state env queryable-state jmx web java javax jdk org zookeeper hive io parallelism`.split(/\s+/),
);
const NO_HOST_ENDS = new Set('yaml yml conf json p12 jks pem crt key jar log pcap pcapng gz enabled'.split(' '));
const MAIL = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g;
/** Bytes in a sentence: groups of two digits, or one run that is no hash. */
const SPACED_BYTES = /\b(?:[0-9a-f]{2} ){4,}[0-9a-f]{2}\b/g;
const HEX_RUN = /\b(?:[0-9a-f]{2}){8,}\b/g;
const HASH_LENGTHS: ReadonlySet<number> = new Set([32, 40, 64]);
const BYTES_LEFT_OUT = '[bytes left out]';

/**
 * The same report for strangers: host names, addresses, members, subjects, alternative names, owners, paths, and
 * names of what crossed in clear become `host-1`, `member-2`, `subject-1`, …: the same name the same pseudonym
 * everywhere, sentences included. First bytes and bytes in sentences are left out. Hashes, serial numbers, times, ports, versions
 * and counts stay; they still tell two reports of one cluster.
 */
export function redact(whole: Report): Report {
  const report = whole.fixPlan === undefined ? whole : { ...whole, fixPlan: withoutOwnLines(whole.fixPlan) };
  const names = new Pseudonyms();
  collect(report as unknown as Json, [], names);
  return rewrite(report as unknown as Json, [], names) as unknown as Report;
}

class Pseudonyms {
  readonly #byText = new Map<string, string>();
  readonly #counts = new Map<Kind, number>();
  #pattern: RegExp | undefined;

  /** Pseudonym of a whole text; the first kind that named it stays. */
  of(kind: Kind, text: string): string {
    if (text === '') return text;
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const number = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, number);
    const pseudonym = `${kind}-${number}`;
    this.#byText.set(text, pseudonym);
    this.#pattern = undefined;
    return pseudonym;
  }

  /** Every known name in a sentence, longest first, where it stands as a word of its own. */
  replaceKnown(sentence: string): string {
    if (this.#byText.size === 0) return sentence;
    this.#pattern ??= this.#build();
    return sentence.replace(this.#pattern, (text) => this.#byText.get(text) ?? text);
  }

  #build(): RegExp {
    const texts = [...this.#byText.keys()].sort((a, b) => b.length - a.length);
    const words = texts.map((text) => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')).join('|');
    return new RegExp(`(?<![\\w.-])(?:${words})(?!\\w|\\.\\w)`, 'g');
  }
}

/** First pass: names are known before the first sentence is rewritten. */
function collect(value: Json, path: readonly string[], names: Pseudonyms): void {
  if (typeof value === 'string') {
    const kind = kindOf(path);
    if (kind !== undefined) nameOf(kind, value, names);
    return;
  }
  for (const [key, child] of childrenOf(value)) collect(child, [...path, key], names);
}

function rewrite(value: Json, path: readonly string[], names: Pseudonyms): Json {
  if (typeof value === 'string') return rewriteText(value, path, names);
  if (Array.isArray(value)) return value.map((child: Json, index) => rewrite(child, [...path, String(index)], names));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    childrenOf(value)
      .filter(([key]) => key !== 'firstBytes' || path.at(-1) === 'plaintext')
      .map(([key, child]) => [rewriteKey(key, path, names), rewrite(child, [...path, key], names)]),
  );
}

/** Keys of settings are Flink's own; what is no such key came from elsewhere. */
function rewriteKey(key: string, path: readonly string[], names: Pseudonyms): string {
  return fieldOf(path) !== 'settings' || /^[\w.<>*-]+$/.test(key) ? key : names.of('value', key);
}

function rewriteText(text: string, path: readonly string[], names: Pseudonyms): string {
  if (fieldOf(path) === 'firstBytes') return '';
  const kind = kindOf(path);
  if (kind !== undefined) return nameOf(kind, text, names);
  if (isKept(path) && !isForeignPage(text, path)) return text;
  // What a rule tells to set is the rule's own text, example paths included.
  if (parentOf(path) === 'settings') return names.replaceKnown(text);
  if (isSettingValue(path)) return PLAIN_VALUE.test(text) || text.startsWith('<') ? text : names.of('value', text);
  return scrub(text, names);
}

function nameOf(kind: Kind, text: string, names: Pseudonyms): string {
  const prefix = kind === 'name' ? (/^(?:DNS|IP|URI|email):/.exec(text)?.[0] ?? '') : '';
  return prefix + names.of(prefix === 'DNS:' || prefix === 'IP:' ? 'host' : kind, text.slice(prefix.length));
}

/** Free text: names that the report has elsewhere, then what looks like one. */
function scrub(text: string, names: Pseudonyms): string {
  return names
    .replaceKnown(text)
    .replace(MAIL, (mail) => names.of('name', mail))
    .replace(DISTINGUISHED_NAME, (name) => names.of('subject', name))
    .replace(URL_HOST, (host) => (isPseudonym(host) ? host : names.of('host', host)))
    .replace(ADDRESS, (address) => names.of('host', address))
    .replace(FILE_PATH, (path) => names.of('path', path))
    .replace(DOTTED_NAME, (name) => (isHostName(name) ? names.of('host', name) : name))
    .replace(SPACED_BYTES, BYTES_LEFT_OUT)
    .replace(HEX_RUN, (run) => (HASH_LENGTHS.has(run.length) ? run : BYTES_LEFT_OUT));
}

function isHostName(name: string): boolean {
  const labels = name.split('.');
  return !NO_HOST_BEGINS.has(labels[0]!) && !NO_HOST_ENDS.has(labels.at(-1)!);
}

function isPseudonym(text: string): boolean {
  return /^(?:host|member|subject|name|path|value)-\d+$/.test(text);
}

function kindOf(path: readonly string[]): Kind | undefined {
  const field = fieldOf(path);
  if (parentOf(path) === 'details') return undefined;
  // Names that were asked for, and not those of headers (`credentials`).
  if (field === 'name' && (parentOf(path) === 'asked' || parentOf(path) === 'refusedServerName')) return 'host';
  return NAMED[field];
}

function isKept(path: readonly string[]): boolean {
  const field = fieldOf(path);
  // Details of a clear protocol are free: versions and paths alike.
  if (parentOf(path) === 'details') return false;
  if (parentOf(path) === 'byVersion' || parentOf(path) === 'cipherSuites') return true;
  if (parentOf(path) === 'producer') return true;
  if (parentOf(path) === 'credentials' && field === 'name') return true;
  const only = KEPT_ONLY_IN[field];
  if (only !== undefined) return only.has(parentOf(path) === '' ? 'report' : parentNoun(path));
  return KEPT.has(field);
}

/** References are the rules' own, but for those of a policy that the user wrote. */
function isForeignPage(text: string, path: readonly string[]): boolean {
  return fieldOf(path) === 'references' && /:\/\/(?!www\.rfc-editor\.org\/|nightlies\.apache\.org\/)/.test(text);
}

function parentNoun(path: readonly string[]): string {
  const parent = parentOf(path);
  return parent === 'observations' ? 'observation' : parent;
}

function isSettingValue(path: readonly string[]): boolean {
  if (parentOf(path) === 'differences') return fieldOf(path) === 'logged' || fieldOf(path) === 'configured';
  return fieldOf(path) === 'value' && (parentOf(path) === 'because' || parentOf(path) === 'loaded');
}

/** Last name on the path that is no index: `names` for `…names.3`. */
function fieldOf(path: readonly string[]): string {
  return path.filter((part) => !/^\d+$/.test(part)).at(-1) ?? '';
}

function parentOf(path: readonly string[]): string {
  return path.filter((part) => !/^\d+$/.test(part)).at(-2) ?? '';
}

function childrenOf(value: Json): [string, Json][] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value as Record<string, Json>);
}
