import { statSync } from 'node:fs';
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { CaptureError } from '../capture/problems.ts';
import { addressWords, type SegmentFilter } from '../observe/filter.ts';
import { commonOptions, parseFailOn, parseTime, refuseRepeated, repeatable } from './common.ts';
import { readConfigurations } from './configuration-sources.ts';
import { Unusable } from './failure.ts';
import { collectEarly, keepYoungGeneration } from './heap.ts';
import { expectOption, type JudgedArguments, keylogOption, readJudged } from './judged-traffic.ts';
import { keystoreOptions } from './keystore-options.ts';
import { logOption } from './log-witness.ts';
import { exitCode, parseOutputs, writeReport } from './output.ts';
import type { Select } from './selection.ts';
import { stopOnSignals } from './stop.ts';

const options = {
  ...commonOptions,
  keylog: keylogOption,
  log: logOption,
  ...keystoreOptions,
  'cross-check': {
    type: 'boolean',
    default: false,
    describe: 'count packets, lengths and times with a second, independent reader',
  },
  since: { type: 'string', requiresArg: true, describe: 'only packets from this time on (RFC 3339)' },
  until: { type: 'string', requiresArg: true, describe: 'only packets up to this time (RFC 3339)' },
  host: repeatable('only connections of this address (repeatable)', 'all'),
  port: {
    type: 'number',
    array: true,
    requiresArg: true,
    default: [] as number[],
    defaultDescription: 'all',
    describe: 'only connections of this port (repeatable)',
  },
  expect: expectOption,
} as const;

interface AnalyzeArguments extends JudgedArguments {
  readonly files: string[];
  readonly crossCheck: boolean;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly host: string[];
  readonly port: number[];
}

export const analyzeCommand = (select: Select): CommandModule<object, AnalyzeArguments> => ({
  command: 'analyze <files..>',
  describe: 'Read captures (pcap, pcapng, gzip or zstd of either, - for standard input) and tell what they betray',
  builder: (command: Argv<object>) =>
    command
      .positional('files', { type: 'string', array: true, demandOption: true, describe: 'captures, read as one run' })
      .options(options)
      .example('$0 analyze restart.pcapng --conf jm=/etc/flink', 'what was seen, against what is configured')
      .example('tcpdump -w - -s 0 | $0 analyze -', 'from a pipe') as unknown as Argv<AnalyzeArguments>,
  handler: (args) => select(() => analyze(args)),
});

/** Bytes of captures from which on an input is long. */
const LONG_INPUT_OCTETS = 64 * 1024 * 1024;

/** A pipe may never end; what cannot be read is told when it is opened. */
function isLong(files: readonly string[]): boolean {
  let octets = 0;
  for (const file of files) {
    const found = file === '-' ? undefined : statSync(file, { throwIfNoEntry: false });
    if (found === undefined || !found.isFile()) return true;
    octets += found.size;
  }
  return octets > LONG_INPUT_OCTETS;
}

async function analyze(args: ArgumentsCamelCase<AnalyzeArguments>): Promise<void> {
  collectEarly();
  // A short one ends before its young generation costs memory, and is read a fifth faster.
  if (isLong(args.files)) keepYoungGeneration();
  refuseRepeated(args, options);
  const failOn = parseFailOn(args.failOn);
  const outputs = parseOutputs(args.format, args.output);
  const now = args.now === undefined ? Date.now() : parseTime('now', args.now);
  if ([...args.files, ...args.log, ...args.conf].filter((file) => file === '-').length > 1) {
    throw new Unusable('-: standard input can be read once only');
  }
  const judged = await readJudged(args, await readConfigurations(args));
  const stop = stopOnSignals();
  // Loaded only here: other commands read no captures.
  const { analyse } = await import('./analysis.ts');
  try {
    const report = await analyse({
      ...judged,
      captures: args.files,
      filter: parseFilter(args),
      crossCheck: args.crossCheck ? 'wanted' : 'not-wanted',
      now,
      signal: stop.signal,
    });
    await writeReport(report, outputs, args, { failOn, now });
    process.exitCode = stop.code() ?? exitCode(report, outputs, failOn);
  } catch (error) {
    if (error instanceof CaptureError) throw new Unusable(error.message);
    throw error;
  } finally {
    stop.release();
  }
}

function parseFilter(args: AnalyzeArguments): SegmentFilter {
  const hosts = args.host.map((host) => {
    const words = addressWords(host);
    if (words === undefined) throw new Unusable(`--host: ${JSON.stringify(host)} is no IPv4 or IPv6 address`);
    return words;
  });
  for (const port of args.port) {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Unusable(`--port: ${port} is no port`);
  }
  return {
    hosts,
    ports: new Set(args.port),
    ...(args.since === undefined ? {} : { since: parseTime('since', args.since) / 1000 }),
    ...(args.until === undefined ? {} : { until: parseTime('until', args.until) / 1000 }),
  };
}
