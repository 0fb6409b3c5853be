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
  return request.configurations.map(({ member, files }) => {
    const parsed = parseFlinkConfiguration(files, { member, ...(flinkVersion === undefined ? {} : { flinkVersion }) });
    const [first] = parsed.problems;
    if (first !== undefined && parsed.keys().length === 0) {
      throw new Unusable(`--conf: ${first.file}:${first.line}: ${first.message}`);
    }
    for (const { file, line, message } of parsed.problems) request.warn?.(`${file}:${line}: ${message}`);
    return parsed;
  });
}

export function describeConfiguration({ path }: ConfigurationFiles, { problems }: ParsedConfiguration): Input {
  return { kind: 'configuration', path, ...(problems.length > 0 ? { problems } : {}) };
}
