// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what looks like a template is the shell's own
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { SHELLS, type Shell } from '../../src/cli/completion.ts';
import { completionModel } from '../../src/cli/completion-model.ts';
import { loadPolicies, loadProbes, loadRules } from '../../src/evaluate/directory.ts';
import { PROFILES } from '../../src/observe/active/types.ts';
import { FORMAT_NAMES } from '../../src/report/formats.ts';
import { flinkprobe } from '../support/command-line.ts';
import { temporary } from '../support/temporary.ts';

const folder = temporary();
writeFileSync(path.join(folder, 'a capture.pcap'), '');

const scriptOf = (shell: Shell): string => path.join(folder, `completion.${shell}`);
function missing(shell: Shell): string | false {
  return spawnSync(shell, ['-c', 'exit 0']).status === 0 ? false : `${shell} not found`;
}

function ran(program: string, args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(program, args, { cwd: folder, encoding: 'utf8', timeout: 30_000 });
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`);
  return stdout;
}

/** What bash offers for the last word; words are parted at `=`, as readline parts them. */
function inBash(line: string): string[] {
  const words = line.split(' ').flatMap((word) => word.split(/(=)/).filter((part) => part !== ''));
  const whole = line.endsWith(' ') ? [...words, ''] : words;
  const list = whole.map((word) => `'${word}'`).join(' ');
  const script = `source ${scriptOf('bash')}; COMP_WORDS=(${list}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _flinkprobe; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return lines(ran('bash', ['--norc', '-c', script]));
}

/** Fish tells what it offers, with a description behind a tab. */
function inFish(line: string): string[] {
  const script = `source ${scriptOf('fish')}; complete -C '${line}'`;
  return lines(ran('fish', ['--no-config', '-c', script])).map((one) => one.split('\t')[0]!);
}

/**
 * Zsh offers only to who types: a shell on a pseudo-terminal, whose completion says what it adds. Behind each line stands
 * an order to print its number, which is carried out when the completion is done.
 */
function inZsh(typed: readonly string[]): string[][] {
  const inner = [
    'autoload -Uz compinit; compinit -u -D',
    `source ${scriptOf('zsh')}`,
    'compadd() {',
    '  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return $?; fi',
    '  typeset -a __hits',
    '  builtin compadd -A __hits "$@"',
    '  print -rl -- "<"${^__hits}">"',
    '  return 1',
    '}',
    "bindkey '^I' complete-word",
    // What is typed before the line editor listens waits in the terminal, where Ctrl-U would take it away.
    'stty kill undef',
    'print begun$((40 + 2))',
  ];
  const setting = path.join(folder, '.inner.zsh');
  writeFileSync(setting, inner.join('\n'));
  const outer = [
    'zmodload zsh/zpty',
    'zpty z zsh -f -i',
    `zpty -w z 'source ${setting}'`,
    "zpty -r -m z shown '*begun42*'",
    ...typed.flatMap((line, index) => [
      `zpty -w -n z ${JSON.stringify(line)}$'\\t'`,
      `zpty -w z $'\\x15''print done$((${index} + 1))'`,
      `zpty -r -m z shown '*done${index + 1}*'`,
      'print -r -- "$shown"; print -r -- ----',
    ]),
    'zpty -d z',
  ];
  const parts = ran('zsh', ['-f', '-c', `() {\n${outer.join('\n')}\n}`]).split('----\n');
  return typed.map((_, index) => [...(parts[index] ?? '').matchAll(/<([^<>\r\n]+)>/g)].map(([, word]) => word!));
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

const rules = (await loadRules()).map(({ id }) => id);
const channels = (await loadProbes()).map(({ id }) => id);
const policies = (await loadPolicies()).map(({ policy }) => policy);
const commands = [...(await flinkprobe(['--help'])).stdout.matchAll(/^ {2}flinkprobe (\w+)/gm)].map(
  ([, name]) => name!,
);

/** Options of a command, as its help lists them; the help of a switch that is on has no `--no-`. */
async function optionsOf(command: string): Promise<string[]> {
  const { stdout } = await flinkprobe([command, '--help']);
  const told = stdout.split('\nExit codes:')[0]!;
  return [...told.matchAll(/^ {2,}(?:(-\w), )?(--[\w.-]+|-\w)(?= )/gm)].flatMap(([, short, long]) => [
    ...(short === undefined ? [] : [short]),
    long!,
  ]);
}

t.test('each shell has its script', async (t) => {
  for (const shell of SHELLS) {
    const { status, stdout } = await flinkprobe(['completion', shell]);
    t.equal(status, 0, shell);
    writeFileSync(scriptOf(shell), stdout);
  }
});

t.test('the parser and the completion know the same commands and options', async (t) => {
  const model = await completionModel();
  t.strictSame(
    model.map(({ name }) => name),
    commands,
  );
  for (const { name, options } of model) {
    const told = options.flatMap(({ names }) => names).filter((one) => one !== '--no-color');
    t.strictSame([...told].sort(), (await optionsOf(name)).sort(), name);
  }
});

/** What stands on the line, and what is offered; the same in every shell. */
const OFFERS: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['flinkprobe ver', ['verify']],
  ['flinkprobe analyze --fail-on ', ['critical', 'high', 'medium', 'low']],
  ['flinkprobe analyze --fail-on h', ['high']],
  ['flinkprobe verify --profile ', PROFILES],
  ['flinkprobe analyze --expect ', [...channels, 'all']],
  ['flinkprobe explain plaintext-', [...rules, ...channels, ...policies].filter((id) => id.startsWith('plaintext-'))],
  ['flinkprobe list ', ['rules', 'channels', 'policies', 'formats']],
  ['flinkprobe completion ', SHELLS],
  ['flinkprobe verify --truststore-p', ['--truststore-password-file', '--truststore-password-env']],
  ['flinkprobe audit --no', ['--now', '--no-color']],
];

for (const [shell, offers] of [
  ['bash', inBash],
  ['fish', inFish],
] as const) {
  t.test(`${shell} offers what there is`, { skip: missing(shell) }, async (t) => {
    for (const [line, offered] of OFFERS) t.strictSame(offers(line).sort(), [...offered].sort(), line);
    const commandsThere = offers('flinkprobe ').filter((one) => !one.startsWith('-'));
    t.ok(offers('flinkprobe waivers c').includes('check'));
    t.strictSame(commandsThere.sort(), [...commands].sort());
    const formats = offers('flinkprobe analyze --format ');
    t.strictSame(
      FORMAT_NAMES.filter((name) => !formats.includes(name)),
      [],
    );
  });
}

t.test('zsh offers what there is', { skip: missing('zsh') }, async (t) => {
  const offered = inZsh(OFFERS.map(([line]) => line));
  for (const [index, [line, wanted]] of OFFERS.entries())
    t.strictSame([...new Set(offered[index])].sort(), [...wanted].sort(), line);
});

t.test('bash takes an equals sign for a blank, and leaves files to readline', { skip: missing('bash') }, async (t) => {
  t.strictSame(inBash('flinkprobe analyze --fail-on=m'), ['medium']);
  t.strictSame(inBash('flinkprobe analyze --policy=pc'), ['pci']);
  t.strictSame(inBash('flinkprobe analyze --format json='), []);
  t.strictSame(inBash('flinkprobe analyze a'), []);
  t.strictSame(inBash('flinkprobe verify blob'), ['blob-server=']);
});

t.test('fish offers files where a file may stand, and none where none may', { skip: missing('fish') }, async (t) => {
  t.ok(inFish('flinkprobe analyze a').some((one) => one.includes('capture.pcap')));
  t.ok(inFish('flinkprobe analyze --output ').some((one) => one.includes('capture.pcap')));
  t.notOk(inFish('flinkprobe list ').some((one) => one.includes('capture.pcap')));
  t.notOk(inFish('flinkprobe analyze --fail-on ').some((one) => one.includes('capture.pcap')));
});

for (const shell of SHELLS) {
  t.test(`${shell} finds no fault with the script`, { skip: missing(shell) }, async (t) => {
    t.equal(ran(shell, ['-n', scriptOf(shell)]), '');
  });
}

t.test('another shell is refused by name', async (t) => {
  const { status, stderr } = await flinkprobe(['completion', 'tcsh']);
  t.equal(status, 3);
  t.match(stderr, /tcsh/);
});
