import type { EffectiveConfiguration, Probe } from '../model/probe.ts';
import type { Expectation } from '../model/report.ts';

/**
 * What the configurations promise, channel by channel in the order of the probes.
 *
 * Members that promise the same become one expectation with `member: null`; where they differ, each has its own. The
 * settings behind a common one are those of the first member that has it.
 */
export function expectations(
  configurations: readonly EffectiveConfiguration[],
  probes: readonly Probe[],
): readonly Expectation[] {
  return probes.flatMap((probe) => {
    const promised = configurations
      .map((configuration) => probe.expect(configuration))
      .filter((expectation) => expectation !== undefined);
    return merge(promised);
  });
}

function merge(promised: readonly Expectation[]): readonly Expectation[] {
  const [first] = promised;
  if (first === undefined) {
    return [];
  }
  const same = promised.every((expectation) => content(expectation) === content(first));
  if (same) {
    return [{ ...first, member: promised.length === 1 ? first.member : null }];
  }
  // Two files that say the same of the same member are one.
  const own = new Map(promised.map((expectation) => [`${expectation.member} ${content(expectation)}`, expectation]));
  return [...own.values()];
}

/** All but the member and the places of the settings. */
function content(expectation: Expectation): string {
  const { member: _, because, ...rest } = expectation;
  return JSON.stringify([
    Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)),
    because.map((one) => [one.key, one.value]),
  ]);
}
