import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { HADOOP_PRIVACY_KEYS, parseHadoopSite } from '../flink/hadoop-site.ts';
import type { EffectiveConfiguration } from '../model/probe.ts';
import type { Setting } from '../model/report.ts';
import type { HadoopFacts } from '../model/rule.ts';

const SITE_FILES = ['core-site.xml', 'hdfs-site.xml'] as const;
/** Real ones have 10 kB. */
const SITE_BYTES_MAX = 4 * 1024 * 1024;
/** `FlinkConfigLoader` of Hadoop: keys of Flink's file that are Hadoop's, without the prefix. */
const PREFIX = 'flink.hadoop.';

/**
 * What Hadoop was told about encryption, as `HadoopUtils.getHadoopConfiguration` looks for it: the folders that the
 * configuration names, `HADOOP_CONF_DIR`, the folder of the configuration itself, and `flink.hadoop.*` over all of them.
 *
 * Never throws; undefined where nothing was found.
 *
 * @param folder of Flink's configuration, or its file
 */
export function hadoopFacts(
  configuration: EffectiveConfiguration,
  folder: string,
  environment: NodeJS.ProcessEnv,
): HadoopFacts | undefined {
  const folders = [
    /\.ya?ml$/.test(folder) ? path.dirname(folder) : folder,
    environment.HADOOP_CONF_DIR,
    configuration.setting('env.hadoop.conf.dir')?.value.trim(),
    configuration.setting('fs.hdfs.hadoopconf')?.value.trim(),
  ].filter((one) => one !== undefined && one !== '');
  const read = [...new Set(folders)].flatMap((one) =>
    SITE_FILES.flatMap((name) => {
      const file = path.join(one!, name);
      const text = textOf(file);
      return text === undefined ? [] : [{ file, settings: parseHadoopSite(file, text) }];
    }),
  );
  const own = HADOOP_PRIVACY_KEYS.flatMap((key) => configuration.setting(`${PREFIX}${key}`) ?? []);
  if (read.length === 0 && own.length === 0) return undefined;
  const settings = new Map<string, Setting>();
  for (const one of read.flatMap(({ settings: found }) => found)) {
    if (HADOOP_PRIVACY_KEYS.includes(one.key)) settings.set(one.key, one);
  }
  for (const one of own) settings.set(one.key.slice(PREFIX.length), one);
  return { files: read.map(({ file }) => file), settings: [...settings.values()] };
}

function textOf(file: string): string | undefined {
  try {
    const stats = statSync(file);
    if (!stats.isFile() || stats.size > SITE_BYTES_MAX) return undefined;
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
