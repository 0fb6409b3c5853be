import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { loadProbes, loadRules } from '../evaluate/directory.ts';
import { FORMATS } from './output.ts';
import type { Select } from './selection.ts';

interface ListArguments {
  readonly what: 'rules' | 'channels' | 'formats';
  readonly schema: boolean;
}

export const listCommand = (select: Select): CommandModule<object, ListArguments> => ({
  command: 'list <what>',
  describe: 'List the rules, channels or formats that there are',
  builder: (command: Argv<object>) =>
    command
      .positional('what', { choices: ['rules', 'channels', 'formats'] as const, demandOption: true })
      .option('schema', {
        type: 'boolean',
        default: false,
        describe: 'with formats: print the JSON Schema of the report',
      }) as unknown as Argv<ListArguments>,
  handler: (args) => select(() => list(args)),
});

async function list({ what, schema }: ArgumentsCamelCase<ListArguments>): Promise<void> {
  process.stdout.write(`${(await lines(what, schema)).join('\n')}\n`);
}

async function lines(what: ListArguments['what'], schema: boolean): Promise<string[]> {
  switch (what) {
    case 'rules':
      return columns((await loadRules()).map(({ id, severity, title }) => [id, severity, title]));
    case 'channels':
      return columns((await loadProbes()).map(({ id, component, title }) => [id, component, title]));
    case 'formats':
      return schema ? [await jsonSchema()] : [...FORMATS];
  }
}

/** Loaded only when asked for: the schema library costs more than a whole analysis. */
async function jsonSchema(): Promise<string> {
  const { reportJsonSchema } = await import('../report/schema.ts');
  return JSON.stringify(reportJsonSchema(), undefined, 2);
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]!.length))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
