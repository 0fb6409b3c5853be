import type { Options } from 'yargs';
import type { AnalysisRequest } from './analysis.ts';
import { type CommonArguments, parseFailOn, parseVersion, readText, repeatable } from './common.ts';
import type { ConfigurationFiles } from './configuration-sources.ts';
import { parseExpected } from './expected-channels.ts';
import { givenStores, type KeystoreArguments } from './keystore-options.ts';
import { parseLogFile } from './log-witness.ts';
import { readPolicy } from './policy-option.ts';
import { readWaivers } from './waivers-option.ts';

export const keylogOption: Options = {
  type: 'string',
  requiresArg: true,
  describe: 'TLS secrets in NSS key log format: handshakes are decrypted, nothing is inferred',
};

export const expectOption: Options = repeatable(
  'channel that has to appear, or "all": not seen makes the run inconclusive (repeatable)',
);

/** What every command that judges traffic is given to judge it by. */
export interface JudgedArguments extends CommonArguments, KeystoreArguments {
  readonly keylog?: string | undefined;
  readonly log: string[];
  readonly expect: string[];
}

/** Traffic, and how it is read, come to this. */
export type Judged = Omit<AnalysisRequest, 'captures' | 'live' | 'filter' | 'crossCheck' | 'now' | 'signal'>;

/** Reads what traffic is judged by, besides `configurations`, which are read. Throws `Unusable`. */
export async function readJudged(
  args: JudgedArguments,
  configurations: readonly ConfigurationFiles[],
): Promise<Judged> {
  const keystores = await givenStores(args);
  const policy = await readPolicy(args.policy);
  const waivers = await readWaivers(args.waivers);
  const warn = (line: string): void => void process.stderr.write(`flinkprobe: ${line}\n`);
  return {
    configurations,
    keystores,
    logs: args.log.map(parseLogFile),
    ...(args.names === undefined ? {} : { names: readText('names', args.names) }),
    ...(args.keylog === undefined ? {} : { keyLog: readText('keylog', args.keylog) }),
    ...(args.flinkVersion === undefined ? {} : { flinkVersion: parseVersion(args.flinkVersion) }),
    ...(policy === undefined ? {} : { policy }),
    ...(waivers === undefined ? {} : { waivers }),
    expect: args.expect.map(parseExpected),
    failOn: parseFailOn(args.failOn),
    warn,
    ...(args.verbose ? { say: warn } : {}),
  };
}
