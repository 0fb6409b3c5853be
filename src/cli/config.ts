import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { commonOptions, parseVersion, refuseRepeated } from './common.ts';
import { confOrEnvironment, readConfigurations } from './configuration-sources.ts';
import { parseConfigurations } from './configurations.ts';
import { Unusable } from './failure.ts';
import type { Select } from './selection.ts';
import { version } from './version.ts';

const { conf, D, 'flink-version': flinkVersion } = commonOptions;
const options = { conf, D, 'flink-version': flinkVersion };

interface ConfigArguments {
  readonly what: 'check' | 'show' | 'schema';
  readonly conf: string[];
  readonly D: string[];
  readonly flinkVersion?: string | undefined;
}

export const configCommand = (select: Select): CommandModule<object, ConfigArguments> => ({
  command: 'config <what>',
  describe: 'Show the TLS view of a Flink configuration: every channel, on or off, and by which line',
  builder: (command: Argv<object>) =>
    command
      .positional('what', { choices: ['check', 'show', 'schema'] as const, demandOption: true })
      .options(options)
      .example(
        '$0 config show --conf /opt/flink/conf',
        'what this configuration switches on',
      ) as unknown as Argv<ConfigArguments>,
  handler: (args) => select(() => config(args)),
});

async function config(args: ArgumentsCamelCase<ConfigArguments>): Promise<void> {
  if (args.what !== 'show') throw new Unusable(`config ${args.what}: this is not in version ${version()} yet`);
  refuseRepeated(args, options);
  const conf = confOrEnvironment(args.conf, (line) => void process.stderr.write(`flinkprobe: ${line}\n`));
  if (conf.length === 0)
    throw new Unusable('config show: --conf SOURCE is needed, or FLINK_CONF_DIR in the environment');
  const configurations = await readConfigurations({ ...args, conf });
  const parsed = await parseConfigurations({
    configurations,
    ...(args.flinkVersion === undefined ? {} : { flinkVersion: parseVersion(args.flinkVersion) }),
  });
  // Loaded only here: other commands show no configuration.
  const { configurationView } = await import('./configuration-view.ts');
  const views = await Promise.all(parsed.map((one, index) => configurationView(one, configurations[index]!.path)));
  process.stdout.write(`${views.map((lines) => lines.join('\n')).join('\n\n')}\n`);
}
