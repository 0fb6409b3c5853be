import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import {
  type CommonArguments,
  commonOptions,
  parseDuration,
  parseFailOn,
  parseTime,
  parseVersion,
  readText,
  refuseRepeated,
  repeatable,
} from './common.ts';
import { readConfigurations } from './configuration-sources.ts';
import { parseExpected } from './expected-channels.ts';
import { Unusable } from './failure.ts';
import { givenStores, type KeystoreArguments, keystoreOptions } from './keystore-options.ts';
import { logOption, parseLogFile } from './log-witness.ts';
import { exitCode, parseOutputs, writeReport } from './output.ts';
import { readPolicy } from './policy-option.ts';
import type { Select } from './selection.ts';
import { stopOnSignals } from './stop.ts';
import { readWaivers } from './waivers-option.ts';

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
  keylog: {
    type: 'string',
    requiresArg: true,
    describe: 'TLS secrets in NSS key log format: handshakes are decrypted, nothing is inferred',
  },
  log: logOption,
  ...keystoreOptions,
  expect: repeatable('channel that has to appear, or "all": not seen makes the run inconclusive (repeatable)'),
} as const;

interface SniffArguments extends CommonArguments, KeystoreArguments {
  readonly interface: string[];
  readonly for?: string | undefined;
  readonly write?: string | undefined;
  readonly filter?: string | undefined;
  readonly printCommand: boolean;
  readonly bufferSize: number;
  readonly keylog?: string | undefined;
  readonly log: string[];
  readonly expect: string[];
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
  const warn = (line: string): void => void process.stderr.write(`flinkprobe: ${line}\n`);
  const filter = await wantedFilter(args.filter, {
    configurations,
    ...(args.flinkVersion === undefined ? {} : { flinkVersion: parseVersion(args.flinkVersion) }),
  });
  if (args.printCommand) {
    const { tcpdumpLine } = await import('../net/live-capture-filter.ts');
    process.stdout.write(`${tcpdumpLine(interfaces, filter.filter, args.write ?? 'flink.pcap')}\n`);
    return;
  }
  const keystores = await givenStores(args);
  const policy = await readPolicy(args.policy);
  const waivers = await readWaivers(args.waivers);
  const judged = {
    configurations,
    keystores,
    logs: args.log.map(parseLogFile),
    ...(args.names === undefined ? {} : { names: readText('names', args.names) }),
    ...(args.keylog === undefined ? {} : { keyLog: readText('keylog', args.keylog) }),
    ...(args.flinkVersion === undefined ? {} : { flinkVersion: parseVersion(args.flinkVersion) }),
    ...(policy === undefined ? {} : { policy }),
    ...(waivers === undefined ? {} : { waivers }),
    expect: args.expect.map(parseExpected),
    failOn,
    warn,
    ...(args.verbose ? { say: warn } : {}),
  };
  if (args.verbose) warn(`filter ${filter.filter}: ${filter.because}`);
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
