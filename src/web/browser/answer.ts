/** A daemon that takes longer hangs. */
const ANSWER_MS = 10_000;

/** What the daemon answers, read as JSON; undefined: it does not, or refuses. */
export async function answerOf<T>(address: string): Promise<T | undefined> {
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(ANSWER_MS) });
    return answer.ok ? ((await answer.json()) as T) : undefined;
  } catch {
    return undefined;
  }
}
