import type { Segment } from '../capture/segment.ts';
import type { OwnSockets } from '../net/own-sockets.ts';
import type { Address } from '../net/wire.ts';
import { addressWords, isDestination, isSource } from './filter.ts';

/**
 * Whether a segment belongs to a connection that this process opened. Where a cluster is asked and its wire watched from
 * the same host, probes that provoke errors on purpose would else be told as clients in trouble.
 */
export function ownTraffic(sockets: OwnSockets): (segment: Segment) => boolean {
  return (segment) =>
    sockets.from(segment.sourcePort).some(({ local, remote }) => isSent(segment, local, remote)) ||
    sockets.from(segment.destinationPort).some(({ local, remote }) => isSent(segment, remote, local));
}

function isSent(segment: Segment, from: Address, to: Address): boolean {
  return (
    segment.sourcePort === from.port &&
    segment.destinationPort === to.port &&
    isHost(segment, from.host, isSource) &&
    isHost(segment, to.host, isDestination)
  );
}

function isHost(segment: Segment, host: string, is: typeof isSource): boolean {
  const words = addressWords(host);
  return words !== undefined && is(segment, words);
}
