import { isIPv4, isIPv6 } from 'node:net';
import { CHANNEL_IDS, type ChannelId } from '../model/channel.ts';
import type { Probe } from '../model/probe.ts';
import type { NamedTarget } from './named-target.ts';
import { COMMON_CHANNELS } from './process-ports.ts';

/** A target as an operator wrote it. */
export type ParsedTarget =
  | { readonly kind: 'endpoint'; readonly name: string; readonly port: number; readonly channel?: ChannelId }
  /** No port: Flink's default ports of that host. */
  | { readonly kind: 'host'; readonly name: string };

/** A target that cannot be meant; the message says what is wrong and how it is written. */
export class TargetError extends Error {
  override readonly name: string = 'TargetError';
}

/** A collect sink serves one connection at a time, and a request moves its offset. */
export const NEVER_COLLECT_SINK: string =
  'a collect sink is never connected to: it serves one connection at a time, and a foreign one breaks the query that runs';

const FORMS = 'CHANNEL=HOST:PORT, HOST:PORT or HOST';

/**
 * `blob-server=jm:6124`, `jm:6124`, `jm`, with IPv6 addresses in brackets: `rest=[::1]:8081`, `[::1]`.
 *
 * Throws {@link TargetError}.
 */
export function parseTarget(text: string): ParsedTarget {
  const written = text.trim();
  const fail = (reason: string): TargetError => new TargetError(`${JSON.stringify(written)}: ${reason}`);
  if (written === '') throw new TargetError(`empty target: write ${FORMS}`);
  const url = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i.exec(written);
  if (url !== null) {
    throw fail(`is a URL; as a target write ${url[2] === '' ? 'HOST:PORT' : url[2]}, for discovery give it as --rest`);
  }
  const equals = written.indexOf('=');
  const channel = equals < 0 ? undefined : channelOf(written.slice(0, equals).trim(), fail);
  const [host, port] = split(written.slice(equals + 1).trim(), fail);
  checkHost(host, fail);
  if (port !== undefined) {
    return { kind: 'endpoint', name: host, port: portOf(port, fail), ...(channel === undefined ? {} : { channel }) };
  }
  if (channel !== undefined) throw fail(`a channel needs a port: write ${channel}=${host}:PORT`);
  return { kind: 'host', name: host };
}

type Fail = (reason: string) => TargetError;

function channelOf(id: string, fail: Fail): ChannelId {
  const known = CHANNEL_IDS.find((one) => one === id);
  if (known === 'collect-sink') throw fail(NEVER_COLLECT_SINK);
  if (known !== undefined) return known;
  if (id === 'unknown') throw fail('leave "unknown=" out: the channel of HOST:PORT is found by asking');
  throw fail(`no channel is called ${JSON.stringify(id)}; channels are ${CHANNEL_IDS.join(', ')}`);
}

/** Host without brackets, and the text behind its colon. */
function split(place: string, fail: Fail): readonly [string, string | undefined] {
  if (place.startsWith('[')) {
    const parts = /^\[([^\]]*)\](?::(.*))?$/.exec(place);
    if (parts === null) throw fail('an IPv6 address in brackets is written [ADDRESS]:PORT');
    if (!isIPv6(parts[1]!)) throw fail(`${JSON.stringify(parts[1])} in brackets is no IPv6 address`);
    return [parts[1]!, parts[2]];
  }
  const colons = place.split(':').length - 1;
  if (colons > 1) {
    throw fail(
      isIPv6(place) ? `an IPv6 address stands in brackets: [${place}] or [${place}]:PORT` : 'has more than one colon',
    );
  }
  const colon = place.indexOf(':');
  return colon < 0 ? [place, undefined] : [place.slice(0, colon), place.slice(colon + 1)];
}

/** Longest name that the DNS can hold (RFC 1035 section 2.3.4), without its last dot. */
const MAX_NAME = 253;

function checkHost(host: string, fail: Fail): void {
  if (host === '') throw fail(`has no host: write ${FORMS}`);
  if (isIPv6(host)) {
    // Such a target could not stand in a report, which has addresses without zones.
    if (host.includes('%')) throw fail('an address with a zone cannot be asked: give one that is not link-local');
    if (host === '::') throw fail(':: is no address to connect to; write localhost or the host’s own address');
    return;
  }
  if (isIPv4(host)) {
    if (host === '0.0.0.0')
      throw fail('0.0.0.0 is no address to connect to; write localhost or the host’s own address');
    return;
  }
  if (/^\d+$/.test(host)) throw fail(`is a port without a host: write HOST:${host}`);
  // `127.1`, `0x7f.1`: resolvers take them for addresses (inet_aton), people for names.
  if (/^(?:0x[0-9a-f]*|\d*)(?:\.(?:0x[0-9a-f]*|\d*))*$/i.test(host)) {
    throw fail(`${JSON.stringify(host)} is neither a name nor an IPv4 address of four numbers`);
  }
  const odd = /[\s/\\@?#%,;'"<>|*]/.exec(host)?.[0];
  if (odd !== undefined) throw fail(`a host name has no ${JSON.stringify(odd)}`);
  if (host.length > MAX_NAME) throw fail(`a host name has at most ${MAX_NAME} characters`);
}

function portOf(text: string, fail: Fail): number {
  if (text === '') throw fail('has no port behind its colon');
  if (/^\d+-\d+$/.test(text)) throw fail('one port, no range: flinkprobe asks only ports that it was given');
  if (!/^\d{1,5}$/.test(text)) throw fail(`${JSON.stringify(text)} is no port: a number from 1 to 65535`);
  const port = Number(text);
  if (port < 1 || port > 65_535) throw fail(`${port} is no port: a number from 1 to 65535`);
  return port;
}

/**
 * One target a line; `#` starts a comment, and empty lines are skipped.
 *
 * Throws {@link TargetError} with file and line.
 */
export function parseTargetsFile(text: string, file: string): readonly ParsedTarget[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  return lines.flatMap((line, index) => {
    const written = line.replace(/(?:^|\s)#.*$/, '').trim();
    if (written === '') return [];
    try {
      return [parseTarget(written)];
    } catch (error) {
      if (error instanceof TargetError) throw new TargetError(`${file}:${index + 1}: ${error.message}`);
      throw error;
    }
  });
}

/** The endpoints that a target means: itself, or the default ports of its host. */
export function targetsOf(parsed: ParsedTarget, probes: readonly Probe[]): readonly NamedTarget[] {
  if (parsed.kind === 'host') return defaultTargets(parsed.name, probes);
  const { name, port, channel } = parsed;
  const component = probes.find((probe) => probe.id === channel)?.component;
  return [
    {
      name,
      port,
      channelBasis: 'argument',
      ...(channel === undefined ? {} : { channel }),
      // Either component may serve these: the port's neighbours and its answers tell which.
      ...(component === undefined || COMMON_CHANNELS.includes(channel!) ? {} : { component }),
    },
  ];
}

/** Flink's default ports on a host, of the channels that may be asked. Nothing needs to listen there. */
export function defaultTargets(host: string, probes: readonly Probe[]): readonly NamedTarget[] {
  return probes
    .filter((probe) => probe.protection !== 'outside' && probe.ask !== undefined)
    .flatMap((probe) =>
      probe.defaultPorts.map((port) => ({
        name: host,
        port,
        channel: probe.id,
        channelBasis: 'port' as const,
        ...(COMMON_CHANNELS.includes(probe.id) ? {} : { component: probe.component }),
      })),
    );
}
