import { loadProbes } from '../evaluate/directory.ts';
import type { ParsedConfiguration } from '../flink/config.ts';
import { isFamilyOn, type NamedStore, namedStores, STORE_FAMILIES } from '../flink/ssl-stores.ts';
import { CHANNEL_IDS, type Protection } from '../model/channel.ts';
import type { Expectation, Setting, SettingOrigin } from '../model/report.ts';
import { printable } from '../report/printable.ts';
import { TLS_WORDS } from '../report/promise-rows.ts';

const LABEL = 14;

/** Lines on one configuration: each channel with its TLS and the settings behind it, then the stores. Without secrets. */
export async function configurationView(configuration: ParsedConfiguration, path: string): Promise<string[]> {
  const probes = await loadProbes();
  const { member, file, flinkVersion, problems, notes } = configuration;
  const views = CHANNEL_IDS.flatMap((id) => {
    const probe = probes.find((one) => one.id === id)!;
    const expectation = probe.expect(configuration);
    return expectation === undefined ? [] : [channelLines(probe.protection, expectation, configuration)];
  });
  const head = [
    ...(member === null ? [] : [field('member', member)]),
    field(file === undefined ? 'source' : 'file', file ?? path),
    field('Flink', flinkVersion ?? 'version not known: judged as the newest that reads this file'),
    ...[...problems, ...notes].map((one) => field('note', `${one.file}:${one.line}: ${one.message}`)),
  ];
  return [...head, '', ...views.flat(), '', ...storeLines(configuration)].map(printable);
}

function field(label: string, text: string): string {
  return `${label.padEnd(LABEL)}${text}`;
}

function channelLines(protection: Protection, expectation: Expectation, configuration: ParsedConfiguration): string[] {
  const { channel, tls, clientAuthentication, protocols, cipherSuites, certificateSha1, because, port } = expectation;
  const isOn = tls === 'required' && protection !== 'outside';
  const authentication = clientAuthentication === 'required' ? 'client certificate required' : 'no client certificate';
  const parts = [wordOf(protection, tls), ...(isOn ? [authentication] : [])];
  const line = (label: string, text: string): string => `  ${label.padEnd(LABEL - 2)}${text}`;
  return [
    `${channel}${port === undefined ? '' : ` (port ${port})`}: ${parts.join(', ')}`,
    ...(isOn ? [line('protocol', protocols?.join(', ') ?? NOT_OBEYED)] : []),
    ...(isOn ? [line('suites', cipherSuites?.join(', ') ?? NOT_OBEYED)] : []),
    ...(certificateSha1 === undefined ? [] : [line('pins', certificateSha1.join(', '))]),
    ...because.map((setting, index) => line(index === 0 ? 'because' : '', settingText(setting, configuration))),
  ];
}

/** FLINK-39969, or a default that depends on a version that is not known. */
const NOT_OBEYED = 'those of the JVM, or not known for this version';

function wordOf(protection: Protection, tls: Expectation['tls']): string {
  if (tls === 'impossible') return 'none: Flink has no TLS for it';
  return protection === 'outside' && tls === 'optional' ? 'clear, or not told here' : TLS_WORDS[tls];
}

function storeLines(configuration: ParsedConfiguration): string[] {
  const stores = namedStores(configuration);
  return STORE_FAMILIES.filter((family) => isFamilyOn(configuration, family)).flatMap((family) => {
    const own = stores.filter((one) => one.family === family);
    return [
      `${family} stores`,
      ...(own.length === 0 ? ['  none is named'] : own.flatMap((one) => storeText(one, configuration))),
    ];
  });
}

function storeText(
  { role, setting, type, password, keyPassword }: NamedStore,
  configuration: ParsedConfiguration,
): string[] {
  const told = (name: string, secret: Setting | undefined): string =>
    `${name} ${secret === undefined ? 'missing' : `set (${placeOf(secret)})`}`;
  return [
    `  ${role.padEnd(LABEL - 2)}${settingText(setting, configuration)}`,
    `  ${''.padEnd(LABEL - 2)}${[
      type === undefined ? "type by the JVM's default" : settingText(type, configuration),
      told('password', password),
      ...(role === 'keystore' ? [told('key password', keyPassword)] : []),
    ].join('; ')}`,
  ];
}

function settingText(setting: Setting, configuration: ParsedConfiguration): string {
  const overridden = configuration.overridden(setting.key).map((one) => `; overrides ${placeOf(one)}`);
  return `${setting.key}: ${setting.value} (${placeOf(setting)}${overridden.join('')})`;
}

/** What stands behind a place that is no line of a file of Flink's. */
const HOW: Partial<Record<SettingOrigin, string>> = {
  environment: 'environment variable',
  dynamic: '-D',
  manifest: 'flinkConfiguration',
  'config-map': 'ConfigMap',
  secret: 'Secret',
  entrypoint: 'docker-entrypoint.sh',
};

function placeOf({ file, line, origin = 'file' }: Setting): string {
  if (origin === 'default') return "Flink's default";
  const place = file === undefined ? [] : [line === undefined ? file : `${file}:${line}`];
  const how = HOW[origin] ?? (file === undefined ? origin : undefined);
  return [...place, ...(how === undefined ? [] : [how])].join(', ');
}
