/** Wrong usage, configuration or input: ends a command with exit code 3 and this text, nothing having been judged. */
export class Unusable extends Error {
  override readonly name = 'Unusable';
}

/** The reader of our output went away (`| head`): everything ends quietly. */
export function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'EPIPE';
}

/** Why a file could not be read, in words. */
export function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'no such file or folder',
    EACCES: 'not readable: permission denied',
    EISDIR: 'is a folder',
  };
  return known[code ?? ''] ?? message;
}
