import type { ParsedConfiguration } from '../flink/config.ts';
import { restConfiguration } from '../flink/rest-configuration.ts';
import { fixedPort } from '../flink/rest-tls.ts';
import type { Probe } from '../model/probe.ts';
import type { ProcessIdentity } from '../model/report.ts';
import { RestFailure } from '../net/flink-rest-failure.ts';
import type { RestReader, RestTrust } from '../net/flink-rest-types.ts';
import type { LostTarget } from './active/types.ts';
import { CollectSinkGuard } from './collect-sink-guard.ts';
import { otherProcesses } from './configured-targets.ts';
import { type DiscoveredJob, discoverJobs } from './discover-jobs.ts';
import {
  type DiscoveredTaskManager,
  type HostBook,
  hostKey,
  jobManagerIdentity,
  nameTaskManagers,
  toldName,
} from './discover-members.ts';
import { isLoopback, isName, type NamedTarget } from './named-target.ts';
import { COMMON_CHANNELS, type ProcessPorts, portsOfProcess } from './process-ports.ts';

/** What Flink's REST API says of a cluster, at one moment. */
export interface Discovery {
  readonly url: string;
  readonly trust: RestTrust;
  readonly flinkVersion: string;
  /** Names are not looked up yet; several may turn out to be one endpoint. */
  readonly endpoints: readonly NamedTarget[];
  /** Endpoints that must not be connected to from here, because the name would mean another process. */
  readonly lost: readonly LostTarget[];
  readonly processes: readonly ProcessIdentity[];
  /**
   * The JobManager's, with `member: null`: taken for all processes where nobody gives theirs. Keys at their default
   * are absent.
   */
  readonly configuration: ParsedConfiguration;
  readonly jobManager: { readonly host: string; readonly member: string };
  readonly taskManagers: readonly DiscoveredTaskManager[];
  readonly jobs: readonly DiscoveredJob[];
  /** What could not be found out, one sentence each. */
  readonly notes: readonly string[];
}

export interface DiscoveryOptions {
  readonly probes: readonly Probe[];
  /** Addresses of a name; none where it has none. */
  readonly resolve: (name: string) => Promise<readonly string[]>;
  /** Addresses of this host. */
  readonly ownAddresses: ReadonlySet<string>;
  /** The name of the process at a host or address, from hosts files and configurations (`Topology.member`). */
  readonly memberOf?: (host: string) => string | undefined;
}

/**
 * Asks the JobManager for itself, its TaskManagers and its jobs. Other systems that the configuration names (object
 * stores, ZooKeeper) are left alone, and so are collect sinks.
 *
 * Rejects with `RestFailure` where an essential question has no answer.
 */
export async function discoverByRest(rest: RestReader, options: DiscoveryOptions): Promise<Discovery> {
  const { probes } = options;
  const { flinkVersion, isHistory } = await rest.dashboard();
  if (isHistory) throw historyServer(rest.url.host);
  const configuration = restConfiguration(await rest.jobManagerConfig(), { member: null, flinkVersion });
  const listed = await rest.taskManagers();
  const { jobs, notes } = await discoverJobs(rest);

  const restHost = rest.url.hostname.replace(/^\[|\]$/g, '');
  const host = configuration.setting('jobmanager.rpc.address')?.value.trim() || restHost;
  const book = await bookOf(
    [restHost, host, ...nameTaskManagers(listed, NO_BOOK).flatMap((one) => one.host ?? [])],
    options,
  );
  const taskManagers = nameTaskManagers(listed, book);
  const jobManager = {
    host,
    member: toldName(host, book) ?? toldName(restHost, book) ?? (isName(host) ? host : 'jobmanager'),
  };

  const place: Place = { configuration, probes, book, jobManager, taskManagers };
  const parts = [
    jobManagerPorts(place, rest.url, restHost),
    ...taskManagers.map((one) => taskManagerPorts(place, one)),
    ...otherProcesses(configuration, probes),
  ];
  const { allowed, refused } = new CollectSinkGuard([configuration]).divide(parts.flatMap((part) => part.endpoints));
  const isHere = [restHost, ...book.addressesOf(restHost)].some(
    (one) => isLoopback(one) || options.ownAddresses.has(one),
  );
  const elsewhere = isHere ? [] : allowed.filter(({ name }) => isLoopback(name));
  return {
    url: rest.url.href,
    trust: rest.trust,
    flinkVersion,
    endpoints: allowed.filter((target) => !elsewhere.includes(target)),
    lost: elsewhere.map((target) => ({ ...target, because: 'unresolved' })),
    processes: [...jobManagerIdentity(configuration, jobManager.member), ...taskManagers.map(identityOf)],
    configuration,
    jobManager,
    taskManagers,
    jobs,
    notes: [
      ...new Set([
        ...notes,
        ...parts.flatMap((part) => part.notes),
        ...refused.map(({ reason }) => reason),
        ...elsewhere.map(
          ({ name }) => `${name} is what processes on ${restHost} call their own host: from here it is another`,
        ),
      ]),
    ],
  };
}

interface Place {
  readonly configuration: ParsedConfiguration;
  readonly probes: readonly Probe[];
  readonly book: HostBook;
  readonly jobManager: Discovery['jobManager'];
  readonly taskManagers: readonly DiscoveredTaskManager[];
}

function historyServer(place: string): RestFailure {
  return new RestFailure(
    'not-flink',
    `${place}: is a history server, which knows no processes: give the JobManager's REST URL; as a target, history-server=${place}`,
  );
}

/** Ports that REST tells are the real ones (`ClusterEntrypoint`, BLOB from 1.15 on); of the rest, what is configured. */
function jobManagerPorts(place: Place, url: URL, restHost: string): ProcessPorts {
  const { configuration, book, jobManager } = place;
  const { host, member } = jobManager;
  const own = { component: 'jobmanager', member, channelBasis: 'discovery' } as const;
  const restPort = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  const rpc = fixedPort(configuration.settingOr('jobmanager.rpc.port', '6123'));
  const common = portsOfProcess(
    configuration,
    {
      host,
      member,
      component: 'jobmanager',
      channels: ['blob-server', 'rest', ...COMMON_CHANNELS],
      onHost: neighbours(place, host),
    },
    place.probes,
  );
  const told = common.endpoints.filter(
    (one) => one.channel !== 'rest' || isOtherRest(one, { name: restHost, port: restPort }, book),
  );
  return {
    endpoints: [
      { ...own, name: restHost, port: restPort, channel: 'rest' },
      ...(rpc === undefined ? [] : [{ ...own, name: host, port: rpc, channel: 'jobmanager-rpc' as const }]),
      ...told.map((one) => (one.channel === 'blob-server' ? { ...one, channelBasis: 'discovery' as const } : one)),
    ],
    notes: common.notes,
  };
}

/** The JobManager's own REST port beside the one that was asked: behind a proxy, an ingress, a service. */
function isOtherRest(
  own: NamedTarget,
  asked: { readonly name: string; readonly port: number },
  book: HostBook,
): boolean {
  if (own.port !== asked.port) return true;
  // `localhost` is the JobManager's own host, whatever that is called here.
  if (isLoopback(own.name)) return false;
  const addresses = book.addressesOf(own.name);
  return addresses.length > 0 && !addresses.some((address) => book.addressesOf(asked.name).includes(address));
}

function taskManagerPorts(place: Place, one: DiscoveredTaskManager): ProcessPorts {
  const { host, rpcPort, dataPort, jmxPort, member } = one;
  if (host === undefined || rpcPort === undefined) {
    return {
      endpoints: [],
      notes: [`TaskManager ${one.id}: its RPC address cannot be read, so that its host is not known`],
    };
  }
  const own = { name: host, component: 'taskmanager', member, channelBasis: 'discovery' } as const;
  const channels = ['queryable-state', 'metrics-query-service', 'prometheus'] as const;
  const common = portsOfProcess(
    place.configuration,
    { host, member, component: 'taskmanager', channels, onHost: neighbours(place, host) },
    place.probes,
  );
  return {
    endpoints: [
      { ...own, port: rpcPort, channel: 'taskmanager-rpc' },
      ...(dataPort > 0 ? [{ ...own, port: dataPort, channel: 'taskmanager-data' as const }] : []),
      ...(jmxPort > 0 ? [{ ...own, port: jmxPort, channel: 'jmx' as const }] : []),
      // What the JobManager's configuration says of such ports need not hold for another process: a guess.
      ...common.endpoints.map((guess) => ({ ...guess, channelBasis: 'port' as const })),
    ],
    notes: common.notes,
  };
}

function neighbours({ jobManager, taskManagers, book }: Place, host: string): 'alone' | 'several' {
  const hosts = [jobManager.host, ...taskManagers.flatMap((one) => one.host ?? [])];
  return hosts.filter((one) => hostKey(one, book) === hostKey(host, book)).length > 1 ? 'several' : 'alone';
}

function identityOf({ member, id }: DiscoveredTaskManager): ProcessIdentity {
  return { component: 'taskmanager', member, source: 'rest', identity: id };
}

const NO_BOOK: HostBook = { addressesOf: () => [], memberOf: () => undefined };

async function bookOf(hosts: readonly string[], options: DiscoveryOptions): Promise<HostBook> {
  const names = [...new Set(hosts)];
  const found = new Map(await Promise.all(names.map(async (name) => [name, await options.resolve(name)] as const)));
  return {
    addressesOf: (host) => found.get(host) ?? [],
    memberOf: (host) => options.memberOf?.(host),
  };
}
