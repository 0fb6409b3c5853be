import { readdirSync } from 'node:fs';
import type { Probe } from '../model/probe.ts';
import type { Rule } from '../model/rule.ts';

/** Rules of the package, by id. Dropping a file into `src/rules/` is the registration. */
export function loadRules(folder: URL = new URL('../rules/', import.meta.url)): Promise<Rule[]> {
  return loadUnits(folder, 'rule', isRule);
}

/** Probes of the package, by id. Dropping a file into `probes/` is the registration. */
export function loadProbes(folder: URL = new URL('../../probes/', import.meta.url)): Promise<Probe[]> {
  return loadUnits(folder, 'probe', isProbe);
}

/**
 * Every file of a folder (folders in it hold what several units share) exports one unit, whose id is the file's name.
 *
 * Throws an `Error` that names the file where that does not hold.
 */
async function loadUnits<Unit extends { readonly id: string }>(
  folder: URL,
  exported: 'rule' | 'probe',
  isUnit: (value: unknown) => value is Unit,
): Promise<Unit[]> {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^[^.].*(?<!\.d)\.(?:js|ts)$/.test(entry.name))
    .map((entry) => entry.name)
    .sort();
  return Promise.all(
    names.map(async (name) => {
      const module = (await import(new URL(name, folder).href)) as Readonly<Record<string, unknown>>;
      const unit = module[exported];
      if (!isUnit(unit)) throw new Error(`${name}: exports no ${exported}`);
      const id = name.replace(/\.(?:js|ts)$/, '');
      if (unit.id !== id) throw new Error(`${name}: the ${exported}'s id is ${unit.id}, not its file's name`);
      return unit;
    }),
  );
}

function isRule(value: unknown): value is Rule {
  return isRecord(value) && typeof value.id === 'string' && typeof value.evaluate === 'function';
}

function isProbe(value: unknown): value is Probe {
  return isRecord(value) && typeof value.id === 'string' && typeof value.expect === 'function';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
