import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadRules } from '../evaluate/directory.ts';
import { rulePage } from './rule-page.ts';

/** `npm run docs`: writes the pages that are made from code. An argument names another file than `docs/rules.md`. */
const page = process.argv[2] ?? path.join(fileURLToPath(new URL('../../../', import.meta.url)), 'docs/rules.md');
writeFileSync(page, rulePage(await loadRules()));
