/** One word for a POSIX shell. */
export function quoted(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Asks for a secret without showing it; the prompt says which. For bash. */
export function asksFor(variable: string, prompt: string): string {
  return `IFS= read -rsp ${quoted(`${prompt}: `)} ${variable} && export ${variable}`;
}

/** A new secret that needs no quoting in any of Flink's files. `export` is no process: nothing shows it. */
export function invents(variable: string): string {
  return `export ${variable}="$(openssl rand -hex 24)"`;
}
