import type { Endpoint, Finding, Report } from '../model/report.ts';
import { fileText } from './finding-text.ts';
import { printable } from './printable.ts';
import { countWeights, DEFAULT_FAIL_ON, type FailOn, rank, weigh } from './severity.ts';
import { daysUntil } from './time.ts';

export type NagiosStatus = 'OK' | 'WARNING' | 'CRITICAL' | 'UNKNOWN';

/** Exit codes of the Monitoring Plugins guidelines, section 2 "Plugin return codes". */
export const NAGIOS_EXIT: Readonly<Record<NagiosStatus, number>> = { OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3 };

/** Days before expiry that interfaces and rules name: medium and high. Ranges `20:` and `7:` alert below. */
const EXPIRY_WARNING_DAYS = 20;
const EXPIRY_CRITICAL_DAYS = 7;
/** Nagios 3 reads 8 KiB of output; the text gives way long before the performance data would be cut. */
const MAX_TEXT = 400;

export interface NagiosOptions {
  /** Findings below it warn; from it on they are critical. Default `medium`. */
  readonly failOn?: FailOn;
  /** Time to count days of validity from, milliseconds since the epoch. Default: the report's end. */
  readonly now?: number;
}

/**
 * Folds a report into the four states: CRITICAL for a finding at or above `failOn`, else UNKNOWN where something is
 * inconclusive, incomplete or broken, else WARNING for findings below `failOn`, else OK. Waived findings do not count.
 */
export function nagiosStatus(report: Report, failOn: FailOn = DEFAULT_FAIL_ON): NagiosStatus {
  const counts = countWeights(report, failOn);
  if (counts.failing > 0) return 'CRITICAL';
  if (counts.error > 0 || report.verdict === 'inconclusive' || !report.complete) return 'UNKNOWN';
  if (counts.warning > 0) return 'WARNING';
  return 'OK';
}

/**
 * One line of the Monitoring Plugins interface: `FLINKPROBE STATUS - text|perfdata`, performance data as
 * `label=value[UOM];[warn];[crit];[min];[max]`, separated by blanks. The text holds no `|` and no line break.
 */
export function formatNagios(report: Report, options: NagiosOptions = {}): string {
  const failOn = options.failOn ?? DEFAULT_FAIL_ON;
  const status = nagiosStatus(report, failOn);
  const text = printable(describe(report, failOn)).replaceAll('|', '/');
  return `FLINKPROBE ${status} - ${clip(text)}|${performanceData(report, failOn, options.now)}\n`;
}

function describe(report: Report, failOn: FailOn): string {
  const counts = countWeights(report, failOn);
  const numbers = [
    `${counts.failing} fail`,
    `${counts.warning} warn`,
    `${counts.inconclusive + counts.error} unknown`,
    ...(counts.waived > 0 ? [`${counts.waived} waived`] : []),
  ].join(', ');
  const first = worst(report.findings, failOn);
  const incomplete = report.complete ? '' : ', incomplete';
  if (first === undefined) return `${report.command}: ${numbers}${incomplete}${silence(report)}`;
  const where = [
    ...(first.channel === 'unknown' && first.file !== undefined ? [] : [first.channel]),
    ...(first.endpoint === undefined ? [] : [place(first.endpoint)]),
    ...(first.file === undefined ? [] : [fileText(first.file)]),
  ].join(' ');
  return `${report.command}: ${numbers}${incomplete} (${first.severity} ${first.ruleId} ${where})`;
}

/** Names what was asked for and not seen, where nothing else explains the state. */
function silence(report: Report): string {
  const missing = report.coverage.filter((entry) => entry.expected === true && entry.verdict === 'not-seen');
  return missing.length === 0 ? '' : ` (not seen: ${missing.map((entry) => entry.channel).join(', ')})`;
}

function worst(findings: readonly Finding[], failOn: FailOn): Finding | undefined {
  const order = ['failing', 'error', 'inconclusive', 'warning'];
  const counted = findings.filter((finding) => order.includes(weigh(finding, failOn)));
  const key = (finding: Finding): number => order.indexOf(weigh(finding, failOn)) * 10 + rank(finding.severity);
  return counted.reduce<Finding | undefined>((a, b) => (a === undefined || key(b) < key(a) ? b : a), undefined);
}

function place(endpoint: Endpoint): string {
  return `${endpoint.member ?? endpoint.host}:${endpoint.port}`;
}

function clip(text: string): string {
  const characters = [...text];
  return characters.length <= MAX_TEXT ? text : `${characters.slice(0, MAX_TEXT - 2).join('')}..`;
}

function performanceData(report: Report, failOn: FailOn, now: number | undefined): string {
  const counts = countWeights(report, failOn);
  const values = [
    `fail=${counts.failing};;0;0;`,
    `warn=${counts.warning};0;;0;`,
    `unknown=${counts.inconclusive + counts.error};0;;0;`,
    `waived=${counts.waived};;;0;`,
    `connections=${report.summary?.connections ?? report.observations.length};;;0;`,
  ];
  const days = leastDaysLeft(report, now ?? Date.parse(report.finishedAt));
  if (days !== undefined) values.push(`min_cert_days=${days};${EXPIRY_WARNING_DAYS}:;${EXPIRY_CRITICAL_DAYS}:;;`);
  if (report.summary !== undefined) {
    values.push(`clear=${report.summary.clearBytes}B;;;0;`, `tls=${report.summary.tlsBytes}B;;;0;`);
  }
  const seconds = (Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1000;
  if (Number.isFinite(seconds) && seconds >= 0) values.push(`duration=${Number(seconds.toFixed(3))}s;;;0;`);
  return values.join(' ');
}

/** Days until the first certificate that a server showed runs out; undefined where none was seen. */
function leastDaysLeft(report: Report, now: number): number | undefined {
  let least: number | undefined;
  for (const { tls } of report.observations) {
    if (tls?.serverCertificate.seen !== 'present') continue;
    for (const certificate of tls.serverCertificate.chain) {
      const days = daysUntil(certificate.notAfter, now);
      if (days !== undefined && (least === undefined || days < least)) least = days;
    }
  }
  return least;
}
