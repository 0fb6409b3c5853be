/** TCP flags (RFC 9293 section 3.1). */
export const TcpFlag = { FIN: 0x01, SYN: 0x02, RST: 0x04, PSH: 0x08, ACK: 0x10, URG: 0x20 } as const;

/**
 * One TCP segment, decoded in place. The decoder reuses a single object: valid during the callback only.
 *
 * Addresses are four signed 32-bit words each; IPv4 addresses stand in the first word, the others are 0.
 */
export class Segment {
  ipVersion: 4 | 6 = 4;
  source0 = 0;
  source1 = 0;
  source2 = 0;
  source3 = 0;
  destination0 = 0;
  destination1 = 0;
  destination2 = 0;
  destination3 = 0;
  sourcePort = 0;
  destinationPort = 0;
  /** Interned path of VLANs and tunnels around this segment (`Encapsulations`); 0 is none. */
  encapsulation = 0;
  sequence = 0;
  acknowledgement = 0;
  flags = 0;
  /** IPv4 identification or, in IPv6, 0. */
  ipIdentification = 0;
  /** TCP checksum as captured: part of a packet's identity, duplicates have the same one. */
  checksum = 0;
  bytes: Uint8Array = new Uint8Array(0);
  /** Captured payload. */
  start = 0;
  end = 0;
  /** Payload length on the wire; more than `end - start` where the capture was cut. */
  length = 0;
  frame = 0;
  seconds = 0;
  nanoseconds = 0;
  interfaceId = 0;
}

export type SegmentSink = (segment: Segment) => void;
