import { isIP } from 'node:net';
import type { ChannelId, Component } from '../model/channel.ts';

/** An endpoint before its name is looked up. */
export interface NamedTarget {
  /** Name or address, without brackets. */
  readonly name: string;
  readonly port: number;
  /** Left out: found by asking, in an order in which no request reaches a protocol where it means something. */
  readonly channel?: ChannelId;
  /** `port`: a default port that nobody named; nothing needs to listen there. */
  readonly channelBasis: 'argument' | 'configuration' | 'discovery' | 'port';
  readonly component?: Component;
  readonly member?: string;
}

/** `jm:6123`, `[::1]:6123`. */
export function placeOf(target: Pick<NamedTarget, 'name' | 'port'>): string {
  return `${target.name.includes(':') ? `[${target.name}]` : target.name}:${target.port}`;
}

/** An address literal that means every address of a host, or this very host: nothing that another process can dial. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || host === '*' || host === '';
}

export function isLoopback(host: string): boolean {
  const lower = host.toLowerCase();
  return (
    lower === 'localhost' || lower.endsWith('.localhost') || lower === '::1' || /^127(?:\.\d{1,3}){3}$/.test(lower)
  );
}

/** No address, and no name that every host has for itself. */
export function isName(host: string): boolean {
  return isIP(host) === 0 && !isLoopback(host);
}
