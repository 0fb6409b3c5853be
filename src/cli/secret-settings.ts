import type { SecretSetting } from '../daemon/settings.ts';
import { readSecret } from './secrets.ts';

/** As options name it: a file (also `credential:NAME`), or a variable. */
export function placeOf(secret: SecretSetting): { readonly kind: 'file' | 'env'; readonly text: string } {
  switch (secret.kind) {
    case 'file':
      return { kind: 'file', text: secret.path };
    case 'credential':
      return { kind: 'file', text: `credential:${secret.name}` };
    case 'environment':
      return { kind: 'env', text: secret.name };
  }
}

/** The secret itself. `setting` is named where it cannot be read. Throws `Unusable`. */
export function secretOf(setting: string, secret: SecretSetting): string {
  const { kind, text } = placeOf(secret);
  return readSecret(setting, kind === 'file' ? { file: text } : { env: text });
}
