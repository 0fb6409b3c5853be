import type { Segment } from '../capture/segment.ts';
import type { OwnSockets } from '../net/own-sockets.ts';
import { addressWords, isDestination, isSource } from './filter.ts';

/**
 * Whether a segment belongs to a connection that this process opened. Where a cluster is asked and its wire watched from
 * the same host, probes that provoke errors on purpose would else be told as clients in trouble.
 */
export function ownTraffic(sockets: OwnSockets): (segment: Segment) => boolean {
  return (segment) =>
    sockets
      .from(segment.sourcePort)
      .some(
        ({ local, remote }) =>
          remote.port === segment.destinationPort &&
          isHost(segment, local.host, isSource) &&
          isHost(segment, remote.host, isDestination),
      ) ||
    sockets
      .from(segment.destinationPort)
      .some(
        ({ local, remote }) =>
          remote.port === segment.sourcePort &&
          isHost(segment, remote.host, isSource) &&
          isHost(segment, local.host, isDestination),
      );
}

function isHost(segment: Segment, host: string, is: typeof isSource): boolean {
  const words = addressWords(host);
  return words !== undefined && is(segment, words);
}
