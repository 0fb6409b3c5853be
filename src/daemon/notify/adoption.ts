import type { SinkSettings } from '../settings.ts';
import { identityOfSink } from '../sink-name.ts';
import type { Memory } from '../types.ts';
import { Book, parsed } from './book.ts';

/** Which sinks there were, by name: how a sink that is only called otherwise is known again. */
const MEMORY_KEY = 'notify sinks';

/**
 * Sinks that have another name than before, and that name: type and address are the same, nobody is called as before, and
 * nothing was told under the new name. `running`: names of the sinks that run now. Throws StoreFailure.
 */
export function adoptions(
  sinks: readonly SinkSettings[],
  running: readonly string[],
  memory: Memory,
): ReadonlyMap<string, string> {
  const names = new Set(sinks.map(({ name }) => name));
  const left = new Map(Object.entries(known(memory)).filter(([name]) => !names.has(name)));
  const adopted = new Map<string, string>();
  for (const sink of sinks) {
    if (running.includes(sink.name) || new Book(sink.name, memory).isKnown) continue;
    const [from] = [...left].find(([, identity]) => identity === identityOfSink(sink)) ?? [];
    if (from === undefined) continue;
    left.delete(from);
    adopted.set(sink.name, from);
  }
  return adopted;
}

/** Throws StoreFailure. */
export function remember(sinks: readonly SinkSettings[], memory: Memory): void {
  const text = JSON.stringify(Object.fromEntries(sinks.map((one) => [one.name, identityOfSink(one)])));
  if (memory.recall(MEMORY_KEY) !== text) memory.remember(MEMORY_KEY, text);
}

function known(memory: Memory): Readonly<Record<string, unknown>> {
  const found = parsed<unknown>(memory.recall(MEMORY_KEY));
  return typeof found === 'object' && found !== null ? (found as Readonly<Record<string, unknown>>) : {};
}
