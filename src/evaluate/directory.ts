import { readdirSync } from 'node:fs';
import type { PolicyDocument } from '../model/policy.ts';
import type { Probe } from '../model/probe.ts';
import type { Rule } from '../model/rule.ts';

/** Rules of the package, by id. Dropping a file into `src/rules/` is the registration. */
export function loadRules(folder: URL = new URL('../rules/', import.meta.url)): Promise<Rule[]> {
  return loadUnits(folder, 'rule', isRule, ({ id }) => id);
}

/** Probes of the package, by id. Dropping a file into `probes/` is the registration. */
export function loadProbes(folder: URL = new URL('../../probes/', import.meta.url)): Promise<Probe[]> {
  return loadUnits(folder, 'probe', isProbe, ({ id }) => id);
}

/** Profiles of the package, by name. Dropping a file into `src/policies/` is the registration. */
export function loadPolicies(folder: URL = new URL('../policies/', import.meta.url)): Promise<PolicyDocument[]> {
  return loadUnits(folder, 'policy', isPolicy, ({ policy }) => policy);
}

/**
 * Every file of a folder (folders in it hold what several units share) exports one unit, whose id is the file's name.
 *
 * Throws an `Error` that names the file where that does not hold.
 */
async function loadUnits<Unit>(
  folder: URL,
  exported: 'rule' | 'probe' | 'policy',
  isUnit: (value: unknown) => value is Unit,
  idOf: (unit: Unit) => string,
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
      if (idOf(unit) !== id) throw new Error(`${name}: the ${exported}'s id is ${idOf(unit)}, not its file's name`);
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

function isPolicy(value: unknown): value is PolicyDocument {
  return isRecord(value) && typeof value.policy === 'string' && Array.isArray(value.requirements);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
