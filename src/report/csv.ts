import type { Certificate, Coverage, Endpoint, FilePlace, Finding, Observation, Report } from '../model/report.ts';
import { type EndpointRow, endpointRows } from './endpoint-rows.ts';
import { hasOwnChannel, proof, settingLines, verdictWord } from './finding-text.ts';
import { qualityTexts } from './input-texts.ts';
import { printable } from './printable.ts';
import { DEFAULT_FAIL_ON, type FailOn } from './severity.ts';
import { daysUntil } from './time.ts';

/**
 * Columns of every row, in this order; later versions add to the end. `record` says what a row is: `run` (one, the
 * first: its verdict and whether it is whole), `finding`, `endpoint` (what listens, with its result), `channel` (what was
 * covered, NOT SEEN included).
 */
export const CSV_COLUMNS = [
  'record',
  'result',
  'severity',
  'rule',
  'channel',
  'member',
  'component',
  'host',
  'port',
  'file',
  'line',
  'title',
  'message',
  'expected',
  'observed',
  'proof',
  'fix',
  'settings',
  'command',
  'wire',
  'handshake',
  'promise',
  'record_witness',
  'waived_by',
  'waived_until',
  'waived_reason',
  'change',
  'first_seen',
  'fingerprint',
  'references',
  'tls',
  'client_certificate',
  'certificate_sha256',
  'not_after',
  'days_left',
  'connections',
  'run_at',
] as const;

type Column = (typeof CSV_COLUMNS)[number];
type Row = Readonly<Partial<Record<Column, string | number | undefined>>>;

export interface CsvOptions {
  /** Findings below it say WARN. Default `medium`. */
  readonly failOn?: FailOn;
  /** Time to count days of validity from, milliseconds since the epoch. Default: the report's end. */
  readonly now?: number;
}

/** Several texts of one cell; a record is always one line. */
const BETWEEN = ' | ';
/** Characters that a cell of Excel holds (its specifications and limits); longer ones are cut there without a word. */
const MAX_CELL = 32_767;
const CUT = ' (cut: see the JSON report)';

/**
 * The report for spreadsheets: RFC 4180, UTF-8 without a byte order mark, CRLF at the end of each line, a header.
 *
 * No cell is a formula: text that a spreadsheet would calculate begins with an apostrophe.
 */
export function formatCsv(report: Report, options: CsvOptions = {}): string {
  return [...csvPieces(report, options)].join('');
}

/** The same text line by line. */
export function* csvPieces(report: Report, options: CsvOptions = {}): Generator<string> {
  const failOn = options.failOn ?? DEFAULT_FAIL_ON;
  const now = options.now ?? Date.parse(report.finishedAt);
  yield `${CSV_COLUMNS.join(',')}\r\n`;
  yield line(runRow(report), report);
  for (const finding of report.findings) yield line(findingRow(finding, failOn), report);
  for (const row of endpointLines(report, failOn, now)) yield line(row, report);
  for (const entry of report.coverage.filter(({ verdict }) => verdict !== 'not-applicable'))
    yield line(channelRow(entry), report);
}

function line(row: Row, { finishedAt }: Report): string {
  const whole: Row = { ...row, run_at: finishedAt };
  return `${CSV_COLUMNS.map((column) => cell(whole[column])).join(',')}\r\n`;
}

function cell(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = harmless(printable(value));
  const cut = text.length <= MAX_CELL ? text : `${text.slice(0, MAX_CELL - CUT.length)}${CUT}`;
  return /[",;]|^\s|\s$/.test(cut) ? `"${cut.replaceAll('"', '""')}"` : cut;
}

/** What begins a formula, full-width forms included, for a spreadsheet that passes over blanks (OWASP, "CSV Injection"). */
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20|%]/;

function harmless(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

function runRow(report: Report): Row {
  const { command, verdict, complete, inputs } = report;
  return {
    record: 'run',
    result: verdict.toUpperCase(),
    title: `${command}${complete ? '' : ', incomplete'}`,
    message: inputs.flatMap((input) => [input.path, ...qualityTexts(input)]).join(BETWEEN),
    observed: complete ? 'complete' : 'incomplete',
  };
}

function findingRow(finding: Finding, failOn: FailOn): Row {
  const { channel, witnesses, remediation, waived } = finding;
  return {
    record: 'finding',
    result: verdictWord(finding, failOn),
    severity: finding.severity,
    rule: finding.ruleId,
    channel: hasOwnChannel(finding) ? channel : undefined,
    ...placeCells(finding.endpoint, finding.file),
    title: finding.title,
    message: finding.message,
    expected: finding.expected,
    observed: finding.observed,
    proof: finding.evidence.map((one) => proof(one)).join(BETWEEN),
    fix: remediation.text,
    settings: settingLines(remediation.settings).join(BETWEEN),
    command: remediation.command ?? undefined,
    wire: witnesses.wire,
    handshake: witnesses.handshake,
    promise: witnesses.promise,
    record_witness: witnesses.record,
    waived_by: waived?.owner,
    waived_until: waived?.until,
    waived_reason: waived === null ? undefined : `${waived.id}: ${waived.reason}`,
    change: finding.change,
    first_seen: finding.firstSeen,
    fingerprint: finding.fingerprint,
    references: finding.references.join(BETWEEN),
  };
}

function placeCells(endpoint: Endpoint | undefined, file: FilePlace | undefined): Row {
  return {
    member: endpoint?.member ?? file?.member,
    component: endpoint?.component,
    host: endpoint?.host,
    port: endpoint?.port,
    file: file?.path,
    line: file?.line,
  };
}

/** What listens, as the table of the text report has it, and what was asked for and not seen. */
function endpointLines(report: Report, failOn: FailOn, now: number): Row[] {
  return endpointRows(report, { failOn, now, suites: 'whole' }).map((row) => ({
    record: 'endpoint',
    result: row.result,
    severity: row.severity,
    channel: row.channel,
    ...(row.group === undefined ? { member: told(row.endpoint) } : placeCells(row.group.server, undefined)),
    tls: told(row.tls),
    client_certificate: told(row.clientCertificate),
    ...certificateCells(row, now),
    connections: Number(row.connections),
  }));
}

/** The text report's `-` for nothing. */
function told(text: string): string | undefined {
  return text === '-' ? undefined : text;
}

function certificateCells({ group, servedCertificate }: EndpointRow, now: number): Row {
  const leaves = new Map((group?.observations ?? []).flatMap(leafOf).map((leaf) => [leaf.sha256, leaf]));
  if (leaves.size === 0) return { certificate_sha256: told(servedCertificate) };
  const [soonest] = [...leaves.values()].sort((a, b) => Date.parse(a.notAfter) - Date.parse(b.notAfter));
  return {
    certificate_sha256: [...leaves.keys()].join(BETWEEN),
    not_after: soonest!.notAfter,
    days_left: daysUntil(soonest!.notAfter, now),
  };
}

function leafOf({ tls }: Observation): Certificate[] {
  return tls?.serverCertificate.seen === 'present' ? [...tls.serverCertificate.chain.slice(0, 1)] : [];
}

function channelRow({ channel, member, verdict, expectedEndpoints, seenEndpoints, witnesses, says }: Coverage): Row {
  return {
    record: 'channel',
    result: verdict.toUpperCase().replaceAll('-', ' '),
    channel,
    member,
    expected: endpointCount(expectedEndpoints),
    observed: endpointCount(seenEndpoints),
    message: witnesses.length === 0 ? undefined : `heard: ${witnesses.join(', ')}`,
    wire: says?.wire,
    handshake: says?.handshake,
    promise: says?.promise,
    record_witness: says?.record,
  };
}

function endpointCount(count: number): string {
  return `${count} endpoint${count === 1 ? '' : 's'}`;
}
