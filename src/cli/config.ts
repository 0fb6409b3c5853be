import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { commonOptions, parseVersion, refuseRepeated } from './common.ts';
import { confOrEnvironment, readConfigurations } from './configuration-sources.ts';
import { parseConfigurations } from './configurations.ts';
import { Unusable } from './failure.ts';
import type { Select } from './selection.ts';

const { conf, D, 'flink-version': flinkVersion } = commonOptions;
const options = { conf, D, 'flink-version': flinkVersion };

const WHAT = ['check', 'show', 'schema', 'hash-password'] as const;

interface ConfigArguments {
  readonly what: (typeof WHAT)[number];
  readonly file?: string | undefined;
  readonly conf: string[];
  readonly D: string[];
  readonly flinkVersion?: string | undefined;
}

export const configCommand = (select: Select): CommandModule<object, ConfigArguments> => ({
  command: 'config <what> [file]',
  describe: 'show: the TLS view of a Flink configuration; check, schema, hash-password: settings of the daemon',
  builder: (command: Argv<object>) =>
    command
      .positional('what', { choices: WHAT, demandOption: true })
      .positional('file', { type: 'string', describe: 'check, show: a flinkprobe.yaml' })
      .options(options)
      .example('$0 config show --conf /opt/flink/conf', 'what this configuration switches on')
      .example('$0 config check flinkprobe.yaml', 'whether the daemon would take these settings')
      .example('$0 config show flinkprobe.yaml', 'the settings in force, each with where it came from')
      .example('$0 config schema > flinkprobe.schema.json', 'for editors')
      .example('$0 config hash-password < password', 'for web.basic_auth_users') as unknown as Argv<ConfigArguments>,
  handler: (args) => select(() => config(args)),
});

async function config(args: ArgumentsCamelCase<ConfigArguments>): Promise<void> {
  if (args.what !== 'show') return daemonConfig(args.what, args.file);
  if (args.file !== undefined) {
    if (args.conf.length > 0)
      throw new Unusable('config show: either FILE, our own settings, or --conf, those of Flink');
    return (await import('./config-daemon.ts')).showSettings(args.file);
  }
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

/** What concerns the daemon's own settings. Loaded only here: other commands read none. */
async function daemonConfig(what: Exclude<ConfigArguments['what'], 'show'>, file: string | undefined): Promise<void> {
  const settings = await import('./config-daemon.ts');
  if (what === 'check') return settings.checkSettings(file);
  if (file !== undefined) throw new Unusable(`config ${what}: takes no file`);
  return what === 'schema' ? settings.printSchema() : settings.printPasswordHash();
}
