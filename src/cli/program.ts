import { readFileSync } from 'node:fs';
import yargs, { type Argv } from 'yargs';
import { commandModules, nameOf } from './commands.ts';
import { EXIT_CODES, ExitCode } from './exit-code.ts';
import { isClosedPipe, Unusable } from './failure.ts';
import { withoutForeign } from './foreign-variables.ts';
import type { Select } from './selection.ts';
import { traceOf } from './source-places.ts';
import { version } from './version.ts';

const COMMANDS: readonly string[] = commandModules(() => undefined).map(nameOf);
/** Options of the public contract that this version does not have, and the commands that have them already. */
const LATER_OPTIONS: readonly (readonly [option: string, there: readonly string[]])[] = [['--truststore', ['verify']]];

/** Parses the command line, runs one command and sets `process.exitCode`. Never throws. */
export async function run(args: readonly string[]): Promise<void> {
  try {
    refuseUnknown(args);
    if (isDaemon(args)) (await import('./daemon-settings-keys.ts')).refuseUnknownSettings(args);
    const parseYaml = namesOptionsFile(args) ? (await import('yaml')).parse : undefined;
    await chosen(args, parseYaml)?.();
  } catch (error) {
    if (isClosedPipe(error)) return;
    report(error);
  }
}

/** Tells what does not exist from what does not exist yet. Where options come first, the parser finds the command. */
function refuseUnknown(args: readonly string[]): void {
  const asked = args.find((one) => COMMANDS.includes(one)) ?? '';
  for (const [option, there] of LATER_OPTIONS) {
    if (there.includes(asked) || !args.some((one) => one === option || one.startsWith(`${option}=`))) continue;
    const where = there.length === 0 ? '' : `, but with ${there.join(', ')}`;
    throw new Unusable(`${option}: this is not in version ${version()} yet${where} (flinkprobe --help)`);
  }
  const [command] = args;
  if (command === undefined || command.startsWith('-') || COMMANDS.includes(command)) return;
  throw new Unusable(`${command}: this is no command; there are ${COMMANDS.join(', ')} (flinkprobe --help)`);
}

function report(error: unknown): void {
  if (error instanceof Unusable) {
    process.stderr.write(`flinkprobe: ${error.message}\n`);
    process.exitCode = ExitCode.unusable;
    return;
  }
  process.stderr.write(`flinkprobe: a defect, please report it: ${traceOf(error)}\n`);
  process.exitCode = ExitCode.defect;
}

/** yargs 18 drops a positional `-` without a word: it travels as a name that no file can have. */
const STANDARD_INPUT = '\0-';

function restoreStandardInput(args: Record<string, unknown>): void {
  const restore = (value: unknown): unknown => (value === STANDARD_INPUT ? '-' : value);
  for (const [name, value] of Object.entries(args))
    args[name] = Array.isArray(value) ? value.map(restore) : restore(value);
}

/** `-Dkey=value`, as Flink takes it, is to the parser a row of options of one letter. */
function dynamicApart(arg: string): readonly string[] {
  return /^-D[^=]/.test(arg) ? ['-D', arg.slice(2)] : [arg];
}

/** The command that the arguments choose; undefined where they only ask for help. */
function chosen(args: readonly string[], parseYaml: YamlParser | undefined): (() => Promise<void>) | undefined {
  let action: (() => Promise<void>) | undefined;
  const select: Select = (selected) => {
    action = selected;
  };
  const parser = yargs(args.flatMap(dynamicApart).map((one) => (one === '-' ? STANDARD_INPUT : one)))
    .middleware(restoreStandardInput)
    .scriptName('flinkprobe')
    // Our own texts are English: the parser's are, too.
    .detectLocale(false)
    .usage('$0 <command>\n\nNetwork and TLS verification probe for Apache Flink clusters.');
  // The daemon reads its variables with its settings, and its file of settings is no file of options.
  if (!readsSettings(args)) withOptionsFile(parser.env('FLINKPROBE'), parseYaml);
  parser
    .command([...commandModules(select)])
    .demandCommand(1, 1, 'a command is needed')
    .strict()
    .version(version())
    .help()
    .epilogue(`Exit codes:\n${EXIT_CODES.map(([code, text]) => `  ${code}  ${text}`).join('\n')}`)
    // yargs renders the help on every run: unwrapped, where nobody reads it, that costs nothing.
    .wrap(asksForHelp(args) ? Math.min(process.stdout.columns ?? 100, 120) : null)
    .parserConfiguration({
      'duplicate-arguments-array': true,
      'camel-case-expansion': true,
      'greedy-arrays': false,
      'dot-notation': !isDaemon(args),
    })
    .fail((message, error) => {
      // The parser's own errors are faults of the command line; others come from our readers of options.
      if (error !== undefined && error !== null && error.name !== 'YError') throw error;
      throw new Unusable(`${message ?? error?.message} (flinkprobe --help)`);
    })
    .exitProcess(false);
  if (readsSettings(args)) parser.parseSync();
  else withoutForeign(process.env, () => parser.parseSync());
  return action;
}

type YamlParser = (text: string) => unknown;

function withOptionsFile(parser: Argv, parseYaml: YamlParser | undefined): void {
  const describe = 'YAML file with option names and values; flags and environment win';
  parser
    .option('config', { type: 'string', requiresArg: true, describe })
    .config('config', describe, (path) => readOptions(path, parseYaml!));
}

function isDaemon(args: readonly string[]): boolean {
  return args.find((one) => COMMANDS.includes(one)) === 'daemon';
}

/** The daemon, and `config … FILE`, which looks at the daemon's settings: they read its variables themselves. */
function readsSettings(args: readonly string[]): boolean {
  const at = args.findIndex((one) => COMMANDS.includes(one));
  const file = args[at + 2];
  return isDaemon(args) || (args[at] === 'config' && file !== undefined && !file.startsWith('-'));
}

/** The YAML library is loaded only where an options file is named. */
function namesOptionsFile(args: readonly string[]): boolean {
  if (readsSettings(args)) return false;
  return process.env.FLINKPROBE_CONFIG !== undefined || args.some((one) => /^--config(=|$)/.test(one));
}

function asksForHelp(args: readonly string[]): boolean {
  return args.some((one) => one === '--help' || one === '-h');
}

function readOptions(path: string, parseYaml: YamlParser): object {
  let options: unknown;
  try {
    options = parseYaml(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Unusable(`${path}: ${(error as Error).message}`);
  }
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new Unusable(`${path}: holds no option names and values`);
  }
  return options;
}
