import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { applyEdits, linesOf, type TextEdit, unifiedDiff } from '../../src/flink/text-patch.ts';
import { missing } from '../support/capture-tools.ts';
import { temporary } from '../support/temporary.ts';

const folder = temporary();

const line = fc.constantFrom(
  'a: 1',
  'b: 2',
  '',
  '  c: 3',
  '# note',
  'd: é',
  '-x',
  '+y',
  ' z',
  '@@ -1,1 +1,1 @@',
  '\\ No newline',
);
const texts = fc
  .tuple(fc.array(line, { maxLength: 30 }), fc.boolean(), fc.constantFrom('\n', '\r\n'))
  .map(([lines, ends, ending]) => lines.join(ending) + (ends && lines.length > 0 ? ending : ''));

/** Edits that do not overlap, at random places. */
const edited = texts.chain((text) =>
  fc
    .array(fc.tuple(fc.nat(text.length), fc.nat(12), fc.constantFrom('', 'new', 'one\ntwo', 'k: v\n')), {
      maxLength: 4,
    })
    .map((raw) => {
      const edits: TextEdit[] = [];
      let from = 0;
      for (const [start, length, put] of raw.sort((a, b) => a[0] - b[0])) {
        if (start < from) continue;
        const end = Math.min(start + length, text.length);
        edits.push({ start, end, text: put });
        from = end + 1;
      }
      return { text, edits };
    }),
);

const diffOf = (text: string, edits: readonly TextEdit[], isShowable: (line: number) => boolean): string => {
  const diff = unifiedDiff(text, edits, isShowable);
  return diff === '' ? '' : `--- file\t\n+++ file\t\n${diff}`;
};

function patched(tool: 'patch' | 'git', text: string, diff: string): string {
  writeFileSync(path.join(folder, 'file'), text);
  writeFileSync(path.join(folder, 'diff'), diff);
  const { status, stdout, stderr } =
    tool === 'patch'
      ? spawnSync('patch', ['--binary', '-p0', '-s', '--no-backup-if-mismatch', '-i', 'diff'], {
          cwd: folder,
          encoding: 'utf8',
        })
      : spawnSync('git', ['apply', '-p0', '--unidiff-zero', '--whitespace=nowarn', 'diff'], {
          cwd: folder,
          encoding: 'utf8',
        });
  if (status !== 0 || /fuzz|offset/.test(stdout)) throw new Error(`${stdout}${stderr}\n${diff}`);
  return readFileSync(path.join(folder, 'file'), 'utf8');
}

for (const tool of ['patch', 'git'] as const) {
  t.test(`${tool} makes of a text and its diff what the edits make of it`, { skip: missing(tool) }, (t) => {
    let made = 0;
    fc.assert(
      fc.property(edited, fc.nat(5), ({ text, edits }, hidden) => {
        const touched = new Set(edits.flatMap((one) => linesOf(text, one)));
        const diff = diffOf(text, edits, (at) => touched.has(at) || at % 6 !== hidden);
        const wanted = applyEdits(text, edits);
        if (wanted === text || wanted === '' || text === '') return;
        if (patched(tool, text, diff) !== wanted) throw new Error(diff);
        made += 1;
      }),
      { numRuns: 150, seed: 5 },
    );
    t.ok(made > 90, `${made} of 150 texts are patched`);
    t.end();
  });
}

t.test('a line that may not be shown is not there, changes on both sides of it are', (t) => {
  const text = 'a: 1\nb: 2\npassword: geheim\nc: 3\nd: 4\n';
  const diff = unifiedDiff(
    text,
    [
      { start: 5, end: 9, text: 'b: 9' },
      { start: 27, end: 31, text: 'c: 9' },
    ],
    (at) => at !== 2,
  );
  t.notMatch(diff, /geheim/);
  t.match(diff, /-b: 2\n\+b: 9\n/);
  t.match(diff, /-c: 3\n\+c: 9\n/);
  t.end();
});
