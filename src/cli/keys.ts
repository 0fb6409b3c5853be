import { type ByFamily, mapFamilies } from '../observe/active/families.ts';
import { Unusable } from './failure.ts';
import { type Identity, readIdentity, readTrustStore } from './secrets.ts';
import { type StoreArguments, storesOf } from './store-options.ts';
import type { VerifyArguments } from './verify-options.ts';

/** What the operator gave to show, and to judge what is shown. */
export interface Keys {
  readonly identities: ByFamily<Identity>;
  /** DER. */
  readonly trustAnchors: ByFamily<readonly Uint8Array[]>;
}

/**
 * Reads the stores of `--identity` and `--truststore`.
 *
 * @param warn told of entries that were passed over
 * @throws Unusable that names the option and the file, and says what to do
 */
export function readKeys(args: VerifyArguments, warn: (line: string) => void): Keys {
  const tell = <T extends { readonly problems: readonly string[] }>(option: string, read: T): T => {
    for (const problem of read.problems) warn(`--${option}: ${problem}`);
    return read;
  };
  const identities = storesOf('identity', given(args, 'identity'));
  const trustStores = storesOf('truststore', given(args, 'truststore'));
  refuseSharedInput([
    ...[...Object.values(identities), ...Object.values(trustStores)].flatMap((one) => [one.file, one.passwordFile]),
    args.restAuthorizationFile,
  ]);
  return {
    identities: mapFamilies(identities, (store) => tell('identity', readIdentity(store))),
    trustAnchors: mapFamilies(trustStores, (store) => tell('truststore', readTrustStore(store)).certificates),
  };
}

/** A password that serves two stores is read twice. */
function refuseSharedInput(files: readonly (string | undefined)[]): void {
  if (files.filter((file) => file === '-').length > 1)
    throw new Unusable('standard input can be read only once: give one of the stores, passwords or tokens as a file');
}

function given(args: VerifyArguments, option: 'identity' | 'truststore'): StoreArguments {
  return {
    files: args[option],
    passwordFiles: args[`${option}PasswordFile`],
    passwordEnvs: args[`${option}PasswordEnv`],
  };
}
