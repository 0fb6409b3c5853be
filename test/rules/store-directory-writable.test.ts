import { chmodSync, mkdirSync, renameSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { rule } from '../../src/rules/store-directory-writable.ts';
import { auditFinding, auditVerdict, INTERNAL, recorded, store } from '../support/audited.ts';

const TRUST = { stores: ['internal-trust.p12'] } as const;
const at = (file: string) => ({ ...INTERNAL, 'security.ssl.internal.keystore': file });
const skip = process.platform === 'win32' ? 'no modes' : false;

/** A store in `FOLDER/inner`, where others get as far as FOLDER: the folder above it is private. */
function nested(mode: number): { readonly file: string; readonly folder: string } {
  const file = store('internal.p12');
  const folder = path.dirname(file);
  chmodSync(path.dirname(folder), 0o711);
  const inner = path.join(folder, 'inner');
  mkdirSync(inner);
  renameSync(file, path.join(inner, 'internal.p12'));
  chmodSync(inner, 0o755);
  chmodSync(folder, mode);
  return { file: path.join(inner, 'internal.p12'), folder };
}

t.test('a directory above the store that others may write is found', { skip }, async (t) => {
  const { file, folder } = nested(0o777);
  t.match(await auditFinding(rule, [at(file)], TRUST), {
    verdict: 'fail',
    severity: 'high',
    channel: 'jobmanager-rpc',
    message: new RegExp(`every account of the machine may rename what is in ${folder}\\.$`),
    remediation: { command: `chmod go-w ${folder}` },
  });
});

t.test('the sticky bit, directories that others cannot enter, and closed ones keep others off', { skip }, async (t) => {
  for (const mode of [0o1777, 0o755, 0o772]) {
    t.equal(await auditVerdict(rule, [at(nested(mode).file)], TRUST), 'pass', mode.toString(8));
  }
});

t.test('the directories behind a symbolic link are looked at too', { skip }, async (t) => {
  const { file, folder } = nested(0o777);
  const link = path.join(path.dirname(store('internal.p12')), 'link.p12');
  symlinkSync(file, link);
  const found = await auditFinding(rule, [at(link)], TRUST);
  t.match(found, { severity: 'high', observed: new RegExp(`^${folder}: mode 0777`) });
  t.match(found.evidence[0]?.text, `${link} -> ${file}`);
});

t.test('a store that is not here is nothing for it', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-all', 'jm')]), 'not-applicable');
});
