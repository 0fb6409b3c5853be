import type { Endpoint, Evidence, Expectation, Observation, Setting } from '../../model/report.ts';

/** `tm2 (10.77.0.3:6121)`, or the address alone where no name is known. */
export function placeOf(endpoint: Endpoint): string {
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  const address = `${host}:${endpoint.port}`;
  return endpoint.member === undefined ? address : `${endpoint.member} (${address})`;
}

/** Name of a process: its member name, else its address. Also what tells processes apart. */
export function processOf(endpoint: Endpoint): string {
  return endpoint.member ?? endpoint.host;
}

/** `1,609,556`: written out, since a locale would make the report depend on the machine. */
export function digits(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 connection`, `12 connections`. */
export function count(value: number, noun: string, plural = `${noun}s`): string {
  return `${digits(value)} ${value === 1 ? noun : plural}`;
}

/** `tm1, tm2 and 3 more`. */
export function listed(names: readonly string[], most = 4): string {
  const unique = [...new Set(names)];
  if (unique.length <= most) return unique.join(', ');
  return `${unique.slice(0, most).join(', ')} and ${unique.length - most} more`;
}

/** `security.ssl.internal.enabled: true (config.yaml:12)`. */
export function settingText(setting: Setting): string {
  const said = `${setting.key}: ${setting.value}`;
  if (setting.file !== undefined)
    return `${said} (${setting.file}${setting.line === undefined ? '' : `:${setting.line}`})`;
  if (setting.origin === 'rest') return `${said} (told by REST)`;
  if (setting.origin === 'dynamic') return `${said} (-D)`;
  return setting.origin === 'default' ? `${said} (Flink's default)` : said;
}

type Aspect = 'tls' | 'authentication' | 'protocols' | 'suites';
/** Which of the settings behind an expectation matter for what is said. */
const ASPECTS: Readonly<Record<Aspect, RegExp>> = {
  tls: /\.enabled$|\.endpoint$|\.dir$/,
  authentication: /authentication-enabled$|internal\.enabled$|^security\.ssl\.enabled$/,
  protocols: /\.protocol$/,
  suites: /\.algorithms$/,
};

/** `security.ssl.algorithms (config.yaml:25)`: for values that the sentence has already. */
export function settingPlace(setting: Setting): string {
  if (setting.file === undefined) return setting.key;
  return `${setting.key} (${setting.file}${setting.line === undefined ? '' : `:${setting.line}`})`;
}

/** Where an expectation comes from, for the end of a sentence; what stands in a file goes before Flink's defaults. */
export function originOf(expectation: Expectation | undefined, aspect: Aspect = 'tls'): string {
  if (expectation === undefined || expectation.basis === 'policy')
    return expectation?.because[0]?.key ?? 'default policy';
  const ofAspect = expectation.because.filter((setting) => ASPECTS[aspect].test(setting.key));
  if (ofAspect.length === 0 && (aspect === 'protocols' || aspect === 'suites')) return "Flink's default";
  const relevant = ofAspect.length > 0 ? ofAspect : expectation.because;
  const written = relevant.filter((setting) => setting.origin !== 'default');
  const said = (written.length > 0 ? written : relevant).map(settingText);
  return said.length === 0 ? 'configuration' : said.join('; ');
}

/** First and last packet of an observation's proof. */
export function framesOf(observation: Observation): string {
  const { frames } = observation;
  if (frames === undefined) return '';
  const range = frames.first === frames.last ? `frame ${frames.first}` : `frames ${frames.first}-${frames.last}`;
  return frames.file === undefined ? range : `${range} of ${frames.file}`;
}

/** Where the proof stands: in a capture, or among the connections of a probe by words that their texts have. */
interface ProofPlace {
  readonly frame?: number;
  readonly streamOffset?: number;
  readonly words?: readonly string[];
}

/** One evidence entry for a connection: who asked whom, and what the rule has to say of it. */
export function evidenceOf(observation: Observation, said: string, place: ProofPlace = {}): Evidence {
  const isActive = observation.vantage === 'active';
  const client = observation.client === undefined || isActive ? '' : `${placeOf(observation.client)} -> `;
  const attempt = attemptOf(observation, place.words ?? []);
  const frame = place.frame ?? attempt?.frame ?? observation.frames?.first;
  return {
    observation: observation.id,
    text: `${client}${placeOf(observation.server)}: ${attempt === undefined ? '' : `${attempt.text}: `}${said}`,
    ...(frame === undefined ? {} : { frame }),
    ...(place.streamOffset === undefined ? {} : { streamOffset: place.streamOffset }),
    ...(observation.frames?.file === undefined ? {} : { file: observation.frames.file }),
  };
}

/**
 * The connection of a probe that shows it: the first whose result, else whose purpose, has the first of the words, then
 * of the next ones. Undefined where none has, or nobody asked.
 */
function attemptOf(
  { asked }: Observation,
  words: readonly string[],
): { readonly text: string; readonly frame?: number } | undefined {
  const attempts = asked?.attempts ?? [];
  for (const word of words) {
    for (const field of ['result', 'purpose'] as const) {
      const at = attempts.findIndex((one) => holdsWord(one[field], word));
      const attempt = attempts[at];
      if (attempt === undefined) continue;
      const frame = attempt.frames?.first;
      return { text: `connection ${at + 1}`, ...(frame === undefined ? {} : { frame }) };
    }
  }
  return undefined;
}

/** `TLS_RSA_WITH_AES_128_CBC_SHA` is no part of `TLS_RSA_WITH_AES_128_CBC_SHA256`, nor `TLSv1` of `TLSv1.2`. */
function holdsWord(text: string, word: string): boolean {
  const at = text.toLowerCase().indexOf(word.toLowerCase());
  if (word === '' || at === -1) return false;
  const rest = text.slice(at + word.length);
  return !/^(?:\w|\.\d)/.test(rest) || holdsWord(rest, word);
}

/** How many connections stand behind these observations: equal ones may be told once, with their number. */
export function connections(observations: readonly Observation[]): number {
  return observations.reduce((sum, one) => sum + 1 + (one.repeats ?? 0), 0);
}

/** Values that have the same key, in order of their first appearance. */
export function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}

export function distinct<T>(values: readonly (T | undefined)[]): readonly T[] {
  return [...new Set(values)].filter((value): value is T => value !== undefined);
}
