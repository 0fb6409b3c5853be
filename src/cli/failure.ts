/** Wrong usage, configuration or input: ends a command with exit code 3 and this text, nothing having been judged. */
export class Unusable extends Error {
  override readonly name = 'Unusable';
}

/** The reader of our output went away (`| head`): everything ends quietly. */
export function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'EPIPE';
}
