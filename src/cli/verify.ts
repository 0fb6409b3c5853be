import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { CaptureError } from '../capture/problems.ts';
import type { EffectiveConfiguration } from '../model/probe.ts';
import type { Report } from '../model/report.ts';
import { placeOf } from '../observe/named-target.ts';
import { checkWritable, readBaseline, saveBaseline } from './baseline-file.ts';
import { parseFailOn, parseTime, parseVersion, readText, refuseRepeated } from './common.ts';
import { readConfigurations } from './configuration-sources.ts';
import { parseConfigurations } from './configurations.ts';
import { budgetText, dryRunText } from './dry-run.ts';
import { Unusable } from './failure.ts';
import { givenStores } from './keystore-options.ts';
import { parseLogFile, readLogs } from './log-witness.ts';
import { exitCode, parseOutputs, writeReport } from './output.ts';
import { readPolicy } from './policy-option.ts';
import { Progress } from './progress.ts';
import type { Select } from './selection.ts';
import { stopOnSignals } from './stop.ts';
import type { VerificationRequest } from './verification-plan.ts';
import { checkArguments, type VerifyArguments, verifyOptions } from './verify-options.ts';
import type { WireRequest, WireTestimony } from './wire-witness.ts';

export const verifyCommand = (select: Select): CommandModule<object, VerifyArguments> => ({
  command: 'verify [target..]',
  describe: 'Ask the ports of a running cluster, from beside it, and tell what they accept',
  builder: (command: Argv<object>) =>
    command
      .positional('target', {
        type: 'string',
        array: true,
        describe: 'CHANNEL=HOST:PORT, HOST:PORT (channel found by asking) or HOST (default ports)',
      })
      .options(verifyOptions)
      .example('$0 verify --rest http://jm:8081', 'every process that REST names, after a restart say')
      .example('$0 verify blob-server=jm:6124 tm1:6121', 'these endpoints')
      .example('$0 verify', 'default ports of this machine') as unknown as Argv<VerifyArguments>,
  handler: (args) => select(() => verifyTargets(args)),
});

async function verifyTargets(args: ArgumentsCamelCase<VerifyArguments>): Promise<void> {
  refuseRepeated(args, verifyOptions);
  checkArguments(args);
  const failOn = parseFailOn(args.failOn);
  const outputs = parseOutputs(args.format, args.output);
  const judgedAt = args.now === undefined ? undefined : parseTime('now', args.now);
  if (args.saveBaseline !== undefined) checkWritable('save-baseline', args.saveBaseline);
  const say = (line: string): void => void process.stderr.write(`flinkprobe: ${line}\n`);
  const stop = stopOnSignals();
  // Loaded only here: other commands need no sockets.
  const { plan } = await import('./verification-plan.ts');
  const { verify, withInstruments } = await import('./verification.ts');
  const { createInstruments, namedTargets } = await import('./instruments.ts');
  try {
    const policy = await readPolicy(args.policy);
    const baseline = args.baseline === undefined ? undefined : await readBaseline(args.baseline);
    const configurations = await readConfigurations(args);
    const flinkVersion = args.flinkVersion === undefined ? {} : { flinkVersion: parseVersion(args.flinkVersion) };
    const parsed = await parseConfigurations({ configurations, ...flinkVersion, warn: say });
    const keystores = await givenStores(args);
    // Before anything is asked: what this run makes Flink write accuses nobody.
    const logs = { logs: args.log.map(parseLogFile), configurations: parsed, signal: stop.signal };
    const record = args.log.length === 0 ? undefined : await readLogs(logs);
    const names = args.names === undefined ? {} : { names: readText('names', args.names) };
    const wire =
      args.capture.length === 0 ? undefined : await readWire({ ...names, captures: args.capture }, parsed, stop.signal);
    const request: VerificationRequest = {
      ...(await namedTargets(args.target ?? [], args.targets)),
      configurations,
      parsed,
      keystores,
      ...names,
      ...flinkVersion,
      ...(baseline === undefined ? {} : { baseline: { path: args.baseline!, report: baseline } }),
      ...(wire === undefined ? {} : { wire }),
      ...(record === undefined ? {} : { record }),
      ...(policy === undefined ? {} : { policy }),
      profile: args.profile,
      parallel: args.parallel,
      failOn,
      ...(judgedAt === undefined ? {} : { now: judgedAt }),
      signal: stop.signal,
      warn: say,
      ...(args.verbose ? { say } : {}),
    };
    const progress = new Progress(process.stderr);
    const instruments = await createInstruments(args, {
      signal: stop.signal,
      warn: say,
      ...(args.quiet ? {} : { say }),
      ...(baseline === undefined ? {} : { baseline }),
      done: (observation) =>
        progress.step(placeOf({ ...observation.server, name: observation.server.member ?? observation.server.host })),
    });
    const planned = await plan(request, instruments);
    if (args.dryRun) {
      process.stdout.write(dryRunText(planned, args.profile, args.plain ? 'plain' : 'fitted'));
      process.exitCode = stop.code() ?? 0;
      return;
    }
    const report = await withInstruments(instruments, () => {
      if (!args.quiet && !stop.signal.aborted) say(budgetText(planned, args.profile));
      progress.start(planned.located.targets.length);
      return verify(planned, request, instruments).finally(() => progress.end());
    });
    await writeReport(report, outputs, args, { failOn, now: judgedAt ?? Date.parse(report.startedAt) });
    if (args.saveBaseline !== undefined) saveAsBaseline(report, args.saveBaseline, say);
    process.exitCode = stop.code() ?? exitCode(report, outputs, failOn);
  } finally {
    stop.release();
  }
}

/** Loaded only here: a run without captures reads none. */
async function readWire(
  request: WireRequest,
  configurations: readonly EffectiveConfiguration[],
  signal: AbortSignal,
): Promise<WireTestimony> {
  const { wireWitness } = await import('./wire-witness.ts');
  const { loadProbes } = await import('../evaluate/directory.ts');
  try {
    return await wireWitness({ ...request, signal }, configurations, await loadProbes());
  } catch (error) {
    if (error instanceof CaptureError) throw new Unusable(`--capture: ${error.message}`);
    throw error;
  }
}

/** A run that was interrupted knows too little to be compared with. */
function saveAsBaseline(report: Report, file: string, say: (line: string) => void): void {
  if (report.complete) saveBaseline(report, file);
  else say(`--save-baseline: ${file}: not saved, since the run was interrupted`);
}
