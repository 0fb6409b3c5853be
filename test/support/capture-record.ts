import type { CaptureEvents, CaptureParser, InterfaceDescription } from '../../src/capture/events.ts';
import type { Problem } from '../../src/model/report.ts';

/** A packet, copied out of the reader. */
export interface SeenPacket {
  readonly frame: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly captured: number;
  readonly original: number;
  readonly linkType: number;
  readonly interfaceId: number;
  readonly fcsLength: number;
  readonly fileOffset: number;
  readonly hex: string;
}

/** All that a parser told. */
export interface SeenCapture {
  readonly packets: readonly SeenPacket[];
  readonly problems: readonly Problem[];
  readonly names: readonly (readonly [string, readonly string[]])[];
  readonly secrets: readonly string[];
  readonly interfaces: readonly InterfaceDescription[];
  readonly parser: CaptureParser;
}

/** Feeds a parser with chunks that are overwritten afterwards, and writes down what it tells. */
export function record(
  create: (events: CaptureEvents) => CaptureParser,
  chunks: Iterable<Uint8Array>,
  start: { readonly firstFrame?: number; readonly firstInterfaceId?: number } = {},
): SeenCapture {
  const packets: SeenPacket[] = [];
  const problems: Problem[] = [];
  const names: [string, readonly string[]][] = [];
  const secrets: string[] = [];
  const interfaces: InterfaceDescription[] = [];
  const parser = create({
    ...start,
    onPacket: (packet) =>
      packets.push({
        frame: packet.frame,
        seconds: packet.seconds,
        nanoseconds: packet.nanoseconds,
        captured: packet.end - packet.start,
        original: packet.originalLength,
        linkType: packet.linkType,
        interfaceId: packet.interfaceId,
        fcsLength: packet.fcsLength,
        fileOffset: packet.fileOffset,
        hex: Buffer.from(packet.bytes.subarray(packet.start, packet.end)).toString('hex'),
      }),
    onProblem: (offset, reason, message) => problems.push({ offset, reason, message }),
    onName: (address, list) => names.push([address, list]),
    onSecrets: (keyLog) => secrets.push(keyLog),
    onInterface: (description) => interfaces.push(description),
  });
  for (const chunk of chunks) {
    const buffer = new Uint8Array(chunk);
    parser.push(buffer, 0, buffer.length);
    buffer.fill(0xee);
  }
  parser.finish('end');
  return { packets, problems, names, secrets, interfaces, parser };
}

/** The bytes in pieces of `length`. */
export function* pieces(bytes: Uint8Array, length: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}
