import { shellWord } from '../../bytes/shell-word.ts';

/** Asks for a secret without showing it; the prompt says which. For bash. */
export function asksFor(variable: string, prompt: string): string {
  return `IFS= read -rsp ${shellWord(`${prompt}: `)} ${variable} && export ${variable}`;
}

/** A new secret that needs no quoting in any of Flink's files. `export` is no process: nothing shows it. */
export function invents(variable: string): string {
  return `export ${variable}="$(openssl rand -hex 24)"`;
}
