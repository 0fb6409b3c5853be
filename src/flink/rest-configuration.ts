import type { Setting } from '../model/report.ts';
import type { ParsedConfiguration } from './config.ts';
import { isAtLeast } from './version.ts';

/** One entry of Flink's answer to `GET /jobmanager/config` (`ConfigurationInfoEntry`). */
export interface RestSetting {
  readonly key: string;
  readonly value: string;
}

/** What stands for secrets in the answer (`GlobalConfiguration.HIDDEN_CONTENT`). */
export const HIDDEN_CONTENT: string = '******';

/**
 * The JobManager's effective configuration as its REST API tells it: no file, no lines, and keys that are at their
 * default are absent. Real ports are written back into it (`ClusterEntrypoint.initializeServices`).
 *
 * A TaskManager's own configuration may differ.
 */
export function restConfiguration(
  entries: readonly RestSetting[],
  options: { readonly member: string | null; readonly flinkVersion?: string },
): ParsedConfiguration {
  const settings = new Map<string, Setting>(entries.map(({ key, value }) => [key, { key, value, origin: 'rest' }]));
  const setting = (...keys: readonly string[]): Setting | undefined => {
    const name = keys.find((key) => settings.has(key));
    return name === undefined ? undefined : settings.get(name);
  };
  const { member, flinkVersion } = options;
  return {
    member,
    ...(flinkVersion === undefined ? {} : { flinkVersion }),
    problems: [],
    notes: [],
    exposed: [],
    atLeast: (version) => flinkVersion === undefined || isAtLeast(flinkVersion, version),
    setting,
    settingOr: (key, fallback, ...aliases) => setting(key, ...aliases) ?? { key, value: fallback, origin: 'default' },
    keys: () => [...settings.keys()],
    overridden: () => [],
  };
}
