import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { ENVIRONMENT, MAIN } from '../support/command-line.ts';
import { codeBlocks } from '../support/markdown.ts';
import { read } from '../support/repository.ts';
import { temporary } from '../support/temporary.ts';

/** docs/sources.md: its files are written as they stand there, its commands run, its output held against theirs. */
const folder = temporary();
const blocks = codeBlocks(read('docs/sources.md'));

for (const { lines } of blocks.filter(({ language }) => language === 'yaml')) {
  writeFileSync(path.join(folder, lines[0]!.replace('# ', '')), `${lines.join('\n')}\n`);
}

function run(command: string): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const args = [MAIN, ...command.split(/\s+/).slice(1)];
  return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env: ENVIRONMENT });
}

const commands = blocks
  .filter(({ language }) => language === 'sh')
  .flatMap(({ lines }) => lines)
  .flatMap((line) => {
    const [, text, exit] = /^(flinkprobe .*?)\s+# exit (\d)$/.exec(line) ?? [];
    return text === undefined ? [] : [{ text, exit: Number(exit) }];
  });

t.test('every command of docs/sources.md on its own files ends as it says', async (t) => {
  t.ok(commands.length >= 5);
  for (const { text, exit } of commands) {
    const { status, stderr } = run(text);
    t.equal(status, exit, `${text} ${stderr}`);
  }
});

t.test('what docs/sources.md shows is what the first of them prints', async (t) => {
  const shown = blocks.find(({ language }) => language === 'text')!.lines;
  const printed = run(commands[0]!.text).stdout.split('\n');
  let at = 0;
  for (const line of shown.filter((one) => one !== '…')) {
    const found = printed.indexOf(line, at);
    t.ok(found >= 0, `printed: ${line}`);
    at = found < 0 ? at : found + 1;
  }
});
