import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { flinkprobe } from '../support/command-line.ts';
import { lackingTools, planned } from '../support/fix-plan.ts';
import { NOW, recordedCluster, SECRET } from '../support/fix-plan-clusters.ts';
import { codeBlocks } from '../support/markdown.ts';
import { read, root } from '../support/repository.ts';

const WHOLE = ['jm', 'tm1', 'tm2'];
const names = ['captures', 'test/captures'].flatMap((folder) =>
  readdirSync(path.join(root, folder))
    .filter((name) => name.endsWith('.conf'))
    .filter((name) => WHOLE.every((member) => readdirSync(path.join(root, folder, name)).includes(member)))
    .map((name) => name.slice(0, -'.conf'.length)),
);
const skip = lackingTools(['patch', 'git']);

t.test(
  'the plan of every recorded cluster names every finding, shows no secret, and its patches apply',
  { skip },
  async (t) => {
    t.ok(names.length > 20, `${names.length} recordings`);
    for (const name of names) {
      const version = /^[\d.]+/.exec(name)![0];
      const own = recordedCluster(name);
      const { report, plan, text } = await planned(own.folder, [
        ...own.conf,
        NOW,
        '--fail-on=low',
        `--flink-version=${version}`,
      ]);
      const meant = report.findings.filter(({ severity }) => severity !== 'info').map(({ fingerprint }) => fingerprint);
      const told = plan.findings
        .filter(({ arises }) => arises === 'in-the-report')
        .map(({ fingerprint }) => fingerprint);
      t.strictSame(told, meant, `${name}: every finding, in the order of the report`);
      const untold = plan.findings.filter(({ cure, text: how, step }) =>
        cure === 'step' ? plan.steps[step! - 1] === undefined : how === '',
      );
      t.strictSame(untold, [], `${name}: each by a step that is there, or by hand with a text`);
      t.notMatch(text, SECRET, `${name}: no password in the text`);
      t.notMatch(JSON.stringify(plan), SECRET, `${name}: nor in JSON`);
      if (!plan.steps.some(({ files }) => files.length > 0)) continue;
      const file = path.join(own.folder, 'plan.txt');
      writeFileSync(file, text);
      const patched = spawnSync('patch', ['--dry-run', '-d', '/', '-p0', '-i', file], { encoding: 'utf8' });
      t.strictSame(
        [patched.status, /fuzz|offset/.test(patched.stdout)],
        [0, false],
        `${name}: patch takes it as it is`,
      );
      const git = spawnSync('git', ['apply', '--check', '-p0', '--unidiff-zero', file], { cwd: '/', encoding: 'utf8' });
      t.equal(git.status, 0, `${name}: git apply takes it too: ${git.stderr}`);
    }
  },
);

t.test('what the README shows of a plan is what is printed', async (t) => {
  const blocks = codeBlocks(read('README.md'));
  const command = blocks.flatMap(({ lines }) => lines).find((line) => line.endsWith('--fix-plan'))!;
  const { stdout } = await flinkprobe(command.split(' ').slice(1), { COLUMNS: '100' });
  const printed = stdout.split('\n').map((line) => line.trimEnd());
  let at = 0;
  for (const line of blocks.find(({ language }) => language === 'diff')!.lines.filter((one) => one !== '…')) {
    const found = printed.indexOf(line.trimEnd(), at);
    t.ok(found >= 0, `printed: ${line}`);
    at = found < 0 ? at : found + 1;
  }
});
