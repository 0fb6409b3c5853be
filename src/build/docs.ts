import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadPolicies, loadRules } from '../evaluate/directory.ts';
import { policyPage } from './policy-page.ts';
import { rulePage } from './rule-page.ts';

/** `npm run docs`: writes the pages that are made from code. An argument names another folder than `docs/`. */
const folder = process.argv[2] ?? path.join(fileURLToPath(new URL('../../../', import.meta.url)), 'docs');
writeFileSync(path.join(folder, 'rules.md'), rulePage(await loadRules()));
writeFileSync(path.join(folder, 'policies.md'), policyPage(await loadPolicies()));
