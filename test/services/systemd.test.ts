import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { missing } from '../support/capture-tools.ts';
import { read } from '../support/repository.ts';
import { temporary } from '../support/temporary.ts';

const skip = missing('systemd-analyze');
const [, UNIT] = /```ini\n(.*?)```/s.exec(read('docs/daemon.md'))!;

/** The unit of the documentation, its program replaced by one that is there. */
function unit(): string {
  const file = path.join(temporary(), 'flinkprobe.service');
  writeFileSync(file, UNIT!.replace('/usr/bin/flinkprobe', process.execPath));
  return file;
}

const analysed = (...args: readonly string[]) => spawnSync('systemd-analyze', args, { encoding: 'utf8' });

t.test('systemd takes the unit of the documentation without a word', { skip }, async (t) => {
  const { status, stdout, stderr } = analysed('verify', unit());
  t.equal(`${stdout}${stderr}`, '');
  t.equal(status, 0);
});

t.test('the unit leaves the daemon no more than the documentation says', { skip }, async (t) => {
  const { stdout } = analysed('security', '--offline=true', '--no-pager', unit());
  const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout) ?? [];
  const [, told] = /`systemd-analyze security` rates it ([\d.]+)/.exec(read('docs/daemon.md'))!;
  t.ok(exposure !== undefined && Number(exposure) <= Number(told) + 0.5, `${exposure}, not ${told}`);
});
