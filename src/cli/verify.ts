import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import type { Report } from '../model/report.ts';
import { placeOf } from '../observe/named-target.ts';
import { checkWritable, readBaseline, saveBaseline } from './baseline-file.ts';
import { parseFailOn, parseTime, refuseRepeated } from './common.ts';
import { budgetText, dryRunText } from './dry-run.ts';
import { exitCode, parseOutputs, writeReport } from './output.ts';
import { Progress } from './progress.ts';
import type { Select } from './selection.ts';
import { stopOnSignals } from './stop.ts';
import { checkArguments, type VerifyArguments, verifyOptions } from './verify-options.ts';

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
  const { prepare } = await import('./verify-run.ts');
  const { verify, withInstruments } = await import('./verification.ts');
  try {
    const baseline = args.baseline === undefined ? undefined : await readBaseline(args.baseline);
    const progress = new Progress(process.stderr);
    const { request, planned, instruments } = await prepare(args, {
      signal: stop.signal,
      warn: say,
      ...(args.verbose ? { say } : {}),
      ...(args.quiet ? {} : { waiting: say }),
      ...(baseline === undefined ? {} : { baseline: { path: args.baseline!, report: baseline } }),
      done: (observation) =>
        progress.step(placeOf({ ...observation.server, name: observation.server.member ?? observation.server.host })),
    });
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

/** A run that was interrupted knows too little to be compared with. */
function saveAsBaseline(report: Report, file: string, say: (line: string) => void): void {
  if (report.complete) saveBaseline(report, file);
  else say(`--save-baseline: ${file}: not saved, since the run was interrupted`);
}
