import { createReadStream } from 'node:fs';
import type { LiveView } from '../observe/live.ts';

/** Read at once of a file, so that nobody waits for us: about a millisecond of work. */
const CHUNK_BYTES = 256 * 1024;

/** Reads a capture of a watched folder. What is wrong with it stands with its source; returns it in one sentence. */
export async function readFile(view: LiveView, file: string, signal: AbortSignal): Promise<string | undefined> {
  const source = view.open({ kind: 'capture', path: file });
  try {
    const stream = createReadStream(file, { highWaterMark: CHUNK_BYTES, signal });
    for await (const chunk of stream as AsyncIterable<Uint8Array>) await source.push(chunk);
    return await source.finish('end');
  } catch (error) {
    const { message } = error as Error;
    if (!signal.aborted) source.tellProblem('read-error', message);
    await source.finish('interrupted');
    return signal.aborted ? undefined : message;
  }
}
