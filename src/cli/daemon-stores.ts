import type { ClusterSettings } from '../daemon/settings.ts';
import { namedStores } from '../flink/ssl-stores.ts';
import { exists, storeCandidates } from '../observe/store-path.ts';
import { readConfigurations } from './configuration-sources.ts';
import { parseConfigurations } from './configurations.ts';

/**
 * Key stores and trust stores whose change concerns a cluster: those of its settings, and those that its configurations
 * name and this machine has.
 *
 * @throws Unusable where a configuration cannot be read
 */
export async function watchedStores({
  keystores,
  configurations,
  flinkVersion,
}: Pick<ClusterSettings, 'keystores' | 'configurations' | 'flinkVersion'>): Promise<readonly string[]> {
  const given = keystores.map(({ file }) => file);
  if (configurations.length === 0) return given;
  const read = await readConfigurations({ conf: configurations });
  const version = flinkVersion === undefined ? {} : { flinkVersion };
  const parsed = await parseConfigurations({ configurations: read, ...version });
  const named = parsed.flatMap((one, index) =>
    namedStores(one).map(({ setting }) => located(read[index]!.path, setting.value.trim())),
  );
  return [...new Set([...given, ...named])];
}

/** A store that is not there yet may come. */
function located(base: string, name: string): string {
  const candidates = storeCandidates(base, name);
  return candidates.find(exists) ?? candidates[0];
}
