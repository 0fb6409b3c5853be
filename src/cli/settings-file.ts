import { createHash } from 'node:crypto';
import path from 'node:path';
import type { LoadedSettings } from '../daemon/daemon.ts';
import { settingsSchema } from '../daemon/settings-schema.ts';
import { settingsOf } from '../daemon/settings-values.ts';
import type { WrittenSettings } from '../daemon/settings-written.ts';
import { nameOfSink } from '../daemon/sink-name.ts';
import { readBounded } from './bounded-file.ts';
import { type Overlay, overlaid } from './daemon-settings-keys.ts';
import { Unusable } from './failure.ts';
import { schemaFaults } from './schema-faults.ts';
import { waiversOf } from './waivers-status.ts';
import { readYaml, type Yaml, type YamlFault } from './yaml-places.ts';

/**
 * Reads `flinkprobe.yaml`, with what flags and variables put over it.
 *
 * @throws Unusable with file, line and column of everything that is wrong, or the flag or variable that said it
 */
export async function readSettings(
  file: string,
  stateFolder: string,
  overlays: readonly Overlay[] = [],
): Promise<LoadedSettings> {
  const text = readBounded(file, 'no settings of flinkprobe');
  const written = parseSettings(text, file, overlays);
  const settings = settingsOf(written, { folder: path.dirname(path.resolve(file)), stateFolder });
  const waivers = await waiversOf(settings);
  return { settings, path: file, sha256: createHash('sha256').update(text).digest('hex'), waivers };
}

/** The settings as they are written. Throws `Unusable`, and nothing else. */
export function parseSettings(text: string, file: string, overlays: readonly Overlay[] = []): WrittenSettings {
  const yaml = readYaml(text, { file, scalars: 'typed' });
  if (yaml.content === null) throw new Unusable(`${file}:1:1: is empty; it needs version and clusters`);
  return checked(yaml.content, overlays, yaml);
}

/**
 * Written settings that fit the schema, with what was given put over them.
 *
 * @throws Unusable
 */
export function checked(content: unknown, overlays: readonly Overlay[], yaml: Pick<Yaml, 'tell'>): WrittenSettings {
  // Paths that flags and variables give begin where the daemon is started, as everybody expects of them.
  const whole = overlaid(content, overlays, (one) => path.resolve(one));
  const read = settingsSchema.safeParse(whole, { reportInput: true });
  const faults = read.success ? duplicates(read.data) : schemaFaults(read.error.issues, settingsSchema);
  if (read.success && faults.length === 0) return read.data;
  const given = faults.map((fault) => [fault, originOf(fault, overlays)] as const);
  const lines = given.flatMap(([{ message }, origin]) => (origin === undefined ? [] : [`${origin}: ${message}`]));
  const ofFile = given.flatMap(([fault, origin]) => (origin === undefined ? [fault] : []));
  throw new Unusable([...lines, ...(ofFile.length === 0 ? [] : [yaml.tell(ofFile)])].join('\n'));
}

/** Who gave what is wrong, where it was not the file. */
function originOf(fault: YamlFault, overlays: readonly Overlay[]): string | undefined {
  const at = fault.path.join('.');
  return overlays.find(({ path: one }) => {
    const place = one.join('.');
    return at === place || place.startsWith(`${at}.`) || at.startsWith(`${place}.`);
  })?.origin;
}

/** Names key the history and the outbox: two of one name would mix. */
function duplicates({ clusters, notify = [] }: WrittenSettings): readonly YamlFault[] {
  const taken = (list: 'clusters' | 'notify', index: number, name: string): YamlFault => ({
    path: [list, index, 'name'],
    message: `${JSON.stringify(name)} is the name of an earlier one`,
  });
  return [
    ...repeated(clusters.map(({ name }) => name)).map(([name, index]) => taken('clusters', index, name)),
    ...repeated(notify.map((one) => one.name ?? nameOfSink(one))).map(([name, index]) =>
      notify[index]?.name !== undefined
        ? taken('notify', index, name)
        : {
            path: ['notify', index],
            message: 'type and address are those of an earlier one: give it a name of its own',
          },
    ),
  ];
}

/** Names that stand before, too, with where they stand again. */
function repeated(names: readonly string[]): (readonly [name: string, index: number])[] {
  return names.map((name, index) => [name, index] as const).filter(([name, index]) => names.indexOf(name) < index);
}
