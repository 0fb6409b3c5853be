import { closeSync, fchmodSync, openSync, writeSync } from 'node:fs';
import type { Report } from '../model/report.ts';
import { formatFixPlan } from '../report/fix-plan-text.ts';
import { FORMAT_NAMES, FORMATS, type FormatName, type FormatOptions } from '../report/formats.ts';
import { NAGIOS_EXIT, nagiosStatus } from '../report/nagios.ts';
import { redact } from '../report/redact.ts';
import type { FailOn } from '../report/severity.ts';
import { formatText } from '../report/text.ts';
import type { CommonArguments } from './common.ts';
import { exitCodeOf } from './exit-code.ts';
import { Unusable } from './failure.ts';

/** One `--format FORMAT[=FILE]`. */
export interface Output {
  readonly format: FormatName;
  readonly path?: string;
}

type OutputArguments = Pick<CommonArguments, 'redact' | 'quiet' | 'color' | 'wide' | 'plain'>;

interface OutputOptions {
  readonly failOn: FailOn;
  readonly now: number;
  readonly layout: 'fitted' | 'wide' | 'plain';
  readonly colour: 'wanted' | 'not-wanted';
  readonly quiet: 'quiet' | 'normal';
}

/**
 * Reads `--format` and `--output`.
 *
 * Throws `Unusable` for a format that does not exist, or two formats for standard output.
 */
export function parseOutputs(formats: readonly string[], output: string | undefined): Output[] {
  const outputs = (formats.length === 0 ? ['text'] : formats).map(parseOutput);
  const toStandard = outputs.filter((one) => one.path === undefined);
  if (toStandard.length > 1) {
    throw new Unusable(
      `--format: only one format can go to standard output; give the others a file, as ${outputs[1]!.format}=FILE`,
    );
  }
  if (output === undefined) return outputs;
  if (toStandard.length === 0) throw new Unusable('--output: every format has a file of its own already');
  return outputs.map((one) => (one.path === undefined ? { format: one.format, path: output } : one));
}

function parseOutput(text: string): Output {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  const format = FORMAT_NAMES.find((one) => one === name);
  if (format === undefined) {
    throw new Unusable(`--format: ${JSON.stringify(name)} is not a format; there are ${FORMAT_NAMES.join(', ')}`);
  }
  if (at < 0) return { format };
  const path = text.slice(at + 1);
  if (path === '') throw new Unusable(`--format: ${format}= names no file`);
  return { format, path };
}

/**
 * Writes a report everywhere it was asked for, as the arguments want it; files with mode 0600, since they may hold
 * evidence.
 */
export async function writeReport(
  report: Report,
  outputs: readonly Output[],
  args: OutputArguments,
  judged: Pick<OutputOptions, 'failOn' | 'now'>,
): Promise<void> {
  const told = args.redact ? redact(report) : report;
  const options: OutputOptions = {
    ...judged,
    layout: args.plain ? 'plain' : args.wide ? 'wide' : 'fitted',
    colour: args.color ? 'wanted' : 'not-wanted',
    quiet: args.quiet ? 'quiet' : 'normal',
  };
  for (const { format, path } of outputs) {
    const render = await renderer(format, judged);
    if (path !== undefined) {
      const toFile = format === 'text' ? ({ ...options, colour: 'not-wanted' } as const) : options;
      writeFile(path, render(told, toFile, FILE_WIDTH));
      continue;
    }
    if (options.quiet === 'quiet' && format === 'text') continue;
    await writeStandard(render(told, options, terminalWidth()));
  }
}

/** Columns of a text report that goes to no terminal. */
const FILE_WIDTH = 100;

/** Of the terminal; elsewhere what COLUMNS says. */
function terminalWidth(): number {
  const told = Number(process.env.COLUMNS);
  return process.stdout.columns ?? (Number.isInteger(told) && told > 0 ? told : FILE_WIDTH);
}

/** Characters that are gathered before they are handed to the system. */
const WRITE_AT_ONCE = 65_536;

function writeFile(path: string, pieces: Iterable<string>): void {
  try {
    const file = openSync(path, 'w', 0o600);
    // The mode above holds for a new file only.
    fchmodSync(file, 0o600);
    for (const part of gathered(pieces)) writeSync(file, part);
    closeSync(file);
  } catch (error) {
    throw new Unusable(`${path}: cannot be written: ${(error as Error).message}`);
  }
}

/** Waits for a slow reader instead of holding the text for it. */
async function writeStandard(pieces: Iterable<string>): Promise<void> {
  for (const part of gathered(pieces)) {
    if (!process.stdout.write(part)) await drained(process.stdout);
    if (!process.stdout.writable) return;
  }
}

/** Until the stream takes more, or is closed: a reader that went away takes nothing any more. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  if (!stream.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const events = ['drain', 'close', 'error'] as const;
    const done = (): void => {
      for (const event of events) stream.off(event, done);
      resolve();
    };
    for (const event of events) stream.on(event, done);
  });
}

function* gathered(pieces: Iterable<string>): Generator<string> {
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length < WRITE_AT_ONCE) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

type Renderer = (report: Report, options: OutputOptions, width: number) => Iterable<string>;

/** Text is fitted to where it goes; every other format is the same everywhere. */
async function renderer(format: FormatName, judged: FormatOptions): Promise<Renderer> {
  if (format === 'text') return renderText;
  const write = await FORMATS[format].writer();
  // Rules are loaded by whoever judged, and once more only where nobody did.
  const rules = format === 'sarif' ? await (await import('../evaluate/directory.ts')).loadRules() : [];
  return (report) => write(report, { ...judged, rules });
}

function renderText(report: Report, { failOn, now, layout, colour }: OutputOptions, width: number): Iterable<string> {
  return [
    report.fixPlan === undefined
      ? formatText(report, { failOn, now, layout, width, colour: colourOf(colour) })
      : formatFixPlan(report, report.fixPlan, layout === 'fitted' ? width : Number.POSITIVE_INFINITY),
  ];
}

/** Colours only on a terminal; NO_COLOR, TERM=dumb and --no-color switch them off, FORCE_COLOR on. */
function colourOf(wanted: OutputOptions['colour']): 'none' | 'ansi' {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '' && FORCE_COLOR !== '0') return 'ansi';
  if (wanted === 'not-wanted' || (NO_COLOR !== undefined && NO_COLOR !== '') || TERM === 'dumb') return 'none';
  return process.stdout.isTTY ? 'ansi' : 'none';
}

/** Exit code of a run. Nagios as the only format folds it into the four states of its plugins. */
export function exitCode(report: Report, outputs: readonly Output[], failOn: FailOn): number {
  if (outputs.length === 1 && outputs[0]!.format === 'nagios') return NAGIOS_EXIT[nagiosStatus(report, failOn)];
  return exitCodeOf(report);
}
