import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import type { Options } from 'yargs';
import type { GivenStore } from '../observe/key-stores.ts';
import { repeatable } from './common.ts';
import { reason, Unusable } from './failure.ts';

/** Options of every command that holds key stores against what else it hears. */
export const keystoreOptions: Readonly<
  Record<'keystore' | 'keystore-password-file' | 'keystore-password-env', Options>
> = {
  keystore: repeatable(
    'key store, trust store or PEM file; stands in for one of that name in a configuration (repeatable)',
    'those that configurations name',
  ),
  'keystore-password-file': {
    type: 'string',
    requiresArg: true,
    describe: 'file with the password of every --keystore that no configuration has one for',
  },
  'keystore-password-env': {
    type: 'string',
    requiresArg: true,
    describe: 'name of the environment variable with that password',
  },
};

export interface KeystoreArguments {
  readonly keystore: string[];
  readonly keystorePasswordFile?: string | undefined;
  readonly keystorePasswordEnv?: string | undefined;
}

/**
 * The stores of `--keystore`, each with the password.
 *
 * @throws Unusable for a password of no store, and for what cannot be opened: the user named it, no configuration did
 */
export async function givenStores(args: KeystoreArguments): Promise<readonly GivenStore[]> {
  const { keystore, keystorePasswordFile: file, keystorePasswordEnv: env } = args;
  const hasPassword = file !== undefined || env !== undefined;
  if (hasPassword && keystore.length === 0) {
    throw new Unusable('--keystore-password-…: means nothing without --keystore');
  }
  for (const path of keystore) refuseUnopenable(path);
  if (!hasPassword) return keystore.map((path) => ({ path }));
  // Loaded only here: without a password there is none to read.
  const { readSecret } = await import('./secrets.ts');
  const password = readSecret('keystore-password', { file, env });
  return keystore.map((path) => ({ path, password }));
}

function refuseUnopenable(path: string): void {
  let handle: number;
  try {
    // A pipe would keep us waiting.
    handle = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw new Unusable(`--keystore: ${path}: ${reason(error)}`);
  }
  const stats = fstatSync(handle);
  closeSync(handle);
  if (!stats.isFile()) throw new Unusable(`--keystore: ${path}: ${stats.isDirectory() ? 'is a folder' : 'is no file'}`);
}
