import type { PolicyDocument, Requirement } from '../model/policy.ts';
import { wrap } from '../report/layout.ts';
import { relationText } from '../rules/support/policy-relation.ts';
import { aboutText, scopeText } from '../rules/support/policy-words.ts';

const INDENT = 4;

/** All that is to be known of a policy, in lines of at most `width` columns where no single word is longer. */
export function explainPolicy(policy: PolicyDocument, width: number): readonly string[] {
  return [
    `${policy.policy}  ${policy.requirements.length} requirements`,
    ...wrap(policy.title, width),
    '',
    ...wrap(policy.about, width),
    ...policy.requirements.flatMap((one) => ['', ...requirementLines(one, width)]),
    '',
    ...wrap(
      `Judge by it with --policy ${policy.policy} of analyze, verify and audit. A file that extends it may change single requirements: docs/policies.md.`,
      width,
    ),
  ];
}

function requirementLines(requirement: Requirement, width: number): readonly string[] {
  const asked = `${aboutText(requirement)}: ${relationText(requirement, Number.POSITIVE_INFINITY)}`;
  const lines = [`${asked} (${scopeText(requirement)})`, requirement.reason, requirement.source.join('; ')];
  return [
    `  ${requirement.id}  ${requirement.severity}`,
    ...lines.flatMap((line) => wrap(line, width - INDENT)).map((line) => `${' '.repeat(INDENT)}${line}`),
  ];
}
