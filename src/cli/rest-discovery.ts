import { setTimeout as sleep } from 'node:timers/promises';
import type { Probe } from '../model/probe.ts';
import { FlinkRest } from '../net/flink-rest.ts';
import { RestFailure } from '../net/flink-rest-failure.ts';
import type { RestAccess } from '../net/flink-rest-types.ts';
import { ownAddresses } from '../net/own-addresses.ts';
import { discoverByRest } from '../observe/discover.ts';
import { isLoopback, type NamedTarget } from '../observe/named-target.ts';
import { type WaitResult, waitForTaskManagers } from '../observe/restart.ts';
import { Unusable } from './failure.ts';
import { restInput } from './rest-access.ts';
import type { Discovery } from './verification-plan.ts';

/** TaskManagers that have to register before anything is probed. */
export interface Awaited {
  /** `undefined`: as many as come. */
  readonly taskManagers: number | undefined;
  readonly forMs: number;
}

export interface RestDiscoveryOptions {
  readonly probes: readonly Probe[];
  readonly resolve: (name: string) => Promise<readonly string[]>;
  readonly memberOf: (host: string) => string | undefined;
  readonly awaited?: Awaited;
  readonly signal: AbortSignal;
  /** Progress of the waiting. */
  readonly say?: (line: string) => void;
}

/**
 * Asks REST for the processes of the cluster. A REST that does not answer is no end: its own port is still asked, and
 * the run is inconclusive.
 *
 * Throws `Unusable` for an address that cannot be meant.
 */
export async function discoverCluster(access: RestAccess, options: RestDiscoveryOptions): Promise<Discovery> {
  const rest = openRest(access);
  const own = restTarget(rest.url);
  try {
    const waited = options.awaited === undefined ? undefined : await wait(rest, options.awaited, options);
    if (waited?.verdict === 'unreachable' || waited?.verdict === 'interrupted') {
      return undiscovered(access, rest, waited.lines);
    }
    const found = await discoverByRest(rest, {
      probes: options.probes,
      resolve: options.resolve,
      ownAddresses: new Set([...ownAddresses(), ...(await options.resolve(own.name)).filter(isLoopback)]),
      memberOf: options.memberOf,
    });
    return {
      input: restInput(access.url, rest.trust, [...(waited?.lines ?? []), ...found.notes]),
      targets: [own, ...found.endpoints],
      lost: found.lost,
      processes: found.processes,
      configuration: found.configuration,
      flinkVersion: found.flinkVersion,
      shortfalls: waited?.verdict === 'missing' ? waited.lines : [],
    };
  } catch (error) {
    if (error instanceof RestFailure) return undiscovered(access, rest, [error.message]);
    throw error;
  } finally {
    await rest.close();
  }
}

function undiscovered(access: RestAccess, rest: FlinkRest, reasons: readonly string[]): Discovery {
  return {
    input: restInput(access.url, rest.trust, reasons),
    targets: [restTarget(rest.url)],
    lost: [],
    processes: [],
    shortfalls: reasons,
  };
}

function wait(rest: FlinkRest, awaited: Awaited, { signal, say }: RestDiscoveryOptions): Promise<WaitResult> {
  return waitForTaskManagers(rest, {
    expected: awaited.taskManagers,
    withinMs: awaited.forMs,
    progress: (line) => say?.(line),
    now: () => Date.now(),
    // An interrupt ends the pause early, and is no error.
    sleep: (ms) => sleep(ms, undefined, { signal }).catch(() => undefined),
    signal,
  });
}

function openRest(access: RestAccess): FlinkRest {
  try {
    return new FlinkRest(access);
  } catch (error) {
    if (error instanceof RestFailure) throw new Unusable(`--rest: ${error.message}`);
    throw error;
  }
}

/** The port that was spoken to is an endpoint like the others. */
function restTarget(url: URL): NamedTarget {
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  const name = url.hostname.replace(/^\[|\]$/g, '');
  return { name, port, channel: 'rest', channelBasis: 'argument', component: 'jobmanager' };
}
