/** The package has no types. Events: `packetHeader`, `packet`, `error`, `end`. */
declare module 'pcap-parser' {
  interface PacketHeader {
    readonly timestampSeconds: number;
    readonly timestampMicroseconds: number;
    readonly capturedLength: number;
    readonly originalLength: number;
  }

  interface Parser {
    on(event: 'packetHeader', listener: (header: PacketHeader) => void): this;
    on(event: 'packet', listener: (packet: { readonly header: PacketHeader; readonly data: Uint8Array }) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
    on(event: 'end', listener: () => void): this;
  }

  /** A path, or anything that emits `data`, `error` and `end` and can pause and resume. */
  export function parse(input: string | import('node:stream').Stream): Parser;
}
