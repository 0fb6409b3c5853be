import type { Report } from '../model/report.ts';
import type { RuleText } from './sarif.ts';
import type { FailOn } from './severity.ts';

/** Formats of `--format`, in the order in which they are listed. */
export const FORMAT_NAMES = ['text', 'json', 'jsonl', 'csv', 'sarif', 'junit', 'html', 'markdown', 'nagios'] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];

/** By what a report is judged when it is written; formats take what they need of it. */
export interface FormatOptions {
  /** Findings below it do not fail. Default `medium`. */
  readonly failOn?: FailOn;
  /** Time to count days of validity from, milliseconds since the epoch. Default: the report's end. */
  readonly now?: number;
  /** Texts of the rules, for formats that explain them (`sarif`). */
  readonly rules?: readonly RuleText[];
}

export type Writer = (report: Report, options?: FormatOptions) => Iterable<string>;

export interface Format {
  /** Media type. */
  readonly type: string;
  /** Of a file, without a dot. */
  readonly extension: string;
  /** What writes it, piece by piece; loaded when it is asked for. */
  readonly writer: () => Promise<Writer>;
}

/** Every format for a file or a browser; the command line has its own ways with `text` on a terminal. */
export const FORMATS: Readonly<Record<FormatName, Format>> = {
  text: format('text/plain', 'txt', async () => whole((await import('./text.ts')).formatText)),
  json: format('application/json', 'json', async () => (await import('./json.ts')).jsonPieces),
  jsonl: format('application/jsonl', 'jsonl', async () => (await import('./jsonl.ts')).jsonlPieces),
  csv: format('text/csv', 'csv', async () => (await import('./csv.ts')).csvPieces),
  sarif: format('application/sarif+json', 'sarif', async () => whole((await import('./sarif.ts')).formatSarif)),
  junit: format('application/xml', 'xml', async () => whole((await import('./junit.ts')).formatJunit)),
  html: format('text/html', 'html', async () => whole((await import('./html.ts')).formatHtml)),
  markdown: format('text/markdown', 'md', async () => whole((await import('./markdown.ts')).formatMarkdown)),
  nagios: format('text/plain', 'txt', async () => whole((await import('./nagios.ts')).formatNagios)),
};

function format(type: string, extension: string, writer: Format['writer']): Format {
  return { type: `${type}; charset=utf-8`, extension, writer };
}

function whole(write: (report: Report, options?: FormatOptions) => string): Writer {
  return (report, options) => [write(report, options)];
}
