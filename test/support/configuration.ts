import { parseFlinkConfiguration } from '../../src/flink/config.ts';
import type { EffectiveConfiguration } from '../../src/model/probe.ts';

/** A `config.yaml` (or, up to 1.18, a `flink-conf.yaml`) of these lines, for that version; unknown where absent. */
export function configuration(lines: Readonly<Record<string, string>>, flinkVersion?: string): EffectiveConfiguration {
  const old = flinkVersion !== undefined && /^1\.1[0-8]\b/.test(flinkVersion);
  const text = Object.entries(lines)
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('');
  const file = { name: old ? 'flink-conf.yaml' : 'config.yaml', text };
  return parseFlinkConfiguration([file], { member: 'jm', ...(flinkVersion === undefined ? {} : { flinkVersion }) });
}
