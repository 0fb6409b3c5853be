import { readFileSync } from 'node:fs';
import { type ParsedConfiguration, parseFlinkConfiguration } from '../../src/flink/config.ts';

/** A `config.yaml` written down. */
export function configuration(text: string, flinkVersion?: string, member: string | null = null): ParsedConfiguration {
  return parseFlinkConfiguration([{ name: 'config.yaml', text }], {
    member,
    ...(flinkVersion === undefined ? {} : { flinkVersion }),
  });
}

/** One of the configurations below `test/vectors/flink-conf`. */
export function recordedConfiguration(name: string, member: string, flinkVersion: string): ParsedConfiguration {
  const text = readFileSync(new URL(`../../../test/vectors/flink-conf/${name}`, import.meta.url), 'utf8');
  return parseFlinkConfiguration([{ name: name.replace(/^.*-(?=flink-conf|config)/, ''), text }], {
    member,
    flinkVersion,
  });
}
