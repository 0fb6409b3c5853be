import type { Control } from '../daemon/control.ts';
import { FORMAT_NAMES, FORMATS, type FormatOptions } from '../report/formats.ts';
import { HTML_POLICY } from '../report/html.ts';
import { redact } from '../report/redact.ts';
import { DEFAULT_FAIL_ON, type FailOn } from '../report/severity.ts';
import { holds } from './answer.ts';
import { keptRun } from './lists.ts';
import { Query } from './query.ts';

/** Media types of the answers, each once. */
export const REPORT_TYPES: readonly string[] = [
  ...new Set(FORMAT_NAMES.map((name) => FORMATS[name].type.replace(/;.*/, ''))),
];

/** Texts of the rules, loaded when a format needs them. */
export type Rules = () => Promise<NonNullable<FormatOptions['rules']>>;

export const REPORT_PARAMETERS = ['format', 'redact'] as const;

/** A report that a browser shows is a page of its own: nothing of the daemon's is in its reach. */
const PAGE_POLICY = `${HTML_POLICY}; frame-ancestors 'none'; sandbox`;

/**
 * The report of one run, which changes with the threshold of its cluster only. Piece by piece, never as one string where
 * the format allows it.
 */
export async function runReport(control: Control, id: string, request: Request, rules: Rules): Promise<Response> {
  const query = new Query(request, REPORT_PARAMETERS);
  const name = query.oneOf('format', FORMAT_NAMES) ?? 'json';
  const isRedacted = query.oneOf('redact', ['true', 'false']) === 'true';
  const { cluster, report } = keptRun(control, id);
  const failOn = thresholdOf(control, cluster);
  const { type, extension, writer } = FORMATS[name];
  const tag = `"${id}-${name}${isRedacted ? '-redacted' : ''}-${report.producer.version}-${failOn}"`;
  const headers = {
    etag: tag,
    'cache-control': 'private, no-cache',
    'content-type': type,
    'content-disposition': `inline; filename="flinkprobe-${id}.${extension}"`,
    ...(name === 'html' ? { 'content-security-policy': PAGE_POLICY } : {}),
  };
  if (holds(request, tag)) return new Response(null, { status: 304, headers });
  const write = await writer();
  const told = isRedacted ? redact(report) : report;
  return new Response(streamOf(write(told, { failOn, rules: name === 'sarif' ? await rules() : [] })), { headers });
}

/** What its cluster's settings say now; where it left them, the default. */
function thresholdOf(control: Control, cluster: string): FailOn {
  return control.status().clusters.find((one) => one.cluster === cluster)?.failOn ?? DEFAULT_FAIL_ON;
}

function streamOf(pieces: Iterable<string>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.iterator]();
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const { done, value } = iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    cancel() {
      iterator.return?.();
    },
  });
}
