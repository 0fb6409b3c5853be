import { Segment } from '../../capture/segment.ts';
import { ConnectionTracker } from '../../capture/tracker.ts';
import type { ClearProtocol } from '../../model/probe.ts';
import type { Address, Transcript } from '../../net/wire.ts';
import { KeyLog } from '../../tls/key-log.ts';
import { Dialogue } from '../dialogue.ts';
import { type ConnectionRecord, recordConnection } from '../record.ts';
import { addressOctets, type TranscriptPacket, transcriptPackets } from './transcript-packets.ts';

/**
 * What one connection of ours came to, judged by the same machine that reads captures: the record is the one that
 * reading the transcript's packets in a capture gives, where the first of them is frame `number.first`.
 *
 * A connection that never stood has a record too (`silent`, no SYN-ACK), which captures only count.
 */
export function recordTranscript(
  transcript: Transcript,
  number: { readonly first: number },
  protocols: readonly ClearProtocol[],
): ConnectionRecord {
  const keyLog = new KeyLog();
  for (const line of transcript.secrets) keyLog.add(line);
  const records: ConnectionRecord[] = [];
  const tracker = new ConnectionTracker(
    {
      carriesData: (connection) => {
        connection.consumer = new Dialogue('syn', protocols, keyLog.size > 0 ? keyLog : undefined);
      },
      finished: (connection) => {
        const dialogue = connection.consumer instanceof Dialogue ? connection.consumer : undefined;
        records.push(recordConnection(connection, dialogue));
      },
    },
    { openConnections: 1 },
  );
  const segment = new Segment();
  const ends = [endOf(transcript.local), endOf(transcript.remote)] as const;
  for (const [index, packet] of transcriptPackets(transcript, number.first).entries()) {
    fill(segment, packet, ends, number.first + index);
    tracker.take(segment);
  }
  tracker.finish();
  return records[0]!;
}

interface End {
  readonly version: 4 | 6;
  readonly words: readonly [number, number, number, number];
  readonly port: number;
}

function endOf({ host, port }: Address): End {
  const bytes = addressOctets(host);
  const word = (at: number): number =>
    at < bytes.length ? (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]! : 0;
  return { version: bytes.length === 4 ? 4 : 6, words: [word(0), word(4), word(8), word(12)], port };
}

function fill(segment: Segment, packet: TranscriptPacket, ends: readonly [End, End], frame: number): void {
  const source = ends[packet.from];
  const destination = ends[packet.from === 0 ? 1 : 0];
  segment.ipVersion = ends[1].version;
  [segment.source0, segment.source1, segment.source2, segment.source3] = source.words;
  [segment.destination0, segment.destination1, segment.destination2, segment.destination3] = destination.words;
  segment.sourcePort = source.port;
  segment.destinationPort = destination.port;
  segment.sequence = packet.sequence;
  segment.acknowledgement = packet.acknowledgement;
  segment.flags = packet.flags;
  segment.bytes = packet.payload;
  segment.end = packet.payload.length;
  segment.length = packet.payload.length;
  segment.frame = frame;
  segment.seconds = packet.seconds;
  segment.nanoseconds = packet.nanoseconds;
}
