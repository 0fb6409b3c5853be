import type { Report } from '../model/report.ts';

/** The contract object, two spaces of indentation, one newline at the end. The same report gives the same text. */
export function formatJson(report: Report): string {
  return [...jsonPieces(report)].join('');
}

/**
 * The same text in pieces: a report of thousands of connections need not stand in memory as one string as well.
 *
 * Top-level fields come as the contract lists them, whatever order the report was put together in.
 */
export function* jsonPieces(report: Report): Generator<string> {
  const { schemaVersion, producer, command, startedAt, finishedAt, complete, verdict, inputs, ...rest } = report;
  const { observations, expectations, findings, coverage, ...more } = rest;
  const head = { schemaVersion, producer, command, startedAt, finishedAt, complete, verdict, inputs };
  const tail = { expectations, findings, coverage, ...more };
  yield `${JSON.stringify(head, undefined, 2).slice(0, -'\n}'.length)},\n`;
  if (observations.length === 0) yield '  "observations": [],\n';
  else {
    yield '  "observations": [\n';
    for (const [index, observation] of observations.entries()) {
      const text = JSON.stringify(observation, undefined, 2).replaceAll('\n', '\n    ');
      yield `    ${text}${index < observations.length - 1 ? ',' : ''}\n`;
    }
    yield '  ],\n';
  }
  yield `${JSON.stringify(tail, undefined, 2).slice('{\n'.length)}\n`;
}
