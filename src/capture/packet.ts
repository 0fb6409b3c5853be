/**
 * One captured packet. A reader reuses a single object: it is valid during the callback only, and so are its bytes.
 */
export class Packet {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  /** End of what was captured; `end - start` is the captured length. */
  end = 0;
  /** Length on the wire. */
  originalLength = 0;
  /** 1 for the first packet of the run; counts on over several inputs. */
  frame = 0;
  /** Seconds since the epoch and nanoseconds; `seconds` is -1 where the format gives no time (Simple Packet Block). */
  seconds = -1;
  nanoseconds = 0;
  /** LINKTYPE_ value. */
  linkType = 1;
  /** Interface id, unique in the run: the same capture interface of two sections or files may have two. */
  interfaceId = 0;
  /** Octets of frame check sequence at the end of the captured data. */
  fcsLength = 0;
  /** Byte offset of the record in the (decompressed) input. */
  fileOffset = 0;
}

export type PacketSink = (packet: Packet) => void;
