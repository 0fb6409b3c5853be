import { front } from '../support/targets/front.ts';
import type { RunningTarget, TargetId } from '../support/targets/target.ts';
import { survey } from './support.ts';

/** Targets whose client authentication is judged: at least one of each stack and each demand. */
export const JUDGED: readonly TargetId[] = ['A1', 'A2', 'A3', 'A4', 'A5', 'B1', 'C2', 'C3', 'D1', 'D2'];
/** Milliseconds added to every piece in each direction, at most. */
const DELAY_MAX_MS = 300;

/** What one round said instead of the truth. */
export interface WrongVerdict {
  readonly id: string;
  readonly round: number;
  readonly expected: string;
  readonly got: string;
}

/**
 * Asks a target for its client authentication as often as told, through a port that delays every piece by 0 to 300 ms, and
 * tells the rounds that were not right.
 */
export async function delayedRounds(target: RunningTarget, rounds: number, together: number): Promise<WrongVerdict[]> {
  const wrong: WrongVerdict[] = [];
  const delayed = await front(target, { delay: () => Math.random() * DELAY_MAX_MS });
  try {
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < rounds) {
        const round = next++;
        const got = await verdictThrough(delayed.port);
        const expected = target.truth.clientAuthentication;
        if (got !== expected) wrong.push({ id: target.id, round, expected, got });
      }
    };
    await Promise.all(Array.from({ length: together }, worker));
  } finally {
    await delayed.close();
  }
  return wrong;
}

async function verdictThrough(port: number): Promise<string> {
  const seen = await survey({ port }, { profile: 'quick', channel: 'blob-server' });
  if (seen.tls === undefined) return `${seen.kind} ${seen.because ?? ''}`;
  const { verdict, evidence } = seen.tls.clientAuthentication;
  return verdict === 'unknown' ? `unknown: ${evidence}` : verdict;
}
