import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Metafile } from 'esbuild';

/** Licences that ask no more than to be kept with what they cover. */
const PERMISSIVE: readonly string[] = ['MIT', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0'];

/** The licences of all packages that a bundle has built in, each with the text that its package ships. */
export function notices(root: string, { outputs }: Metafile): string {
  const folders = new Set(Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs).flatMap(packageFolder)));
  const parts = [...folders].sort().map((folder) => notice(path.resolve(root, folder)));
  return [
    'The files beside this one hold code of the following packages, each under its own licence.\n',
    ...new Set(parts),
  ].join(`\n${'-'.repeat(80)}\n\n`);
}

/** `node_modules/yargs` of `node_modules/yargs/build/lib/usage.js`; nothing for sources of our own. */
function packageFolder(input: string): string[] {
  const found = /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input);
  return found === null ? [] : [found[0]];
}

function notice(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Readonly<
    Record<string, string>
  >;
  const file = readdirSync(folder).find((one) => /^(?:licen[cs]e|copying)\b/i.test(one));
  if (license === undefined || !PERMISSIVE.includes(license) || file === undefined) {
    throw new Error(`${name} ${version}: cannot be built in: licence ${license}, ${file ?? 'without its text'}`);
  }
  return `${name} ${version} (${license})\n\n${readFileSync(path.join(folder, file), 'utf8').trim()}\n`;
}
