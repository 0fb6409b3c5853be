import type { Argv, CommandModule, Options, PositionalOptions } from 'yargs';
import { loadPolicies, loadProbes, loadRules } from '../evaluate/directory.ts';
import { FORMAT_NAMES } from '../report/formats.ts';
import { commandModules, nameOf } from './commands.ts';

/** What may stand for a value. `words`: these and nothing else; `words-or-file`: these, or a file. */
export type Value =
  | { readonly kind: 'words' | 'words-or-file'; readonly words: readonly string[] }
  | { readonly kind: 'file' | 'number' };

export interface CompletedOption {
  /** `--interface`, `-i`. */
  readonly names: readonly string[];
  readonly describe: string;
  readonly repeat: 'once' | 'repeatable';
  /** Absent: a switch. */
  readonly value?: Value;
}

export interface CompletedCommand {
  readonly name: string;
  readonly describe: string;
  readonly options: readonly CompletedOption[];
  /** Values of the arguments, in their order; the last one may stand again. */
  readonly positionals: readonly Value[];
}

/** Commands, options and values, as the parser is told of them. */
export async function completionModel(): Promise<readonly CompletedCommand[]> {
  const known = await knownWords();
  return commandModules(() => undefined).map((module) => completedCommand(module, known));
}

/** Values that the parser takes for any text, by option or argument; every other text may be a file. */
type KnownWords = Readonly<Record<string, Value>>;

async function knownWords(): Promise<KnownWords> {
  const [rules, probes, policies] = await Promise.all([loadRules(), loadProbes(), loadPolicies()]);
  const channels = probes.map(({ id }) => id);
  const profiles = policies.map(({ policy }) => policy);
  return {
    format: { kind: 'words-or-file', words: FORMAT_NAMES },
    expect: { kind: 'words', words: [...channels, 'all'] },
    policy: { kind: 'words-or-file', words: profiles },
    id: { kind: 'words', words: [...rules.map(({ id }) => id), ...channels, ...profiles] },
    target: { kind: 'words-or-file', words: channels.map((id) => `${id}=`) },
  };
}

/** Options of every command, which the program itself tells the parser of. */
const OF_ALL: readonly CompletedOption[] = [
  { names: ['--help'], describe: 'Show help', repeat: 'once' },
  { names: ['--version'], describe: 'Show version number', repeat: 'once' },
];

/** The options file of the program; the daemon has an option of that name of its own. */
const OPTIONS_FILE: CompletedOption = {
  names: ['--config'],
  describe: 'YAML file with option names and values',
  repeat: 'once',
  value: { kind: 'file' },
};

function completedCommand(module: CommandModule, known: KnownWords): CompletedCommand {
  const { options, positionals } = definitionsOf(module);
  const own = Object.entries(options).flatMap(([name, option]) => completedOptions(name, option, known));
  const hasConfig = own.some(({ names }) => names.includes('--config'));
  return {
    name: nameOf(module),
    describe: String(module.describe),
    options: [...own, ...(hasConfig ? [] : [OPTIONS_FILE]), ...OF_ALL],
    positionals: Object.entries(positionals).map(([name, option]) => valueFor(name, option, known)),
  };
}

interface Definitions {
  readonly options: Readonly<Record<string, Options>>;
  readonly positionals: Readonly<Record<string, PositionalOptions>>;
}

/** What a command tells the parser, heard instead of parsed: the builder is handed a listener in the parser's place. */
function definitionsOf({ builder }: CommandModule): Definitions {
  const options: Record<string, Options> = {};
  const positionals: Record<string, PositionalOptions> = {};
  const heard: Readonly<Record<string, (...told: never[]) => void>> = {
    options: (all: Readonly<Record<string, Options>>) => void Object.assign(options, all),
    option: (name: string, option: Options) => {
      options[name] = option;
    },
    positional: (name: string, option: PositionalOptions) => {
      positionals[name] = option;
    },
  };
  const listener: Argv = new Proxy({} as Argv, {
    get:
      (_, method) =>
      (...told: never[]): Argv => {
        heard[String(method)]?.(...told);
        return listener;
      },
  });
  if (typeof builder === 'function') builder(listener);
  return { options, positionals };
}

function completedOptions(name: string, option: Options, known: KnownWords): CompletedOption[] {
  const aliases = option.alias === undefined ? [] : [option.alias].flat();
  const one: CompletedOption = {
    names: [name, ...aliases].map((each) => (each.length === 1 ? `-${each}` : `--${each}`)),
    describe: option.describe ?? '',
    repeat: option.array === true ? 'repeatable' : 'once',
    ...(option.type === 'boolean' ? {} : { value: valueFor(name, option, known) }),
  };
  // What is on is switched off.
  const isOn = option.type === 'boolean' && option.default === true;
  return isOn ? [one, { ...one, names: [`--no-${name}`] }] : [one];
}

function valueFor(name: string, { choices, type }: Pick<Options, 'choices' | 'type'>, known: KnownWords): Value {
  if (choices !== undefined) return { kind: 'words', words: choices.map(String) };
  if (type === 'number') return { kind: 'number' };
  return known[name] ?? { kind: 'file' };
}
