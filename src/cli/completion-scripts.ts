// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what looks like a template is bash's own
import { shellWord } from '../bytes/shell-word.ts';
import type { Shell } from './completion.ts';
import type { CompletedCommand, CompletedOption, Value } from './completion-model.ts';

/** The script of a shell. All texts in it are ours; what a shell could read as its own is quoted all the same. */
export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  const scripts = { bash, zsh, fish };
  return `${scripts[shell](commands).join('\n')}\n`;
}

function wordsOf(value: Value | undefined): readonly string[] {
  return value !== undefined && 'words' in value ? value.words : [];
}

function namesOf({ options }: CompletedCommand): string[] {
  return options.flatMap(({ names }) => names);
}

/** Of bash 3.2 and later, without the package bash-completion. Where nothing is named, readline completes files. */
function bash(commands: readonly CompletedCommand[]): string[] {
  const list = commands.map(({ name }) => name).join(' ');
  return [
    '# bash completion of flinkprobe: source <(flinkprobe completion bash)',
    '_flinkprobe() {',
    '  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= word words= only= options=',
    '  COMPREPLY=()',
    '  # bash parts words at "=": --fail-on=high is three of them.',
    '  if [[ $cur == = ]]; then cur=',
    '  elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    `    case " ${list} " in *" $word "*) command=$word; break ;; esac`,
    '  done',
    '  case "$command" in',
    ...commands.flatMap((command) => bashCommand(command)),
    `    *) words=${shellWord(list)}; only=yes; options='--help --version' ;;`,
    '  esac',
    '  if [[ $cur == -* ]]; then words=$options; only=yes; fi',
    '  COMPREPLY=($(compgen -W "$words" -- "$cur"))',
    '  if [[ -n $only ]]; then compopt +o default +o bashdefault 2>/dev/null; fi',
    '  # A word that ends with "=" goes on.',
    '  if [[ ${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi',
    '  return 0',
    '}',
    'complete -o bashdefault -o default -F _flinkprobe flinkprobe',
  ];
}

function bashCommand(command: CompletedCommand): string[] {
  const { name, options, positionals } = command;
  const byValue = new Map<string, string[]>();
  for (const { names, value } of options) {
    if (value !== undefined) byValue.set(bashValue(value), [...(byValue.get(bashValue(value)) ?? []), ...names]);
  }
  const only = positionals.some(takesFile) ? '' : ' only=yes';
  return [
    `    ${name})`,
    `      options=${shellWord(namesOf(command).join(' '))}`,
    '      case "$prev" in',
    ...[...byValue].map(([told, names]) => `        ${names.join('|')}) options= ${told} ;;`),
    `        *) words=${shellWord(positionals.flatMap(wordsOf).join(' '))}${only} ;;`,
    '      esac ;;',
  ];
}

function takesFile({ kind }: Value): boolean {
  return kind === 'file' || kind === 'words-or-file';
}

function bashValue(value: Value): string {
  const only = takesFile(value) ? '' : ' only=yes';
  return `words=${shellWord(wordsOf(value).join(' '))}${only}`;
}

/** Of zsh 5, by `_arguments`; as a file of `fpath`, or sourced. */
function zsh(commands: readonly CompletedCommand[]): string[] {
  return [
    '#compdef flinkprobe',
    '# zsh completion of flinkprobe: flinkprobe completion zsh > a folder of fpath/_flinkprobe',
    '_flinkprobe_file() { compset -P "*="; _files }',
    '_flinkprobe() {',
    '  local curcontext=$curcontext state line',
    '  typeset -A opt_args',
    "  _arguments -C '--help[Show help]' '--version[Show version number]' '1: :->command' '*:: :->rest'",
    '  case $state in',
    '    command)',
    '      local -a commands=(',
    ...commands.map(({ name, describe }) => `        ${shellWord(`${name}:${describe}`)}`),
    '      )',
    "      _describe 'command' commands ;;",
    '    rest)',
    '      case $line[1] in',
    ...commands.flatMap((command) => zshCommand(command)),
    '      esac ;;',
    '  esac',
    '}',
    'if [[ $funcstack[1] == _flinkprobe ]]; then _flinkprobe "$@"; else compdef _flinkprobe flinkprobe; fi',
  ];
}

function zshCommand({ name, options, positionals }: CompletedCommand): string[] {
  const specs = [
    ...options.flatMap(zshOption),
    ...positionals.map((value, index) => {
      const place = index === positionals.length - 1 ? '*' : String(index + 1);
      return shellWord(`${place}: :${zshAction(value)}`);
    }),
  ];
  return [`        ${name})`, '          _arguments -S \\', `            ${specs.join(' \\\n            ')} ;;`];
}

function zshOption({ names, describe, repeat, value }: CompletedOption): string[] {
  const text = describe.replace(/[[\]\\]/g, '\\$&');
  const before = repeat === 'repeatable' ? '*' : '';
  return names.map((name) => {
    const takes = value === undefined ? '' : `:value:${zshAction(value)}`;
    // `=`: after a blank or an equals sign; `-D` and `-i`: after a blank, or at once.
    const way = value === undefined ? '' : name.startsWith('--') ? '=' : '+';
    return shellWord(`${before}${name}${way}[${text}]${takes}`);
  });
}

function zshAction(value: Value): string {
  const words = wordsOf(value).map((word) => word.replace(/[\\: ()]/g, '\\$&'));
  switch (value.kind) {
    case 'words':
      return `(${words.join(' ')})`;
    case 'words-or-file':
      return `{ compadd -S "" -- ${words.join(' ')}; _flinkprobe_file }`;
    case 'file':
      return '_flinkprobe_file';
    case 'number':
      return ' ';
  }
}

/** Of fish 3 and later. */
function fish(commands: readonly CompletedCommand[]): string[] {
  const all = commands.map(({ name }) => name).join(' ');
  const none = shellWord(`not __fish_seen_subcommand_from ${all}`);
  return [
    '# fish completion of flinkprobe: flinkprobe completion fish > ~/.config/fish/completions/flinkprobe.fish',
    `complete -c flinkprobe -n ${none} -f`,
    `complete -c flinkprobe -n ${none} -l help -d 'Show help'`,
    `complete -c flinkprobe -n ${none} -l version -d 'Show version number'`,
    ...commands.flatMap(({ name, describe, options, positionals }) => {
      const here = `complete -c flinkprobe -n ${shellWord(`__fish_seen_subcommand_from ${name}`)}`;
      return [
        `complete -c flinkprobe -n ${none} -a ${name} -d ${fishQuoted(describe)}`,
        ...(positionals.some(takesFile) ? [] : [`${here} -f`]),
        ...positionals
          .filter((value) => 'words' in value)
          .map((value) => `${here} -a ${fishQuoted(wordsOf(value).join(' '))}`),
        ...options.map((option) => `${here} ${fishOption(option)}`),
      ];
    }),
  ];
}

function fishOption({ names, describe, value }: CompletedOption): string {
  const named = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ');
  return `${named}${fishValue(value)} -d ${fishQuoted(describe)}`;
}

function fishValue(value: Value | undefined): string {
  if (value === undefined) return '';
  const words = wordsOf(value);
  const told = words.length === 0 ? '' : ` -a ${fishQuoted(words.join(' '))}`;
  return `${takesFile(value) ? ' -r -F' : ' -x'}${told}`;
}

/** In single quotes of fish, backslashes mean something too. */
function fishQuoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
