import type { Settings } from '../daemon/settings.ts';
import type { Store, WaiverStatus } from '../daemon/types.ts';
import { covers, outcomeOf, waiversFor } from '../evaluate/waivers.ts';
import type { Waiver } from '../model/waiver.ts';
import { readWaiversFile } from './waivers-file.ts';

/** The waivers of the daemon's settings. Throws `Unusable` with all that is wrong in their file. */
export async function waiversOf({ waivers }: Pick<Settings, 'waivers'>): Promise<readonly Waiver[]> {
  return waivers === undefined ? [] : readWaiversFile(waivers);
}

/** What the waivers match of what is open now, over all clusters. `now`: milliseconds since the epoch. */
export function waiversStatus(
  waivers: readonly Waiver[],
  store: Pick<Store, 'findings'>,
  now: number,
): readonly WaiverStatus[] {
  if (waivers.length === 0) return [];
  const open = store.findings({ state: 'open' });
  return waivers.map((one) => {
    const matched = open.filter(
      ({ cluster, finding }) => waiversFor(cluster, [one]).length > 0 && covers(one, finding),
    );
    return { ...outcomeOf(one, [], now), matched: matched.length };
  });
}
