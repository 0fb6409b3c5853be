import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporary } from './temporary.ts';

const folder = temporary();
let made = 0;

/** A file of this name and text in a folder of its own. */
export function source(name: string, text: string | Uint8Array): string {
  const own = path.join(folder, String(made++));
  mkdirSync(own);
  writeFileSync(path.join(own, name), text);
  return path.join(own, name);
}

/** A file of `test/flink/sources/`, which tells where each is from. */
export function shared(name: string): string {
  return fileURLToPath(new URL(`../../../test/flink/sources/${name}`, import.meta.url));
}
