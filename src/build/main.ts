import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadPolicies, loadProbes, loadRules } from '../evaluate/directory.ts';
import { bundle, unitFiles, write } from './bundle.ts';

/** The last step of `npm run build`: bundles the command into `dist/bundle/`, beside the modules that it was tested as. */
const built = fileURLToPath(new URL('../../', import.meta.url));
const root = path.join(built, '..');
const folder = path.join(built, 'bundle');

for (const [units, sources] of [
  // Refuses a file without a unit, or with one of another name.
  [await loadRules(), 'src/rules'],
  [await loadProbes(), 'probes'],
  [(await loadPolicies()).map(({ policy: id }) => ({ id })), 'src/policies'],
] as const) {
  const files = unitFiles(path.join(root, sources)).map((name) => name.replace(/\.ts$/, ''));
  const left = units.filter(({ id }) => !files.includes(id)).map(({ id }) => `dist/${sources}/${id}.js`);
  // The compiler leaves there what it once made.
  if (left.length > 0)
    throw new Error(`${left.join(', ')}: compiled of a file that is gone; remove dist and build again`);
}
write(await bundle(root, folder), folder);
