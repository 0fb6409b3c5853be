import type { Control } from '../daemon/types.ts';
import type { Report } from '../model/report.ts';
import { jsonPieces } from '../report/json.ts';
import { jsonlPieces } from '../report/jsonl.ts';
import { formatNagios } from '../report/nagios.ts';
import { redact } from '../report/redact.ts';
import { formatText } from '../report/text.ts';
import { holds } from './answer.ts';
import { HttpFault } from './fault.ts';
import { RUN_ID } from './lists.ts';
import { Query } from './query.ts';

export const REPORT_FORMAT_NAMES = ['json', 'jsonl', 'text', 'nagios'] as const;
export type ReportFormatName = (typeof REPORT_FORMAT_NAMES)[number];

export interface ReportFormat {
  readonly type: string;
  readonly extension: string;
  readonly pieces: (report: Report) => Iterable<string>;
}

/** The formats of `--format`, by their names there. */
export const REPORT_FORMATS: Readonly<Record<ReportFormatName, ReportFormat>> = {
  json: { type: 'application/json; charset=utf-8', extension: 'json', pieces: jsonPieces },
  jsonl: { type: 'application/jsonl; charset=utf-8', extension: 'jsonl', pieces: jsonlPieces },
  text: { type: 'text/plain; charset=utf-8', extension: 'txt', pieces: (report) => [formatText(report)] },
  nagios: { type: 'text/plain; charset=utf-8', extension: 'txt', pieces: (report) => [formatNagios(report)] },
};

export const REPORT_PARAMETERS = ['format', 'redact'] as const;

/** The report of one run, which never changes: piece by piece, never as one string. */
export function runReport({ store }: Control, id: string, request: Request): Response {
  const query = new Query(request, REPORT_PARAMETERS);
  const name = query.oneOf('format', REPORT_FORMAT_NAMES) ?? 'json';
  const isRedacted = query.oneOf('redact', ['true', 'false']) === 'true';
  const report = RUN_ID.test(id) ? store.report(id) : undefined;
  if (report === undefined) throw new HttpFault(404, 'there is no such run, or it is no longer kept');
  const { type, extension, pieces } = REPORT_FORMATS[name];
  const tag = `"${id}-${name}${isRedacted ? '-redacted' : ''}-${report.producer.version}"`;
  const headers = {
    etag: tag,
    'cache-control': 'private, no-cache',
    'content-type': type,
    'content-disposition': `inline; filename="flinkprobe-${id}.${extension}"`,
  };
  if (holds(request, tag)) return new Response(null, { status: 304, headers });
  return new Response(streamOf(pieces(isRedacted ? redact(report) : report)), { headers });
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
