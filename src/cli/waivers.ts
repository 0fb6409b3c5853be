import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { commonOptions, parseTime, refuseRepeated, repeatable } from './common.ts';
import type { Select } from './selection.ts';

const options = {
  report: repeatable('JSON report of a run, to tell which waivers nothing needs any more (repeatable)'),
  now: { ...commonOptions.now, describe: 'judge end dates as of this time (RFC 3339)' },
} as const;

export interface WaiversArguments {
  readonly what: 'check';
  readonly file: string;
  readonly report: string[];
  readonly now?: string | undefined;
}

export const waiversCommand = (select: Select): CommandModule<object, WaiversArguments> => ({
  command: 'waivers <what> <file>',
  describe: 'Check a file of waivers: which are expired, ending within 30 days, or needed by nothing',
  builder: (command: Argv<object>) =>
    command
      .positional('what', { choices: ['check'] as const, demandOption: true })
      .positional('file', { type: 'string', demandOption: true, describe: 'waivers, YAML' })
      .options(options)
      .example(
        '$0 waivers check waivers.yaml --report last.json',
        'ends with 1 where one is expired or unused',
      ) as unknown as Argv<WaiversArguments>,
  handler: (args) => select(() => waivers(args)),
});

async function waivers(args: ArgumentsCamelCase<WaiversArguments>): Promise<void> {
  refuseRepeated(args, options);
  const now = args.now === undefined ? Date.now() : parseTime('now', args.now);
  // Loaded only here: other commands check no waivers.
  const { checkWaivers } = await import('./waivers-check.ts');
  const { lines, code } = await checkWaivers(args.file, args.report, now);
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  process.exitCode = code;
}
