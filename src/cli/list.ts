import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { loadPolicies, loadProbes, loadRules } from '../evaluate/directory.ts';
import { witnessesOf } from '../evaluate/rule-facts.ts';
import type { Probe } from '../model/probe.ts';
import type { Rule } from '../model/rule.ts';
import { FORMAT_NAMES } from '../report/formats.ts';
import { CHANNEL_SIGNATURES } from './channel-signatures.ts';
import type { Select } from './selection.ts';

interface ListArguments {
  readonly what: 'rules' | 'channels' | 'policies' | 'formats';
  readonly format: 'text' | 'json';
  readonly schema: boolean;
}

export const listCommand = (select: Select): CommandModule<object, ListArguments> => ({
  command: 'list <what>',
  describe: 'List the rules, channels, policies or formats that there are',
  builder: (command: Argv<object>) =>
    command
      .positional('what', { choices: ['rules', 'channels', 'policies', 'formats'] as const, demandOption: true })
      .option('format', {
        choices: ['text', 'json'] as const,
        default: 'text',
        describe: 'json: an array with all that explain tells',
      })
      .option('schema', {
        type: 'boolean',
        default: false,
        describe: 'with formats: print the JSON Schema of the report',
      }) as unknown as Argv<ListArguments>,
  handler: (args) => select(() => list(args)),
});

async function list(args: ArgumentsCamelCase<ListArguments>): Promise<void> {
  const printed = args.format === 'json' && !args.schema ? [await json(args.what)] : await lines(args);
  process.stdout.write(`${printed.join('\n')}\n`);
}

async function lines({ what, schema }: ListArguments): Promise<string[]> {
  switch (what) {
    case 'rules':
      return columns((await loadRules()).map(({ id, severity, title }) => [id, severity, title]));
    case 'channels':
      return columns((await loadProbes()).map(({ id, component, title }) => [id, component, title]));
    case 'policies':
      return columns(
        (await loadPolicies()).map(({ policy, requirements, title }) => [
          policy,
          `${requirements.length} requirements`,
          title,
        ]),
      );
    case 'formats':
      return schema ? [await jsonSchema()] : [...FORMAT_NAMES];
  }
}

async function json(what: ListArguments['what']): Promise<string> {
  const listed = { rules: rules(), channels: channels(), policies: loadPolicies(), formats: FORMAT_NAMES };
  return JSON.stringify(await listed[what], undefined, 2);
}

async function rules(): Promise<readonly object[]> {
  return (await loadRules()).map((rule: Rule) => {
    const { id, scope, severity, title, rationale, decides, verdicts, toldBy = [], remediation, references } = rule;
    const witnesses = witnessesOf(rule);
    return { id, severity, title, scope, witnesses, rationale, decides, verdicts, toldBy, remediation, references };
  });
}

async function channels(): Promise<readonly object[]> {
  return (await loadProbes()).map(({ id, title, component, protection, carries, defaultPorts, ...probe }: Probe) => ({
    id,
    title,
    component,
    protection,
    carries,
    defaultPorts,
    settings: probe.settings,
    protocols: probe.protocols.map(({ name }) => name),
    signature: CHANNEL_SIGNATURES[id],
    ask: probe.ask === undefined ? null : { name: probe.ask.name, logLines: probe.ask.logLines },
    remedy: probe.remedy,
  }));
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
