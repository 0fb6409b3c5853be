import { CHANNEL_IDS } from '../model/channel.ts';
import type { Expectation, Finding, Report, Setting } from '../model/report.ts';
import { type Column, fitTable, joinCells } from './layout.ts';
import type { Paint } from './paint.ts';
import { printable } from './printable.ts';

const COLUMNS: readonly Column[] = [
  { title: 'CHANNEL', least: 16 },
  { title: 'MEMBER', comfort: 12, least: 6 },
  { title: 'RESULT', least: 8 },
  { title: 'TLS', least: 4 },
  { title: 'CLIENT CERT', comfort: 8, least: 6, droppable: 2 },
  { title: 'VERSIONS', comfort: 10, least: 8, droppable: 1 },
  { title: 'BECAUSE', comfort: 30, least: 12 },
];

/** What the configurations promise, one line for each channel and member; nothing of it was seen to be served. */
export function promiseLines(report: Report, width: number, paint: Paint): string[] {
  const rows = promiseCells(report);
  if (rows.length === 0) return ['No configuration promises anything of a channel.'];
  const table = fitTable(
    COLUMNS,
    rows.map((cells) => cells.map(printable)),
    width,
  );
  return [paint('title', table.header), ...table.rows.map((cells) => joinCells(cells))];
}

/** Channel, member, result, TLS, client certificate, versions, and the setting behind it; not yet safe for a terminal. */
export function promiseCells(report: Report): string[][] {
  const promised = report.expectations
    .filter(({ basis }) => basis === 'configuration')
    .sort((a, b) => CHANNEL_IDS.indexOf(a.channel) - CHANNEL_IDS.indexOf(b.channel));
  return promised.map((one) => [one.channel, one.member ?? 'all', resultOf(one, report), ...cellsOf(one)]);
}

/** TLS, client certificate, versions, and the setting behind it. */
function cellsOf(one: Expectation): string[] {
  return [
    TLS_WORDS[one.tls],
    one.clientAuthentication,
    (one.protocols ?? []).join(', ') || '-',
    becauseText(one.because),
  ];
}

export const TLS_WORDS: Readonly<Record<Expectation['tls'], string>> = {
  required: 'on',
  forbidden: 'off',
  optional: 'not told',
  impossible: 'none',
};

/** The first setting of a file, else Flink's default. */
function becauseText(because: readonly Setting[]): string {
  const told = because.find(({ file }) => file !== undefined) ?? because[0];
  return told === undefined ? '-' : settingText(told);
}

/** `internal.enabled: true (config.yaml:12)`; the folder and what all keys begin with are left out. */
function settingText({ key, value, file, line, origin }: Setting): string {
  const place =
    file === undefined
      ? origin === 'default'
        ? 'default'
        : origin === 'dynamic'
          ? '-D'
          : ''
      : `${file.replace(/^.*[\\/]/, '')}:${line}`;
  const short = key.replace(/^security\.ssl\./, '').replace(/^metrics\.reporter\./, '');
  return `${short}: ${value}${place === '' ? '' : ` (${place})`}`;
}

function resultOf({ channel, member }: Expectation, { findings, coverage }: Report): string {
  const own = findings.filter((one) => one.channel === channel && concerns(one, member));
  const failed = own.find(({ verdict, waived }) => verdict === 'fail' && waived === null);
  if (failed !== undefined) return `FAIL ${failed.severity}`;
  const whole = coverage.find((one) => one.channel === channel)?.verdict;
  return whole === 'inconclusive' ? 'INCONCLUSIVE' : 'PASS';
}

function concerns({ file, endpoint }: Finding, member: string | null): boolean {
  const accused = file?.member ?? endpoint?.member;
  return member === null || accused === undefined || accused === member;
}
