import type { ChannelId } from '../../model/channel.ts';
import type { Evidence, Expectation, FilePlace, Setting } from '../../model/report.ts';
import type { ConfigurationSubject, Judgement } from '../../model/rule.ts';
import { filePlace } from './file-place.ts';
import { isSecretName, isSensitive } from './secret-names.ts';

export { isSensitive } from './secret-names.ts';

/** Flink reads booleans without regard to case. */
export function isOn(setting: Setting | undefined): boolean {
  return setting?.value.trim().toLowerCase() === 'true';
}

/** `security.ssl.protocol: TLSv1.2`, secrets hidden as Flink hides them. */
export function shown({ key, value }: Setting): string {
  return `${key}: ${isSensitive(key) || isSecretName(key) ? '******' : value}`;
}

/** Where a setting stands; Flink's defaults stand in no file, then it is the configuration's. */
export function placeOfSetting(setting: Setting | undefined, subject: ConfigurationSubject): FilePlace {
  return filePlace(setting?.file ?? subject.path, subject.member, setting?.line);
}

export function settingEvidence(setting: Setting): Evidence {
  const place = setting.line !== undefined ? ` (line ${setting.line})` : setting.origin === 'dynamic' ? ' (-D)' : '';
  const text = setting.origin === 'default' ? `${shown(setting)} (Flink's default)` : `${shown(setting)}${place}`;
  return { text, ...(setting.file === undefined ? {} : { file: setting.file }) };
}

/** Of the settings behind a promise those that switch TLS, else all of them; what stands in a file goes first. */
export function switchesOf(because: readonly Setting[]): readonly Setting[] {
  const switches = because.filter(({ key }) => /\.enabled$/.test(key));
  const all = switches.length > 0 ? switches : because;
  return [...all].sort((a, b) => Number(a.file === undefined) - Number(b.file === undefined));
}

/** The settings of this configuration whose keys are of a kind. */
export function settingsOf(
  { configuration }: ConfigurationSubject,
  isMeant: (key: string) => boolean,
): readonly Setting[] {
  return configuration
    .keys()
    .filter(isMeant)
    .map((key) => configuration.setting(key)!);
}

/** What is said of a setting. */
interface Complaint extends Omit<Judgement, 'verdict' | 'evidence' | 'file' | 'message'> {
  readonly message: string;
  /** Further settings that show it. */
  readonly also?: readonly Setting[];
}

/** A failure at a setting: its place, itself as evidence, and its key to tell it from others. */
export function complain(setting: Setting, subject: ConfigurationSubject, complaint: Complaint): Judgement {
  const { also = [], ...rest } = complaint;
  return {
    verdict: 'fail',
    discriminator: setting.key,
    ...rest,
    file: placeOfSetting(setting, subject),
    evidence: [setting, ...also].map(settingEvidence),
  };
}

/** The switch of internal TLS with the alias that 2.0 removed. */
export function internalSwitch({ configuration }: ConfigurationSubject): Setting {
  return configuration.settingOr('security.ssl.internal.enabled', 'false', ...formerSwitch(configuration));
}

export function restSwitch({ configuration }: ConfigurationSubject): Setting {
  return configuration.settingOr('security.ssl.rest.enabled', 'false', ...formerSwitch(configuration));
}

function formerSwitch(configuration: ConfigurationSubject['configuration']): readonly string[] {
  return configuration.atLeast('2.0') ? [] : ['security.ssl.enabled'];
}

/** `security.ssl.internal.keystore`, else `security.ssl.keystore`. */
export function storeSetting(
  { configuration }: ConfigurationSubject,
  family: 'internal' | 'rest',
  name: string,
): Setting | undefined {
  return configuration.setting(`security.ssl.${family}.${name}`, `security.ssl.${name}`);
}

/** What this configuration promises for a channel. */
export function promiseOf({ expectations }: ConfigurationSubject, channel: ChannelId): Expectation | undefined {
  return expectations.find((one) => one.channel === channel);
}

/** Promises of TLS that Flink itself serves. */
export function tlsPromises({ expectations }: ConfigurationSubject): readonly Expectation[] {
  return expectations.filter(({ tls, channel }) => tls === 'required' && !OUTSIDE.includes(channel));
}

/** Those of them that tell which suites are served. */
export function suitePromises(subject: ConfigurationSubject): readonly SuitePromise[] {
  return tlsPromises(subject).filter((one): one is SuitePromise => (one.cipherSuites?.length ?? 0) > 0);
}

/** `cipherSuites`: never empty. */
export type SuitePromise = Expectation & { readonly cipherSuites: readonly string[] };

const OUTSIDE: readonly ChannelId[] = ['checkpoint-storage', 'high-availability'];

/** A comma list, as Flink takes it; brackets of a YAML list are taken away. */
export function listOf(setting: Setting): readonly string[] {
  return setting.value
    .replace(/^\[|\]$/g, '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** `of Flink 1.20.3`, or that nobody knows. */
export function versionText(flinkVersion: string | undefined): string {
  return flinkVersion === undefined
    ? 'the version is not known (--flink-version tells it) and judged as the newest'
    : `Flink ${flinkVersion}`;
}
