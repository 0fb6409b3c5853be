import { type ByFamily, FAMILIES, type Family } from '../observe/active/families.ts';
import { Unusable } from './failure.ts';
import type { StoreOption, StoreSource } from './secrets.ts';

/** `[internal=|rest=]VALUE`, as often as the option was given. */
export interface StoreArguments {
  readonly files: readonly string[];
  readonly passwordFiles: readonly string[];
  readonly passwordEnvs: readonly string[];
}

/**
 * The stores that one option names, each with its password: that of its own family, else the one without a prefix.
 *
 * @throws Unusable for two values where one is due, and for a password of no store
 */
export function storesOf(option: StoreOption, given: StoreArguments): ByFamily<StoreSource> {
  const files = byFamily(option, given.files);
  const passwordFiles = byFamily(`${option}-password-file`, given.passwordFiles);
  const passwordEnvs = byFamily(`${option}-password-env`, given.passwordEnvs);
  const passwordOf = (family: Family | 'both'): Omit<StoreSource, 'file'> | undefined =>
    passwordFiles[family] === undefined && passwordEnvs[family] === undefined
      ? undefined
      : { passwordFile: passwordFiles[family], passwordEnv: passwordEnvs[family] };
  for (const family of ['both', ...FAMILIES] as const)
    refuseLonely(option, family, { files, passwordFiles, passwordEnvs });
  return Object.fromEntries(
    Object.entries(files).map(([family, file]) => [
      family,
      { file, ...(passwordOf(family as Family | 'both') ?? passwordOf('both')) },
    ]),
  );
}

type Named = ByFamily<string>;

/** A password that belongs to no store was meant for one that is missing. */
function refuseLonely(
  option: StoreOption,
  family: Family | 'both',
  { files, passwordFiles, passwordEnvs }: { readonly [Kind in keyof StoreArguments]: Named },
): void {
  const hasStore = family === 'both' ? Object.keys(files).length > 0 : files[family] !== undefined;
  if (hasStore) return;
  const prefix = family === 'both' ? '' : `${family}=`;
  for (const [kind, named] of [
    ['file', passwordFiles],
    ['env', passwordEnvs],
  ] as const) {
    if (named[family] === undefined) continue;
    const missing = prefix === '' ? `--${option}` : `--${option} ${prefix}FILE`;
    throw new Unusable(
      `--${option}-password-${kind}${prefix === '' ? '' : ` ${prefix}…`}: means nothing without ${missing}`,
    );
  }
}

function byFamily(option: string, values: readonly string[]): Named {
  const named: { [F in Family | 'both']?: string } = {};
  for (const value of values) {
    const family = FAMILIES.find((one) => value.startsWith(`${one}=`)) ?? 'both';
    const text = family === 'both' ? value : value.slice(family.length + 1);
    const prefix = family === 'both' ? '' : ` ${family}=`;
    if (named[family] !== undefined) throw new Unusable(`--${option}${prefix}: given more than once`);
    if (text === '') throw new Unusable(`--${option}${prefix}: names nothing`);
    named[family] = text;
  }
  return named;
}
