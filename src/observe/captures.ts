import type { CrossCheck } from '../capture/cross-check.ts';
import { Decoder } from '../capture/decoder.ts';
import type { Encapsulations } from '../capture/encapsulation.ts';
import type { Precision } from '../capture/events.ts';
import { type CaptureSummary, readCapture } from '../capture/file.ts';
import type { ClearProtocol } from '../model/probe.ts';
import type { Input, Problem } from '../model/report.ts';
import type { KeyLog } from '../tls/key-log.ts';
import { type SegmentFilter, segmentTest } from './filter.ts';
import { PassiveWitness } from './passive.ts';
import { formatTime } from './time.ts';

export interface CaptureRunOptions {
  readonly protocols: readonly ClearProtocol[];
  /** Secrets found in the captures are added to it. */
  readonly keyLog: KeyLog;
  readonly filter: SegmentFilter;
  readonly crossCheck: 'wanted' | 'not-wanted';
  readonly signal: AbortSignal;
}

/** What several captures, read as one run, came to. */
export interface CaptureRun {
  readonly witness: Pick<PassiveWitness, 'kept' | 'totals'>;
  readonly inputs: readonly Input[];
  readonly encapsulations: Encapsulations;
  readonly precision: Precision;
  /** Names that the captures themselves give to addresses (Name Resolution Blocks). */
  readonly names: ReadonlyMap<string, string>;
  readonly datagrams: number;
  readonly complete: boolean;
  /** Secrets stood behind packets that they could have opened: a second pass sees more. */
  readonly secrets: 'none' | 'in-time' | 'late';
  /** Frame of the run to its file and number there. */
  place(frame: number): { readonly frame: number; readonly file?: string };
}

/** Reads captures in their order as one run: connections go on from one file to the next. */
export async function observeCaptures(sources: readonly string[], options: CaptureRunOptions): Promise<CaptureRun> {
  const witnessOptions = { protocols: options.protocols, keyLog: options.keyLog };
  const witness = new PassiveWitness(witnessOptions);
  const passes = segmentTest(options.filter);
  let decoderProblems: Problem[] = [];
  const decoder = new Decoder(
    passes === undefined
      ? (segment) => witness.take(segment)
      : (segment) => {
          if (passes(segment)) witness.take(segment);
        },
    { onProblem: (problem) => decoderProblems.push(problem) },
  );
  const names = new Map<string, string>();
  const summaries: CaptureSummary[] = [];
  const inputs: Input[] = [];
  const starts: number[] = [];
  let secrets: CaptureRun['secrets'] = 'none';
  let nextFrame = 1;
  let nextInterfaceId = 0;
  let complete = true;
  for (const source of sources) {
    if (options.signal.aborted) {
      complete = false;
      break;
    }
    decoderProblems = [];
    const before = snapshot(decoder, witness);
    starts.push(nextFrame);
    const summary = await readCapture(
      source,
      {
        onPacket: (packet) => decoder.decode(packet),
        onName: (address, list) => {
          if (list[0] !== undefined) names.set(address, list[0]);
        },
        onSecrets: (text) => {
          options.keyLog.add(text);
          if (secrets !== 'late') secrets = decoder.statistics.packets > 0 ? 'late' : 'in-time';
        },
        firstFrame: nextFrame,
        firstInterfaceId: nextInterfaceId,
      },
      { signal: options.signal },
    );
    nextFrame = summary.nextFrame;
    nextInterfaceId = summary.nextInterfaceId;
    summaries.push(summary);
    if (summary.ended !== 'end') complete = false;
    const check = options.crossCheck === 'wanted' ? await readAgain(source, summary, options.signal) : undefined;
    const problems = [
      ...summary.problems,
      ...decoderProblems,
      ...(check?.problem === undefined ? [] : [check.problem]),
    ];
    inputs.push(describeInput(summary, problems, difference(before, snapshot(decoder, witness)), check?.verdict));
  }
  decoder.finish();
  witness.finish();
  return {
    witness,
    inputs: withRunTotals(inputs, witness, decoder),
    encapsulations: decoder.encapsulations,
    precision: summaries.some((one) => one.precision === 'ns') ? 'ns' : (summaries[0]?.precision ?? 'us'),
    names,
    datagrams: decoder.statistics.datagrams,
    complete,
    secrets,
    place: (frame) => placeOf(frame, starts, inputs),
  };
}

/** The second reader is loaded only when it is asked for. */
async function readAgain(source: string, summary: CaptureSummary, signal: AbortSignal): Promise<CrossCheck> {
  const { crossCheck } = await import('../capture/cross-check.ts');
  return crossCheck(source, summary, signal);
}

interface Counts {
  readonly badChecksums: number;
  readonly undecodedPackets: number;
  readonly duplicates: number;
}

function snapshot(decoder: Decoder, witness: PassiveWitness): Counts {
  return {
    badChecksums: decoder.statistics.badChecksums,
    undecodedPackets: decoder.statistics.undecodedPackets,
    duplicates: witness.statistics.duplicates,
  };
}

function difference(before: Counts, after: Counts): Counts {
  return {
    badChecksums: after.badChecksums - before.badChecksums,
    undecodedPackets: after.undecodedPackets - before.undecodedPackets,
    duplicates: after.duplicates - before.duplicates,
  };
}

function describeInput(
  summary: CaptureSummary,
  problems: readonly Problem[],
  counts: Counts,
  check: 'agrees' | 'disagrees' | 'not-applicable' | undefined,
): Input {
  const time = (moment: CaptureSummary['firstPacket']): string | undefined =>
    moment === undefined || moment.seconds < 0
      ? undefined
      : formatTime(moment.seconds, moment.nanoseconds, summary.precision);
  const first = time(summary.firstPacket);
  const last = time(summary.lastPacket);
  return {
    kind: 'capture',
    path: summary.path,
    format: summary.compression === 'none' ? summary.format : `${summary.format}+${summary.compression}`,
    packets: summary.packets,
    bytes: summary.bytes,
    ...(first === undefined ? {} : { firstPacketAt: first }),
    ...(last === undefined ? {} : { lastPacketAt: last }),
    quality: {
      captureDrops: summary.captureDrops,
      cutPackets: summary.cutPackets,
      gaps: 0,
      gapBytes: 0,
      oneSidedConnections: 0,
      ...counts,
      problems,
      ...(check === undefined ? {} : { crossCheck: check }),
    },
  };
}

/** Holes and one-sided connections belong to connections, which may span files: they stand with the last input. */
function withRunTotals(inputs: readonly Input[], witness: PassiveWitness, decoder: Decoder): Input[] {
  const last = inputs.at(-1);
  if (last?.quality === undefined) return [...inputs];
  const { gaps, gapBytes, oneSidedConnections } = witness.totals;
  const limits = { ...decoder.statistics.limits, ...witness.limits() };
  return [
    ...inputs.slice(0, -1),
    {
      ...last,
      quality: {
        ...last.quality,
        gaps,
        gapBytes,
        oneSidedConnections,
        ...(Object.keys(limits).length > 0 ? { limits } : {}),
      },
    },
  ];
}

function placeOf(frame: number, starts: readonly number[], inputs: readonly Input[]): { frame: number; file?: string } {
  let at = starts.length - 1;
  while (at > 0 && starts[at]! > frame) at--;
  const path = inputs[at]?.path;
  const number = frame - (starts[at] ?? 1) + 1;
  return starts.length > 1 && path !== undefined ? { frame: number, file: path } : { frame: number };
}
