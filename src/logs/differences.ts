import { MASK } from '../flink/user-info.ts';
import type { LoggedSetting, SettingDifference } from '../model/log.ts';
import type { EffectiveConfiguration } from '../model/probe.ts';
import { isOfTls, isRelevant } from './settings.ts';

/**
 * Properties with which a process started, against its configuration now: by key. What counts of the log is the last
 * word on a key, as for Flink. Masked values are not compared, only whether both sides have them.
 */
export function differencesOf(
  logged: readonly LoggedSetting[],
  configuration: EffectiveConfiguration,
): readonly SettingDifference[] {
  if (logged.length === 0) return [];
  const started = new Map(logged.map((one) => [one.key, one]));
  const keys = [...new Set([...started.keys(), ...configuration.keys()])].filter(isRelevant).sort();
  return keys.flatMap((key) => differenceOf(key, started.get(key), configuration) ?? []);
}

function differenceOf(
  key: string,
  logged: LoggedSetting | undefined,
  configuration: EffectiveConfiguration,
): SettingDifference | undefined {
  const configured = configuration.setting(key);
  const isOneSided = logged === undefined || configured === undefined;
  if (isOneSided && !isOfTls(key)) return undefined;
  if (!isOneSided && (logged.value === MASK || normal(logged.value) === normal(configured.value))) return undefined;
  const isMasked = /password|secret/i.test(key);
  return {
    key,
    logged: logged?.value ?? null,
    ...(logged === undefined ? {} : { line: logged.line }),
    configured: configured === undefined ? null : isMasked ? MASK : configured.value,
    ...(configured?.file === undefined ? {} : { file: configured.file }),
    ...(configured?.line === undefined ? {} : { configuredLine: configured.line }),
  };
}

/** Quotes, blanks and the brackets of a list differ between the file and what is logged of it. */
function normal(value: string): string {
  return value
    .replace(/["'[\]\s]/g, '')
    .replace(/;/g, ',')
    .toLowerCase();
}
