import { spawnSync } from 'node:child_process';
import t from 'tap';
import { shellWord } from '../../src/bytes/shell-word.ts';
import { missing } from '../support/capture-tools.ts';

t.test('a shell reads back what was written, one word each', { skip: missing('sh') }, (t) => {
  const awkward = [
    'a b',
    '',
    "it's",
    "''",
    '$HOME',
    '`id`',
    'a\nb',
    '*',
    '~',
    '#',
    'a;b&c|d',
    '{a,b}',
    '"',
    '\\',
    '!x',
  ];
  const texts = ['conf/flink-conf.yaml', 'a,b', 'ü', ...awkward];
  const { stdout } = spawnSync('sh', ['-c', `printf '%s\\0' ${texts.map(shellWord).join(' ')}`], { encoding: 'utf8' });
  t.strictSame(stdout.split('\0').slice(0, -1), texts);
  t.end();
});

t.test('what needs no quotes has none', (t) => {
  t.equal(shellWord('host:6123/path,x=1%2@y+z_-.'), 'host:6123/path,x=1%2@y+z_-.');
  t.end();
});
