import type { Options } from 'yargs';
import { PROFILES, type Profile } from '../observe/active/types.ts';
import { type CommonArguments, commonOptions, parseDuration, repeatable } from './common.ts';
import { Unusable } from './failure.ts';
import { type KeystoreArguments, keystoreOptions } from './keystore-options.ts';
import { logOption } from './log-witness.ts';

export const verifyOptions: Readonly<Record<string, Options>> = {
  ...commonOptions,
  targets: repeatable('file with one target a line (repeatable)'),
  rest: {
    type: 'string',
    requiresArg: true,
    describe: "Flink's REST API, as https://jm:8081: finds every process and its ports",
  },
  'rest-pin': {
    type: 'string',
    requiresArg: true,
    describe: 'SHA-1 or SHA-256 of the certificate that REST has to show, hexadecimal',
  },
  'insecure-rest': {
    type: 'boolean',
    default: false,
    describe: 'speak to REST whatever certificate it shows; the report says so',
  },
  'rest-authorization-file': {
    type: 'string',
    requiresArg: true,
    describe: 'file with what REST wants: user:password, or a line that starts with Basic or Bearer',
  },
  'rest-logs': {
    type: 'boolean',
    default: false,
    describe: 'read the logs of all processes over REST, as --log reads files (TaskManagers upload theirs for it)',
  },
  wait: {
    type: 'string',
    requiresArg: true,
    describe: 'wait so long at most for the TaskManagers to register, as 120s (with --rest)',
  },
  taskmanagers: {
    type: 'number',
    requiresArg: true,
    describe: 'TaskManagers to wait for; left out, as many as the baseline had, or as many as come',
  },
  capture: repeatable('capture of the same cluster to hold the answers against, - for standard input (repeatable)'),
  log: logOption,
  ...keystoreOptions,
  baseline: { type: 'string', requiresArg: true, describe: 'JSON report of an earlier run to compare with' },
  'save-baseline': { type: 'string', requiresArg: true, describe: 'file to save this run as a baseline' },
  profile: {
    choices: PROFILES,
    default: 'standard',
    describe: 'how much is asked: see docs/probing.md',
  },
  // Of each of these at most one value for the internal channels, one for REST, one for both.
  identity: repeatable(
    '[internal=|rest=]FILE: certificate and key to show as a member of the cluster; PEM, PKCS#12, JKS',
  ),
  'identity-password-file': repeatable('[internal=|rest=]FILE with the password of --identity'),
  'identity-password-env': repeatable(
    '[internal=|rest=]NAME of the environment variable with the password of --identity',
  ),
  truststore: repeatable(
    '[internal=|rest=]FILE: certificates that REST is verified against and that chains have to lead to; PEM, PKCS#12, JKS',
  ),
  'truststore-password-file': repeatable('[internal=|rest=]FILE with the password of --truststore'),
  'truststore-password-env': repeatable(
    '[internal=|rest=]NAME of the environment variable with the password of --truststore',
  ),
  'dry-run': {
    type: 'boolean',
    default: false,
    describe: 'print what would be asked and the most that it takes; only DNS and REST are asked',
  },
  'pcap-out': { type: 'string', requiresArg: true, describe: 'file for the whole conversation, as pcapng' },
  associate: {
    type: 'boolean',
    default: false,
    describe: 'associate with clear RPC ports under a made-up name, to learn whether a process was restarted',
  },
  rate: { type: 'number', requiresArg: true, describe: 'connections opened a second, at most' },
  'max-connections': { type: 'number', requiresArg: true, describe: 'connections opened in all, at most' },
  parallel: { type: 'number', requiresArg: true, default: 64, describe: 'endpoints asked at the same time' },
  timeout: { type: 'string', requiresArg: true, default: '5s', describe: 'wait so long for a connection or an answer' },
};

export interface VerifyArguments extends CommonArguments, KeystoreArguments {
  readonly target?: string[] | undefined;
  readonly targets: string[];
  readonly capture: string[];
  readonly log: string[];
  readonly rest?: string | undefined;
  readonly restPin?: string | undefined;
  readonly insecureRest: boolean;
  readonly restAuthorizationFile?: string | undefined;
  /** What that file would hold. No option: those are seen by every user of the machine. */
  readonly restAuthorization?: string | undefined;
  readonly restLogs: boolean;
  readonly wait?: string | undefined;
  readonly taskmanagers?: number | undefined;
  readonly baseline?: string | undefined;
  readonly saveBaseline?: string | undefined;
  readonly profile: Profile;
  readonly identity: string[];
  readonly identityPasswordFile: string[];
  readonly identityPasswordEnv: string[];
  readonly truststore: string[];
  readonly truststorePasswordFile: string[];
  readonly truststorePasswordEnv: string[];
  readonly dryRun: boolean;
  readonly pcapOut?: string | undefined;
  readonly associate: boolean;
  readonly rate?: number | undefined;
  readonly maxConnections?: number | undefined;
  readonly parallel: number;
  readonly timeout: string;
}

/** Throws `Unusable` for options that contradict each other or mean nothing without another. */
export function checkArguments(args: VerifyArguments): void {
  const needs = (option: keyof VerifyArguments, other: keyof VerifyArguments): void => {
    if (isGiven(args, option) && args[other] === undefined)
      throw new Unusable(`--${dashed(option)}: means nothing without --${dashed(other)}`);
  };
  for (const option of ['restPin', 'insecureRest', 'restAuthorizationFile', 'restLogs', 'wait'] as const) {
    needs(option, 'rest');
  }
  needs('taskmanagers', 'wait');
  excludes(args, 'insecureRest', 'restPin');
  if (args.insecureRest && args.truststore.some((one) => !one.startsWith('internal=')))
    throw new Unusable('--insecure-rest and --truststore exclude each other, but for --truststore internal=FILE');
  if ([...args.capture, ...args.log].filter((file) => file === '-').length > 1)
    throw new Unusable('-: standard input can be read once only');
  for (const option of ['taskmanagers', 'maxConnections', 'parallel'] as const) atLeastOne(option, args[option]);
  if (args.rate !== undefined && !(args.rate > 0)) throw new Unusable(`--rate: ${args.rate} is no rate above 0`);
  if (parseDuration('timeout', args.timeout) === 0) throw new Unusable('--timeout: has to be longer than nothing');
}

function isGiven(args: VerifyArguments, option: keyof VerifyArguments): boolean {
  return args[option] !== undefined && args[option] !== false;
}

function excludes(args: VerifyArguments, one: keyof VerifyArguments, other: keyof VerifyArguments): void {
  if (isGiven(args, one) && isGiven(args, other))
    throw new Unusable(`--${dashed(one)} and --${dashed(other)} exclude each other`);
}

function atLeastOne(option: keyof VerifyArguments, value: number | undefined): void {
  if (value !== undefined && !(Number.isInteger(value) && value >= 1))
    throw new Unusable(`--${dashed(option)}: ${value} is no whole number from 1 on`);
}

function dashed(option: string): string {
  return option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
