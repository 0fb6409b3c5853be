import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the build puts the page's files: beside the command, or where the modules are run, beside them. */
const PAGE_FOLDERS = ['../web/', '../../bundle/web/'] as const;

/** The page's files by name; none where the page was not built: it has no style and no script then. */
export function pageFiles(): ReadonlyMap<string, Uint8Array> {
  for (const relative of PAGE_FOLDERS) {
    const folder = fileURLToPath(new URL(relative, import.meta.url));
    if (!existsSync(folder) || !hasPage(folder)) continue;
    return new Map(readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name))]));
  }
  return new Map();
}

/** Beside the modules stands the source of the page, which is none. */
function hasPage(folder: string): boolean {
  return readdirSync(folder).some((name) => name.endsWith('.css'));
}
