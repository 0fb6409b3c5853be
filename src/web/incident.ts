import { placeOf, yamlOf } from './findings-list.ts';
import type { PageFinding, PageModel } from './model.ts';

/** More stands behind the link. */
const MAX_EVIDENCE = 3;

/** One finding as text, for a ticket or a chat: what, where, what is wrong, why that is believed, what mends it. */
export function incidentText({ cluster }: PageModel, record: PageFinding): string {
  const { finding, firstSeenAt, lastSeenAt, lastRun, resolvedAt } = record;
  const { verdict, severity, title, message, expected, observed, evidence, remediation, ruleId, waived } = finding;
  const state =
    resolvedAt !== undefined ? `resolved ${resolvedAt}` : waived === null ? 'open' : `waived (${waived.id})`;
  const settings = yamlOf(remediation.settings);
  return [
    `${verdict.toUpperCase()} ${severity}: ${title}`,
    `cluster ${cluster?.cluster ?? record.cluster}, ${placeOf(record)}`,
    message,
    `expected: ${expected}`,
    `observed: ${observed}`,
    ...evidence
      .slice(0, MAX_EVIDENCE)
      .map(({ text, frame }) => `evidence: ${text}${frame === undefined ? '' : ` (frame ${frame})`}`),
    `fix: ${remediation.text}`,
    ...(settings === '' ? [] : settings.split('\n').map((line) => `    ${line}`)),
    ...(remediation.command === null ? [] : [`    ${remediation.command}`]),
    `${state}; first seen ${firstSeenAt}, last seen ${lastSeenAt}; rule ${ruleId}, run ${lastRun}`,
  ].join('\n');
}
