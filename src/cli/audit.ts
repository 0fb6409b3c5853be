import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import type { FailOn } from '../report/severity.ts';
import type { AuditRequest } from './auditing.ts';
import {
  type CommonArguments,
  commonOptions,
  parseFailOn,
  parseTime,
  parseVersion,
  refuseRepeated,
  repeatable,
} from './common.ts';
import { confOrEnvironment, readConfigurations } from './configuration-sources.ts';
import { Unusable } from './failure.ts';
import { givenStores, type KeystoreArguments, keystoreOptions } from './keystore-options.ts';
import { logOption } from './log-witness.ts';
import { exitCode, parseOutputs, writeReport } from './output.ts';
import { readPolicy } from './policy-option.ts';
import type { Select } from './selection.ts';
import { stopOnSignals } from './stop.ts';
import { readWaivers } from './waivers-option.ts';

const { names: _, ...common } = commonOptions;

const options = {
  ...common,
  ...keystoreOptions,
  log: logOption,
  'state-dir': repeatable(
    'directory with checkpoints, savepoints or local state, besides those that configurations name (repeatable)',
  ),
  jdk: {
    type: 'string',
    requiresArg: true,
    describe: 'version of the JDK that Flink will run on, as 17.0.18: tells what it will refuse',
  },
  'fix-plan': {
    type: 'boolean',
    default: false,
    describe:
      'print what mends the findings instead of them: patches, commands, the order of restarts; nothing is changed',
  },
} as const;

interface AuditArguments extends Omit<CommonArguments, 'names'>, KeystoreArguments {
  readonly log: string[];
  readonly stateDir: string[];
  readonly jdk?: string | undefined;
  readonly fixPlan: boolean;
}

export const auditCommand = (select: Select): CommandModule<object, AuditArguments> => ({
  command: 'audit',
  describe: 'Read configurations and key stores, and tell what they promise, what they do not, and what will not start',
  builder: (command: Argv<object>) =>
    command
      .options(options)
      .example('$0 audit --conf /opt/flink/conf', 'the configuration and the stores that it names')
      .example('$0 audit --conf conf --flink-version 1.20.3 --jdk 17.0.18', 'what will not come up')
      .example(
        '$0 audit --conf jm=conf --fix-plan',
        'what to change, and in which order to restart',
      ) as unknown as Argv<AuditArguments>,
  handler: (args) => select(() => runAudit(args)),
});

async function runAudit(args: ArgumentsCamelCase<AuditArguments>): Promise<void> {
  refuseRepeated(args, options);
  const failOn = parseFailOn(args.failOn);
  const outputs = parseOutputs(args.format, args.output);
  const now = args.now === undefined ? Date.now() : parseTime('now', args.now);
  const request = await requestOf(args, failOn, now);
  // Loaded only here: other commands need no key stores.
  const { audit } = await import('./auditing.ts');
  const stop = stopOnSignals();
  try {
    const report = await audit({ ...request, signal: stop.signal });
    await writeReport(report, outputs, args, { failOn, now });
    process.exitCode = stop.code() ?? exitCode(report, outputs, failOn);
  } finally {
    stop.release();
  }
}

async function requestOf(given: AuditArguments, failOn: FailOn, now: number): Promise<AuditRequest> {
  const say = (line: string): void => void process.stderr.write(`flinkprobe: ${line}\n`);
  const args = { ...given, conf: [...confOrEnvironment(given.conf, say)] };
  if (args.conf.length + args.keystore.length + args.log.length + args.stateDir.length === 0) {
    throw new Unusable('audit: nothing to read; give --conf DIR, --keystore FILE, --log FILE or --state-dir DIR');
  }
  const policy = await readPolicy(args.policy);
  const waivers = await readWaivers(args.waivers);
  return {
    configurations: await readConfigurations(args),
    keystores: await givenStores(args),
    logs: args.log,
    stateDirectories: args.stateDir,
    ...(policy === undefined ? {} : { policy }),
    ...(waivers === undefined ? {} : { waivers }),
    ...(args.flinkVersion === undefined ? {} : { flinkVersion: parseVersion(args.flinkVersion) }),
    ...(args.jdk === undefined ? {} : { jdkVersion: parseJdk(args.jdk) }),
    failOn,
    now,
    plan: args.fixPlan ? 'wanted' : 'not-wanted',
    ...(args.verbose ? { warn: say } : {}),
  };
}

/** `17.0.18`, `21`, `1.8.0_392`. Throws `Unusable` for anything else. */
function parseJdk(text: string): string {
  if (!/^\d{1,3}(?:\.\d{1,3}){0,3}(?:_\d{1,4})?(?:[+-]\S*)?$/.test(text))
    throw new Unusable(`--jdk: ${JSON.stringify(text)} is no version, as 17.0.18`);
  return text;
}
