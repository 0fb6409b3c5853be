import { isIP } from 'node:net';
import { CHANNEL_IDS, type ChannelId } from '../model/channel.ts';
import { HttpFault } from './fault.ts';

/** `[CHANNEL=]HOST:PORT`, as `verify` has it, the port always there. */
export interface ProbeTarget {
  readonly channel?: ChannelId;
  /** Lower case; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

const NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$/;

/** @throws HttpFault 400 */
export function parseProbeTarget(text: string): ProbeTarget {
  const match = /^(?:([a-z0-9-]+)=)?(\[[0-9A-Fa-f:.]+\]|[^[\]:/@?#\s]+):(\d{1,5})$/.exec(text);
  if (match === null) throw new HttpFault(400, 'target must be HOST:PORT or CHANNEL=HOST:PORT');
  const [, id, place, digits] = match;
  const channel = CHANNEL_IDS.find((one) => one === id);
  if (id !== undefined && channel === undefined) throw new HttpFault(400, 'target names no channel that there is');
  if (channel === 'collect-sink') throw new HttpFault(400, 'a collect sink is never connected to');
  const host = canonicalAddress(place!.replace(/^\[|\]$/g, '').toLowerCase());
  const isHost = place!.startsWith('[') ? isIP(host) > 0 : isIP(host) === 4 || (NAME.test(host) && !isNumeric(host));
  const port = Number(digits);
  if (!isHost || port < 1 || port > 65_535) throw new HttpFault(400, 'target has no host and port that there can be');
  return { host, port, ...(channel === undefined ? {} : { channel }) };
}

/** One way to write each address, so that lists can be compared; an IPv4 address in IPv6 is the IPv4 address. */
export function canonicalAddress(text: string): string {
  if (isIP(text) !== 6) return text;
  const short = new URL(`http://[${text.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short);
  if (mapped === null) return short;
  const octets = [mapped[1]!, mapped[2]!].flatMap((half) => {
    const value = Number.parseInt(half, 16);
    return [value >> 8, value & 0xff];
  });
  return octets.join('.');
}

/** `127.1`, `0x7f.1`, `2130706433`: resolvers take them for addresses, allow-lists do not. */
function isNumeric(host: string): boolean {
  return /^(?:0x[0-9a-f]*|\d+)$/.test(host.split('.').at(-1) ?? '');
}

export function targetText({ channel, port }: ProbeTarget, address: string): string {
  const host = isIP(address) === 6 ? `[${address}]` : address;
  return `${channel === undefined ? '' : `${channel}=`}${host}:${port}`;
}
