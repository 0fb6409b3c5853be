import type { Waiver } from '../model/waiver.ts';
import { Unusable } from './failure.ts';

/**
 * The waivers that `--waivers` names, as far as they hold without a cluster of the daemon's. What reads them is loaded
 * only where there is a file. Throws `Unusable`.
 */
export async function readWaivers(file: string | undefined): Promise<readonly Waiver[] | undefined> {
  if (file === undefined) return undefined;
  const [{ readWaiversFile }, { waiversFor }] = await Promise.all([
    import('./waivers-file.ts'),
    import('../evaluate/waivers.ts'),
  ]);
  try {
    return waiversFor(undefined, await readWaiversFile(file));
  } catch (error) {
    if (error instanceof Unusable) throw new Unusable(`--waivers: ${error.message}`);
    throw error;
  }
}
