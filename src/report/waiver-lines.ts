import type { WaiverOutcome } from '../model/waiver.ts';

/** Waivers that need somebody's eye, a sentence each, behind one that counts them. Empty where none were given. */
export function waiverTexts(outcomes: readonly WaiverOutcome[]): string[] {
  if (outcomes.length === 0) return [];
  const used = outcomes.filter(({ state, matched }) => state !== 'expired' && matched > 0).length;
  const told = outcomes.flatMap((one) => {
    const text = eyeText(one);
    return text === undefined ? [] : [`${one.id} ${text}`];
  });
  return [`${outcomes.length} given, ${used} used`, ...told];
}

function eyeText({ state, until, matched, owner }: WaiverOutcome): string | undefined {
  if (state === 'expired') {
    const back = matched === 0 ? '' : `: ${matched === 1 ? '1 finding counts' : `${matched} findings count`} again`;
    return `expired on ${until} (owner ${owner})${back}`;
  }
  if (matched === 0) return `fits nothing here (until ${until}, owner ${owner})`;
  return state === 'ending' ? `ends on ${until} (owner ${owner})` : undefined;
}

/** `waiver ID STATE UNTIL OWNER MATCHED`, for `--plain`. */
export function waiverRecords(outcomes: readonly WaiverOutcome[]): (string | number)[][] {
  return outcomes.map(({ id, state, until, owner, matched }) => ['waiver', id, state, until, owner, matched]);
}
