import type { Report } from '../model/report.ts';
import { formatJson } from './json.ts';
import { formatJsonl } from './jsonl.ts';
import { formatNagios } from './nagios.ts';
import { formatText, type TextOptions } from './text.ts';

/** Formats that this version writes. */
export const FORMATS = ['text', 'json', 'jsonl', 'nagios'] as const;
export type Format = (typeof FORMATS)[number];

/** Formats of the contract that a later version writes. */
export const LATER_FORMATS = ['csv', 'sarif', 'junit', 'html', 'markdown'] as const;

/** One line each for `list formats`. */
export const FORMAT_NOTES: Readonly<Record<Format, string>> = {
  text: 'for people: a row a channel and member, then each finding with its proof and its remedy',
  json: 'the whole report as one object; `list formats --schema` prints its JSON Schema',
  jsonl: 'one object a line, `record` is observation, finding or summary',
  nagios: 'one line with performance data, exit 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN',
};

/** What `--format NAME` names; `message` says why not, for standard error. */
export type FormatChoice =
  | { readonly kind: 'format'; readonly format: Format }
  | { readonly kind: 'refused'; readonly message: string };

export function chooseFormat(name: string): FormatChoice {
  const format = FORMATS.find((known) => known === name);
  if (format !== undefined) return { kind: 'format', format };
  const known = `this version writes ${FORMATS.join(', ')}`;
  if ((LATER_FORMATS as readonly string[]).includes(name)) {
    return { kind: 'refused', message: `format ${name}: not yet in this version; ${known}` };
  }
  return { kind: 'refused', message: `format ${JSON.stringify(name)}: unknown; ${known}` };
}

/** The report as text in that format, with its last newline. Options that a format has no use for are left alone. */
export function render(report: Report, format: Format, options: TextOptions = {}): string {
  switch (format) {
    case 'text':
      return formatText(report, options);
    case 'json':
      return formatJson(report);
    case 'jsonl':
      return formatJsonl(report);
    case 'nagios':
      return formatNagios(report, options);
  }
}
