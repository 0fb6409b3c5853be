import type { Policy, PolicyOutcome } from '../model/policy.ts';
import type { Verdict } from '../model/report.ts';

/**
 * Counts what became of each requirement over all that was judged: one failure and it is not met; one place where it
 * was hidden and it is not judged, since what nobody saw has not passed; met where all that was seen meets it.
 */
export class PolicyTally {
  readonly #policy: Policy;
  readonly #verdicts = new Map<string, Set<Verdict>>();

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  add(requirement: string, verdict: Verdict): void {
    const known = this.#verdicts.get(requirement) ?? new Set();
    this.#verdicts.set(requirement, known.add(verdict));
  }

  outcome(): PolicyOutcome {
    const ids = this.#policy.requirements.map(({ requirement }) => requirement.id);
    const notMet = ids.filter((id) => this.#has(id, 'fail'));
    const unjudged = ids.filter(
      (id) => !this.#has(id, 'fail') && (this.#has(id, 'inconclusive') || !this.#has(id, 'pass')),
    );
    return {
      name: this.#policy.name,
      requirements: ids.length,
      met: ids.length - notMet.length - unjudged.length,
      notMet: notMet.length,
      notJudged: unjudged.length,
      unjudged,
    };
  }

  #has(id: string, verdict: Verdict): boolean {
    return this.#verdicts.get(id)?.has(verdict) === true;
  }
}
