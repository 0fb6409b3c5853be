/** Permission bits of an octal text as `0644`; what has none, or is none, grants nothing. */
function bits(mode: string | undefined): number {
  return mode === undefined || !/^[0-7]{1,6}$/.test(mode) ? 0 : Number.parseInt(mode, 8);
}

export function isReadableByOthers(mode: string | undefined): boolean {
  return (bits(mode) & 0o004) !== 0;
}

export function isReadableByGroup(mode: string | undefined): boolean {
  return (bits(mode) & 0o040) !== 0;
}

export function isWritableByOthers(mode: string | undefined): boolean {
  return (bits(mode) & 0o002) !== 0;
}

export function isWritableByGroup(mode: string | undefined): boolean {
  return (bits(mode) & 0o020) !== 0;
}
