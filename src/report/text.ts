import type { Report } from '../model/report.ts';
import { comparisonLines, comparisonRecords } from './comparison-text.ts';
import { type EndpointRow, endpointRows, placeOf } from './endpoint-rows.ts';
import { fileText, findingLines, groupFindings, listeningOf, verdictWord } from './finding-text.ts';
import {
  elsewhereText,
  foldedPaths,
  inputText,
  isElsewhere,
  namesText,
  qualityTexts,
  targetLines,
} from './input-texts.ts';
import { type Column, fitTable, joinCells, labelled, wrap } from './layout.ts';
import { type Colour, type Paint, painter } from './paint.ts';
import { printable } from './printable.ts';
import { promiseLines } from './promise-rows.ts';
import { DEFAULT_FAIL_ON, type FailOn } from './severity.ts';
import { byteCount } from './time.ts';
import { findingCounts } from './verdict-lines.ts';
import { waiverRecords, waiverTexts } from './waiver-lines.ts';
import { witnessTexts } from './witness-lines.ts';

export interface TextOptions {
  /** Columns of the terminal, 100 where nobody knows. Setting lines and commands may be longer: they are for copying. */
  readonly width?: number;
  /** `wide`: nothing is shortened, wrapped or left out. `plain`: one tab-separated record a line. Default `fitted`. */
  readonly layout?: 'fitted' | 'wide' | 'plain';
  /** Default `none`. */
  readonly colour?: Colour;
  /** Findings below it say WARN. Default `medium`. */
  readonly failOn?: FailOn;
  /** Time to count days of validity from, milliseconds since the epoch. Default: the report's end. */
  readonly now?: number;
}

const DEFAULT_WIDTH = 100;
/** Narrower terminals are written as if they had so many columns. */
const LEAST_WIDTH = 60;
const LABEL_WIDTH = 10;

const COLUMNS: readonly Column[] = [
  { title: 'CHANNEL', least: 16 },
  { title: 'ENDPOINT', comfort: 26, least: 18 },
  { title: 'RESULT', least: 13 },
  { title: 'TLS', comfort: 24, brief: { title: 'TLS', turn: 3, cell: firstWord }, least: 5 },
  {
    title: 'CLIENT CERT',
    comfort: 14,
    brief: { title: 'CLIENT', turn: 2, cell: briefDemand },
    least: 9,
  },
  { title: 'SERVED CERT', brief: { title: 'CERT', turn: 1, cell: firstWord }, least: 8, droppable: 2 },
  { title: 'EXPIRES', least: 7, droppable: 3 },
  { title: 'CONNS', least: 5, droppable: 1 },
];
const RESULT_COLUMN = 2;

/** The report for people. No control character, no ANSI code but the ones that `colour` asks for. */
export function formatText(report: Report, options: TextOptions = {}): string {
  const failOn = options.failOn ?? DEFAULT_FAIL_ON;
  const now = options.now ?? Date.parse(report.finishedAt);
  const layout = options.layout ?? 'fitted';
  if (layout === 'plain') return plain(report, failOn, now);
  const width = layout === 'wide' ? Number.POSITIVE_INFINITY : Math.max(options.width ?? DEFAULT_WIDTH, LEAST_WIDTH);
  const paint = painter(options.colour ?? 'none');
  const detail = layout === 'wide' ? 'whole' : 'brief';
  const listening = listeningOf(report);
  const cures = new Map<string, string>();
  const sections = [
    headerLines(report, width, paint),
    report.command === 'audit'
      ? promiseLines(report, width, paint)
      : tableLines(endpointRows(report, { failOn, now, suites: layout === 'wide' ? 'whole' : 'short' }), width, paint),
    ...groupFindings(report.findings).map((group) =>
      findingLines(group, { width, detail, failOn, paint, listening, cures }),
    ),
    report.comparison === undefined
      ? []
      : comparisonLines(report.comparison, layout === 'wide' ? 'wide' : 'fitted', width, paint),
    closingLines(report, width, paint),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** `given` of `asked, given`; of several versions the first one, which is the worst. */
function briefDemand(cell: string): string {
  return /\d, /.test(cell) ? cell.split(', ', 1)[0]! : cell.replaceAll('asked, ', '');
}

function firstWord(cell: string): string {
  return cell.split(' ', 1)[0]!;
}

function headerLines(report: Report, width: number, paint: Paint): string[] {
  const { producer, command, summary } = report;
  const versions = summary?.flinkVersions ?? [];
  const flink = versions.length === 0 ? '' : `   Flink ${versions.join(', ')}`;
  const field = (label: string, text: string): string[] => labelled(label, printable(text), LABEL_WIDTH, 0, width);
  const [title, ...rest] = wrap(printable(`${producer.name} ${producer.version}   ${command}${flink}`), width);
  return [
    paint('title', title!),
    ...rest,
    ...report.inputs
      .filter((input) => input.kind !== 'configuration' && input.kind !== 'target' && !isElsewhere(input))
      .flatMap((input) => [
        ...field(input.kind, inputText(input)),
        ...qualityTexts(input).flatMap((text) => field('  quality', text)),
        ...(input.problems ?? []).flatMap(({ message }) => field('  note', message)),
      ]),
    ...elsewhereText(report.inputs).flatMap((text) => field('keystore', text)),
    ...targetLines(report.inputs).flatMap((text) => field('target', text)),
    ...field('against', promiseText(report)),
    ...foldedPaths(report.inputs.filter(({ kind }) => kind === 'configuration')).flatMap((text) => field('', text)),
    ...(report.policy === undefined ? [] : field('policy', policyText(report.policy))),
    ...waiverTexts(report.waivers ?? []).flatMap((text, at) => field(at === 0 ? 'waivers' : '', text)),
    ...probedLines(report).flatMap((text, at) => field(at === 0 ? 'probed' : '', text)),
    ...doubtLines(report).flatMap((text) => field('channel', text)),
    ...restartLines(report).flatMap((text) => field('restarted', text)),
    ...(report.watchedSeconds === undefined ? [] : field('watched', watchedText(report, report.watchedSeconds))),
    ...(report.complete
      ? []
      : field('state', 'INCOMPLETE: the run was interrupted; what follows is what was found until then')),
  ];
}

/** What the probes took, and what Flink's logs show of them. */
function probedLines({ observations }: Report): string[] {
  const asked = observations.flatMap((one) => (one.asked === undefined ? [] : [one.asked]));
  if (asked.length === 0) return [];
  const sum = (value: (one: (typeof asked)[number]) => number): number =>
    asked.reduce((total, one) => total + value(one), 0);
  const profiles = [...new Set(asked.map(({ profile }) => profile))].join(', ');
  const partial = asked.filter(({ complete }) => !complete).length;
  return [
    [
      `${profiles}: ${counted(asked.length, 'endpoint')}, ${counted(
        sum((one) => one.connections),
        'connection',
      )}`,
      `at most ${counted(
        sum((one) => one.logLines),
        'WARN or ERROR line',
      )} in Flink's logs`,
      ...(partial === 0 ? [] : [`${partial} not answered wholly`]),
    ].join(', '),
  ];
}

/** Endpoints of which the channel is a guess, and why it cannot be told. */
function doubtLines({ observations }: Report): string[] {
  const places = new Map<string, string[]>();
  for (const { plaintext, server } of observations) {
    const doubt = plaintext?.details.channelDoubt;
    if (typeof doubt === 'string') places.set(doubt, [...(places.get(doubt) ?? []), placeOf(server)]);
  }
  return [...places].map(([doubt, at]) => `${namesText(at)}: ${doubt}`);
}

/** Processes by name: those that were restarted since the baseline, and those that were not. */
function restartLines({ comparison }: Report): string[] {
  if (comparison === undefined) return [];
  const names = (process: 'restarted' | 'same'): string[] => [
    ...new Set(
      comparison.endpoints
        .filter((one) => one.process === process)
        .map(({ endpoint }) => endpoint.member ?? endpoint.host),
    ),
  ];
  const [restarted, same] = [names('restarted'), names('same')];
  if (restarted.length + same.length === 0) return [];
  const others = same.length === 0 ? '' : `; not restarted: ${namesText(same)}`;
  return [`${restarted.length === 0 ? 'no process since the baseline' : namesText(restarted)}${others}`];
}

/** A TaskManager that lost its JobManager stays silent, and listed, for `heartbeat.timeout` (50 s). */
const DECEPTIVE_SECONDS = 60;

function watchedText({ processes }: Report, seconds: number): string {
  const isDeceptive = processes !== undefined && seconds < DECEPTIVE_SECONDS;
  return `for ${seconds} s${isDeceptive ? '; a cluster that was restarted by halves looks healthy for a minute' : ''}`;
}

/** Whose promises the traffic was held against. */
function promiseText(report: Report): string {
  const configured = report.expectations.filter(({ basis }) => basis === 'configuration');
  const ofPolicy = report.policy === undefined ? 'the default policy' : `the policy ${report.policy.name}`;
  if (configured.length === 0 && report.policy !== undefined)
    return `${ofPolicy}, and the default policy where it is silent`;
  if (configured.length === 0) {
    return 'default policy: internal channels mutual TLS 1.2 or better, REST TLS 1.2 or better';
  }
  return `configuration, and ${ofPolicy} where it asks for less${differencesText(configured)}`;
}

/** `flink-strict: 9 of 12 requirements met, 2 not met, 1 not judged (web-submit)`. */
function policyText({ name, requirements, met, notMet, unjudged }: NonNullable<Report['policy']>): string {
  const open = unjudged.length === 0 ? '' : `, ${unjudged.length} not judged (${namesText(unjudged)})`;
  return `${name}: ${met} of ${counted(requirements, 'requirement')} met, ${notMet} not met${open}`;
}

/** Channels that the members' configurations do not agree on: where the others disagree, somebody is wrong. */
function differencesText(configured: Report['expectations']): string {
  const by = (channel: string): number => configured.filter((one) => one.channel === channel).length;
  const differing = [...new Set(configured.map(({ channel }) => channel))].filter((channel) => by(channel) > 1);
  return differing.length === 0 ? '' : `; members differ on ${differing.join(', ')}`;
}

function cellsOf(row: EndpointRow): string[] {
  const result =
    row.severity === undefined || row.result === 'INCONCLUSIVE' ? row.result : `${row.result} ${row.severity}`;
  const { channel, endpoint, tls, clientCertificate, servedCertificate, expires, connections } = row;
  return [channel, endpoint, result, tls, clientCertificate, servedCertificate, expires, connections].map(printable);
}

function tableLines(rows: readonly EndpointRow[], width: number, paint: Paint): string[] {
  if (rows.length === 0) return ['No Flink channel and no TLS was seen.'];
  const table = fitTable(COLUMNS, rows.map(cellsOf), width);
  const at = table.kept.indexOf(RESULT_COLUMN);
  const lines = table.rows.map((cells, index) =>
    joinCells(cells.map((cell, column) => (column === at ? paint(toneOf(rows[index]!), cell) : cell))),
  );
  return [paint('title', table.header), ...lines];
}

function toneOf(row: EndpointRow): Parameters<Paint>[0] {
  if (row.result === 'PASS') return 'pass';
  if (row.result === 'WAIVED') return 'waived';
  return row.result === 'FAIL' || row.result === 'WARN' ? (row.severity ?? 'medium') : 'inconclusive';
}

function closingLines(report: Report, width: number, paint: Paint): string[] {
  const field = (label: string, text: string): string[] => labelled(label, printable(text), LABEL_WIDTH, 0, width);
  const silent = [
    ...new Set(
      report.coverage
        .filter((entry) => entry.verdict === 'not-seen' && entry.expected !== true)
        .map(({ channel }) => channel),
    ),
  ];
  const { heard, notHeard } = witnessTexts(report);
  const tone = report.verdict === 'pass' ? 'pass' : report.verdict === 'fail' ? 'critical' : 'inconclusive';
  const [verdict, ...rest] = field('verdict', `${report.verdict.toUpperCase()}   ${findingCounts(report)}`);
  return [
    ...heard.flatMap((text, at) => field(at === 0 ? 'heard' : '', text)),
    ...(notHeard === '' ? [] : field('not heard', notHeard)),
    ...(silent.length === 0 ? [] : field('not seen', silent.join(', '))),
    ...(report.summary === undefined || report.command === 'audit'
      ? []
      : field('summary', summaryText(report, report.summary))),
    paint(tone, verdict!),
    ...rest,
  ];
}

function summaryText(report: Report, summary: NonNullable<Report['summary']>): string {
  const met = report.observations.filter(({ vantage }) => vantage === 'passive' || vantage === 'active');
  const endpoints = new Set(met.map(({ channel, server }) => `${channel} ${placeOf(server)}`)).size;
  const told: readonly (readonly [number, string])[] = [
    [summary.refusedAttempts, 'refused attempt'],
    [summary.unansweredAttempts, 'unanswered attempt'],
    [summary.clearUnknownConnections, 'clear connection'],
    [summary.datagrams ?? 0, 'datagram'],
  ];
  return [
    counted(summary.connections, 'connection'),
    counted(endpoints, 'endpoint'),
    `${byteCount(summary.tlsBytes)} in TLS`,
    `${byteCount(summary.clearBytes)} in clear`,
    ...told
      .filter(([count]) => count > 0)
      .map(([count, noun]) => `${counted(count, noun)}${noun === 'clear connection' ? ' not of Flink' : ''}`),
  ].join(', ');
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/**
 * Tab-separated, one record a line, for awk and cut. First field: `input`, `endpoint`, `finding` or `summary`.
 * A tab in a value is escaped like every control character.
 */
function plain(report: Report, failOn: FailOn, now: number): string {
  const records: (readonly (string | number)[])[] = [
    ...report.inputs.map((input) => ['input', input.kind, input.path, input.format ?? '', input.packets ?? '']),
    ...endpointRows(report, { failOn, now, suites: 'whole' }).map((row) => [
      'endpoint',
      row.channel,
      row.endpoint,
      row.result,
      row.severity ?? '',
      row.tls,
      row.clientCertificate,
      row.servedCertificate,
      row.expires,
      row.connections,
    ]),
    ...report.findings.map((finding) => [
      'finding',
      verdictWord(finding, failOn),
      finding.severity,
      finding.ruleId,
      finding.channel,
      finding.endpoint === undefined
        ? finding.file === undefined
          ? ''
          : fileText(finding.file)
        : placeOf(finding.endpoint),
      finding.title,
      finding.expected,
      finding.observed,
      finding.fingerprint,
    ]),
    ...(report.comparison === undefined ? [] : comparisonRecords(report.comparison)),
    ...(report.policy === undefined ? [] : [policyRecord(report.policy)]),
    ...waiverRecords(report.waivers ?? []),
    ['summary', report.verdict, report.complete ? 'complete' : 'incomplete', findingCounts(report)],
  ];
  return records.map((record) => `${record.map((value) => printable(String(value))).join('\t')}\n`).join('');
}

function policyRecord({
  name,
  requirements,
  met,
  notMet,
  unjudged,
}: NonNullable<Report['policy']>): (string | number)[] {
  return ['policy', name, requirements, met, notMet, unjudged.length, unjudged.join(',')];
}
