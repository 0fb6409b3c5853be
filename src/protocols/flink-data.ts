import type { Certainty, Side } from '../bytes/stream.ts';
import type { ClearFollower, ClearProtocol, ClearReading, StreamStart } from '../model/probe.ts';
import { DataSide, PARTITION_REQUEST, PARTITION_REQUEST_LENGTHS } from './flink-data-side.ts';

/** Flink's data plane: records, barriers and credits between TaskManagers. */
export const flinkData: ClearProtocol = {
  name: 'flink-data',
  order: 11,
  follow: (start) => new DataFollower(start),
};

/** Class of each message id, as in `NettyMessage`, and the end that sends it. */
const MESSAGES: readonly { readonly name: string; readonly from: 'client' | 'server' }[] = [
  { name: 'BufferResponse', from: 'server' },
  { name: 'ErrorResponse', from: 'server' },
  { name: 'PartitionRequest', from: 'client' },
  { name: 'TaskEventRequest', from: 'client' },
  { name: 'CancelPartitionRequest', from: 'client' },
  { name: 'CloseRequest', from: 'client' },
  { name: 'AddCredit', from: 'client' },
  { name: 'ResumeConsumption', from: 'client' },
  { name: 'AckAllUserRecordsProcessed', from: 'client' },
  { name: 'BacklogAnnouncement', from: 'server' },
  { name: 'NewBufferSize', from: 'client' },
  { name: 'SegmentId', from: 'client' },
];

class DataFollower implements ClearFollower {
  readonly #start: StreamStart;
  readonly #sides: readonly [DataSide, DataSide];

  constructor(start: StreamStart) {
    this.#start = start;
    const [a, b] = [new DataSide(start), new DataSide(start)];
    a.peer = b;
    b.peer = a;
    this.#sides = [a, b];
  }

  get certainty(): Certainty {
    const [a, b] = this.#sides;
    if (a.confirmed || b.confirmed || (a.frames > 0 && b.frames > 0) || this.#sawRequest()) {
      return 'sure';
    }
    // The client speaks first: where side 0 sent the SYN, its first bytes decide.
    const given = this.#start === 'syn' ? a.phase === 'other' : a.phase === 'other' && b.phase === 'other';
    return given ? 'no' : 'maybe';
  }

  /** A whole PartitionRequest of a known length at the start of the client's stream. */
  #sawRequest(): boolean {
    const [a, b] = this.#sides;
    const request = a.requestLength ?? b.requestLength;
    return this.#start === 'syn' && request !== undefined && PARTITION_REQUEST_LENGTHS.includes(request);
  }

  feed(side: Side, bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    this.#sides[side].feed(bytes, start, end, streamOffset, frame);
  }

  gap(side: Side, length: number): void {
    this.#sides[side].gap(length);
  }

  close(): void {
    // Frames end where they end: nothing is held that the end of the stream would decide.
  }

  #clientSide(): Side | undefined {
    for (const side of [0, 1] as const) {
      const sent = MESSAGES.find((_, id) => this.#sides[side].ids[id]! > 0);
      if (sent !== undefined) {
        return (sent.from === 'client') === (side === 0) ? 0 : 1;
      }
    }
    return undefined;
  }

  reading(): ClearReading {
    const [a, b] = this.#sides;
    const clientSide = this.#clientSide();
    return {
      protocol: flinkData.name,
      channel: 'taskmanager-data',
      ...(clientSide === undefined ? {} : { clientSide }),
      serverComponent: 'taskmanager',
      clientComponent: 'taskmanager',
      details: this.#details(),
      firstBytes: this.#sides[clientSide ?? 0].firstBytes ?? a.firstBytes ?? b.firstBytes ?? new Uint8Array(0),
      stateTransfer: ([0, 1] as const).flatMap((side) => {
        const it = this.#sides[side];
        const place = { side, frame: it.recordFrame, streamOffset: it.recordOffset };
        return it.recordBuffers === 0
          ? []
          : [{ kind: 'records' as const, ...place, bytes: it.recordBytes, count: it.recordBuffers }];
      }),
      credentials: [],
      hints: [],
      answered: a.frames > 0 && b.frames > 0,
    };
  }

  #details(): ClearReading['details'] {
    const [a, b] = this.#sides;
    const messages = MESSAGES.flatMap(({ name }, id) => {
      const count = a.ids[id]! + b.ids[id]!;
      return count === 0 ? [] : [`${name} ×${count}`];
    });
    const dataTypes: string[] = [];
    for (let type = 0; type < a.dataTypes.length; type++) {
      const count = a.dataTypes[type]! + b.dataTypes[type]!;
      if (count > 0) {
        dataTypes.push(`${dataTypeName(type)} ×${count}`);
      }
    }
    const details: Record<string, string | number | readonly string[]> = { frames: a.frames + b.frames, messages };
    if (dataTypes.length > 0) {
      details.dataTypes = dataTypes;
    }
    const versions = this.#versions();
    if (versions !== undefined) {
      details.flinkVersions = versions;
    }
    const requests = a.ids[PARTITION_REQUEST]! + b.ids[PARTITION_REQUEST]!;
    const optional = {
      partitionRequests: requests,
      compressedBuffers: a.compressedBuffers + b.compressedBuffers,
      unreadBuffers: a.unreadBuffers + b.unreadBuffers,
      resynchronisations: a.resynchronisations + b.resynchronisations,
    };
    for (const [key, count] of Object.entries(optional)) {
      if (count > 0) {
        details[key] = count;
      }
    }
    return details;
  }

  /** Versions that write frames of these lengths. */
  #versions(): string | undefined {
    const [a, b] = this.#sides;
    const layout = a.layout ?? b.layout;
    switch (a.requestLength ?? b.requestLength) {
      case 69:
        return '1.13–1.15';
      case 93:
        return '1.16–1.18';
      case 97:
        return layout === 43 ? '1.19–1.20' : layout === 47 ? '2.0+' : '1.19+';
      default:
        return layout === 39 ? '1.13–1.18' : layout === 43 ? '1.19–1.20' : layout === 47 ? '2.0+' : undefined;
    }
  }
}

/** `Buffer.DataType`, as far as recordings prove it. */
function dataTypeName(type: number): string {
  if (type === 1) {
    return 'records';
  }
  return type === 4 ? 'checkpoint-barrier' : `unknown_0x${type.toString(16).padStart(2, '0')}`;
}
