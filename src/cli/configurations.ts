import type { ParsedConfiguration } from '../flink/config.ts';
import type { Input } from '../model/report.ts';
import type { ConfigurationFiles } from './common.ts';
import { Unusable } from './failure.ts';

/** What reading Flink configurations depends on. */
export interface ConfigurationRequest {
  readonly configurations: readonly ConfigurationFiles[];
  readonly flinkVersion?: string;
  /** Told of what is odd and does not end the run. */
  readonly warn?: (line: string) => void;
}

/** Throws `Unusable` for a file of which nothing can be read. The YAML library is loaded only where there is one. */
export async function parseConfigurations(request: ConfigurationRequest): Promise<ParsedConfiguration[]> {
  if (request.configurations.length === 0) return [];
  const { parseFlinkConfiguration } = await import('../flink/config.ts');
  const { flinkVersion } = request;
  return request.configurations.map((source) => {
    const { files, path: _, flinkVersion: own, ...rest } = source;
    const version = flinkVersion ?? own;
    const parsed = parseFlinkConfiguration(files, {
      ...rest,
      ...(version === undefined ? {} : { flinkVersion: version }),
    });
    const [first] = parsed.problems;
    // Of a manifest something else may be read all the same.
    if (first !== undefined && parsed.keys().length === 0 && files.length > 0) {
      throw new Unusable(`--conf: ${first.file}:${first.line}: ${first.message}`);
    }
    for (const { file, line, message } of parsed.problems) request.warn?.(`${file}:${line}: ${message}`);
    return parsed;
  });
}

export function describeConfiguration({ path }: ConfigurationFiles, { problems, notes }: ParsedConfiguration): Input {
  const told = [...problems, ...notes];
  return { kind: 'configuration', path, ...(told.length > 0 ? { problems: told } : {}) };
}
