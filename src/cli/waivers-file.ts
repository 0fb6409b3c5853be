import { loadRules } from '../evaluate/directory.ts';
import type { Waiver } from '../model/waiver.ts';
import { readBounded } from './bounded-file.ts';
import { Unusable } from './failure.ts';
import { hintOf } from './nearest.ts';
import { schemaFaults } from './schema-faults.ts';
import { type WrittenWaivers, waiversSchema } from './waivers-schema.ts';
import { readYaml, type YamlFault } from './yaml-places.ts';

/**
 * Reads a file of waivers.
 *
 * @throws Unusable with file, line and column of everything that is wrong
 */
export async function readWaiversFile(file: string): Promise<readonly Waiver[]> {
  const rules = await loadRules();
  return parseWaivers(
    readBounded(file, 'no waivers'),
    file,
    rules.map(({ id }) => id),
  );
}

/** `rules`: ids that a waiver may name. Throws `Unusable`, and nothing else. */
export function parseWaivers(text: string, file: string, rules: readonly string[]): readonly Waiver[] {
  const yaml = readYaml(text, { file, scalars: 'as-written' });
  if (yaml.content === null) throw new Unusable(`${file}:1:1: is empty; it needs version and waivers`);
  const read = waiversSchema.safeParse(yaml.content, { reportInput: true });
  const faults = read.success ? wrongIn(read.data, rules) : schemaFaults(read.error.issues, waiversSchema);
  if (!read.success || faults.length > 0) throw new Unusable(yaml.tell(faults));
  return read.data.waivers;
}

function wrongIn({ waivers }: WrittenWaivers, rules: readonly string[]): readonly YamlFault[] {
  const ids = waivers.map(({ id }) => id);
  return waivers.flatMap(({ id, scope }, index) => [
    ...(ids.indexOf(id) === index
      ? []
      : [{ path: ['waivers', index, 'id'], message: `${JSON.stringify(id)} is the id of an earlier one` }]),
    ...(Object.keys(scope).length > 0
      ? []
      : [{ path: ['waivers', index, 'scope'], message: 'scope names nothing: a waiver of everything is none' }]),
    ...(scope.rule === undefined || rules.includes(scope.rule)
      ? []
      : [
          {
            path: ['waivers', index, 'scope', 'rule'],
            message: `${JSON.stringify(scope.rule)} is no rule${hintOf(scope.rule, rules)}`,
          },
        ]),
  ]);
}
