import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import {
  commonOptions,
  parseDuration,
  parseFailOn,
  parseTime,
  parseVersion,
  refuseRepeated,
  repeatable,
} from './common.ts';
import { readConfigurations } from './configuration-sources.ts';
import { Unusable } from './failure.ts';
import { expectOption, type JudgedArguments, keylogOption, readJudged } from './judged-traffic.ts';
import { keystoreOptions } from './keystore-options.ts';
import { logOption } from './log-witness.ts';
import { exitCode, parseOutputs, writeReport } from './output.ts';
import type { Select } from './selection.ts';
import { stopOnSignals } from './stop.ts';

const options = {
  ...commonOptions,
  interface: { ...repeatable('interface to listen to (repeatable)', 'any'), alias: 'i' },
  for: { type: 'string', requiresArg: true, describe: 'how long, as 60s or 5m; left out: until Ctrl-C' },
  write: {
    type: 'string',
    requiresArg: true,
    alias: 'w',
    describe: 'keep the packets in this file (mode 0600), as captured',
  },
  filter: {
    type: 'string',
    requiresArg: true,
    describe:
      'BPF expression (pcap-filter); left out: the ports of the configurations, or all of TCP where one of them is random',
  },
  'print-command': {
    type: 'boolean',
    default: false,
    describe: 'print a tcpdump line for another host, and capture nothing',
  },
  'buffer-size': {
    type: 'number',
    requiresArg: true,
    default: 64,
    describe: 'memory in which the kernel keeps packets for us, MiB',
  },
  keylog: keylogOption,
  log: logOption,
  ...keystoreOptions,
  expect: expectOption,
} as const;

interface SniffArguments extends JudgedArguments {
  readonly interface: string[];
  readonly for?: string | undefined;
  readonly write?: string | undefined;
  readonly filter?: string | undefined;
  readonly printCommand: boolean;
  readonly bufferSize: number;
}

export const sniffCommand = (select: Select): CommandModule<object, SniffArguments> => ({
  command: 'sniff',
  describe: 'Listen to interfaces with dumpcap or tcpdump, and tell what the traffic betrays while it goes by',
  builder: (command: Argv<object>) =>
    command
      .options(options)
      .example('$0 sniff -i eth0 --for 60s --conf jm=/etc/flink', 'a minute, against what is configured')
      .example(
        '$0 sniff --print-command -i eth0',
        'a line for a host without flinkprobe',
      ) as unknown as Argv<SniffArguments>,
  handler: (args) => select(() => sniff(args)),
});

/** Linux names all interfaces at once; elsewhere the tool's own choice has to be made by name. */
const DEFAULT_INTERFACES: readonly string[] = ['any'];
const MAX_BUFFER_MIB = 2048;

async function sniff(args: ArgumentsCamelCase<SniffArguments>): Promise<void> {
  refuseRepeated(args, options);
  const failOn = parseFailOn(args.failOn);
  const outputs = parseOutputs(args.format, args.output);
  const forMs = args.for === undefined ? undefined : parseDuration('for', args.for);
  const interfaces = parseInterfaces(args.interface);
  if (!(args.bufferSize > 0 && args.bufferSize <= MAX_BUFFER_MIB))
    throw new Unusable(`--buffer-size: ${args.bufferSize} is not between 1 and ${MAX_BUFFER_MIB} MiB`);
  const configurations = await readConfigurations(args);
  // Loaded only here: other commands capture nothing.
  const { listen, wantedFilter } = await import('./sniffing.ts');
  const filter = await wantedFilter(args.filter, {
    configurations,
    ...(args.flinkVersion === undefined ? {} : { flinkVersion: parseVersion(args.flinkVersion) }),
  });
  if (args.printCommand) {
    const { tcpdumpLine } = await import('../net/live-capture-filter.ts');
    process.stdout.write(`${tcpdumpLine(interfaces, filter.filter, args.write ?? 'flink.pcap')}\n`);
    return;
  }
  const judged = await readJudged(args, configurations);
  judged.say?.(`filter ${filter.filter}: ${filter.because}`);
  const stop = stopOnSignals();
  try {
    const report = await listen({
      interfaces,
      filter: filter.filter,
      bufferMiB: args.bufferSize,
      ...(forMs === undefined ? {} : { forMs }),
      ...(args.write === undefined ? {} : { write: args.write }),
      manner: args.quiet ? 'quiet' : 'normal',
      ...(args.now === undefined ? {} : { now: parseTime('now', args.now) }),
      judged,
      signal: stop.signal,
    });
    await writeReport(report, outputs, args, {
      failOn,
      now: args.now === undefined ? Date.now() : parseTime('now', args.now),
    });
    process.exitCode = stop.code() ?? exitCode(report, outputs, failOn);
  } finally {
    stop.release();
  }
}

/** An interface is a name of the system: nothing that the tools could take for an option. */
function parseInterfaces(names: readonly string[]): readonly string[] {
  for (const name of names) {
    if (!/^[^\s\-/][^\s/]{0,255}$/.test(name))
      throw new Unusable(`--interface: ${JSON.stringify(name)} is no interface`);
  }
  return names.length === 0 ? DEFAULT_INTERFACES : [...new Set(names)];
}
