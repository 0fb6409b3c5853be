import type { FixPlan } from '../model/fix-plan.ts';

/** Lines of a patch are the user's own, comments among them, and names in a certificate are those of hosts: both go. */
export function withoutOwnLines(plan: FixPlan): FixPlan {
  return {
    ...plan,
    steps: plan.steps.map((step) => ({
      ...step,
      commands: step.commands.map((line) => line.replace(/(?<=SAN=)\S+/g, '[names left out]')),
      files: step.files.map((file) => ({ ...file, patch: null })),
    })),
  };
}
