import type { Report } from '../model/report.ts';

/** The contract object, two spaces of indentation, one newline at the end. The same report gives the same text. */
export function formatJson(report: Report): string {
  return `${JSON.stringify(inContractOrder(report), undefined, 2)}\n`;
}

/** Top-level fields as the contract lists them, whatever order the report was put together in. */
function inContractOrder(report: Report): Report {
  const { schemaVersion, producer, command, startedAt, finishedAt, complete, verdict, inputs, ...rest } = report;
  const { observations, expectations, findings, coverage, ...more } = rest;
  const head = { schemaVersion, producer, command, startedAt, finishedAt, complete, verdict, inputs };
  return { ...head, observations, expectations, findings, coverage, ...more };
}
