import { createHash } from 'node:crypto';
import path from 'node:path';
import type { LoadedSettings } from '../daemon/daemon.ts';
import { settingsSchema } from '../daemon/settings-schema.ts';
import { settingsOf } from '../daemon/settings-values.ts';
import type { WrittenSettings } from '../daemon/settings-written.ts';
import { Unusable } from './failure.ts';
import { schemaFaults } from './schema-faults.ts';
import { waiversOf } from './waivers-status.ts';
import { readBounded, readYaml, type YamlFault } from './yaml-places.ts';

/**
 * Reads `flinkprobe.yaml`.
 *
 * @throws Unusable with file, line and column of everything that is wrong
 */
export async function readSettings(file: string, stateFolder: string): Promise<LoadedSettings> {
  const text = readBounded(file, 'no settings of flinkprobe');
  const settings = settingsOf(parseSettings(text, file), { folder: path.dirname(path.resolve(file)), stateFolder });
  const waivers = await waiversOf(settings);
  return { settings, path: file, sha256: createHash('sha256').update(text).digest('hex'), waivers };
}

/** The settings as they are written. Throws `Unusable`, and nothing else. */
export function parseSettings(text: string, file: string): WrittenSettings {
  const yaml = readYaml(text, { file, scalars: 'typed' });
  if (yaml.content === null) throw new Unusable(`${file}:1:1: is empty; it needs version and clusters`);
  const read = settingsSchema.safeParse(yaml.content, { reportInput: true });
  const faults = read.success ? duplicates(read.data) : schemaFaults(read.error.issues, settingsSchema);
  if (read.success && faults.length === 0) return read.data;
  throw new Unusable(yaml.tell(faults));
}

/** Names key the history and the outbox: two of one name would mix. */
function duplicates({ clusters, notify = [] }: WrittenSettings): readonly YamlFault[] {
  const twice = (names: readonly (string | undefined)[], list: string): readonly YamlFault[] =>
    names.flatMap((name, index) =>
      name === undefined || names.indexOf(name) === index
        ? []
        : [{ path: [list, index, 'name'], message: `${JSON.stringify(name)} is the name of an earlier one` }],
    );
  return [
    ...twice(
      clusters.map(({ name }) => name),
      'clusters',
    ),
    ...twice(
      notify.map(({ name }) => name),
      'notify',
    ),
  ];
}
