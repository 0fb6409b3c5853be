import type { Coverage, Finding, Report } from '../model/report.ts';

type Witness = keyof Finding['witnesses'];
const WITNESSES: readonly Witness[] = ['wire', 'handshake', 'promise', 'record'];

/** Which witnesses spoke of which channels, as text behind labels; nothing where no channel was heard of. */
export interface WitnessTexts {
  /** Only where several witnesses were heard: `wire pass, promise fail: rest, blob-server`. */
  readonly heard: readonly string[];
  /** `handshake; record of rest`. */
  readonly notHeard: string;
}

export function witnessTexts({ coverage }: Report): WitnessTexts {
  const told = coverage.filter(({ witnesses, verdict }) => witnesses.length > 0 && verdict !== 'not-applicable');
  // Channels that did not appear are listed as such already.
  const seen = told.filter(({ verdict }) => verdict !== 'not-seen');
  const all = new Set(told.flatMap(({ witnesses }) => witnesses));
  return {
    heard: all.size < 2 ? [] : heardTexts(told),
    notHeard: WITNESSES.flatMap((witness) => missingText(witness, seen.length > 0 ? seen : told)).join('; '),
  };
}

/** Channels of which the same was said stand together. */
function heardTexts(told: readonly Coverage[]): readonly string[] {
  const groups = new Map<string, Set<string>>();
  for (const { channel, witnesses, says } of told) {
    const words = WITNESSES.filter((one) => witnesses.includes(one)).map((one) =>
      says === undefined ? one : `${one} ${says[one]}`,
    );
    const key = words.join(', ');
    groups.set(key, (groups.get(key) ?? new Set()).add(channel));
  }
  return [...groups].map(([words, channels]) => `${words}: ${[...channels].join(', ')}`);
}

function missingText(witness: Witness, told: readonly Coverage[]): readonly string[] {
  const without = told.filter(({ witnesses }) => !witnesses.includes(witness));
  if (without.length === 0) return [];
  if (without.length === told.length) return [witness];
  return [`${witness} of ${[...new Set(without.map(({ channel }) => channel))].join(', ')}`];
}
