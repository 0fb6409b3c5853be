import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload, type SourceOrigin } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the package, wherever it is. */
const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url));
/** A place in a built file, as it stands in a stack trace. */
const BUILT_PLACE = /(file:\/\/\S+?\.js):(\d+):(\d+)/g;

/** The stack trace of what was thrown, {@link inSources}; its text where it has none. */
export function traceOf(error: unknown): string {
  return error instanceof Error ? inSources(error.stack ?? error.message) : String(error);
}

/**
 * A stack trace with the places of the sources instead of those of the files that they were built into, which nobody else
 * can read: `src/cli/program.ts:61:5`. A place of which no source map is there stays as it is.
 *
 * Node does the same by `--enable-source-maps`, which a command that is installed cannot give, and which reads every map
 * when the program starts.
 */
export function inSources(stack: string): string {
  const maps = new Map<string, SourceMap | undefined>();
  return stack.replace(BUILT_PLACE, (place, file: string, line: string, column: string) => {
    if (!maps.has(file)) maps.set(file, sourceMapOf(file));
    const origin: Partial<SourceOrigin> = maps.get(file)?.findOrigin(Number(line), Number(column)) ?? {};
    if (origin.fileName === undefined) return place;
    const source = path.relative(PACKAGE, fileURLToPath(new URL(origin.fileName, file)));
    return `${source.split(path.sep).join('/')}:${origin.lineNumber}:${origin.columnNumber}`;
  });
}

function sourceMapOf(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(fileURLToPath(`${file}.map`), 'utf8')) as SourceMapPayload);
  } catch {
    return undefined;
  }
}
