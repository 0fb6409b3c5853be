import { parseRpcAddress, type RpcAddress } from '../flink/rpc-address.ts';
import type { EffectiveConfiguration } from '../model/probe.ts';
import type { ProcessIdentity } from '../model/report.ts';
import type { TaskManagerAnswer } from '../net/flink-rest-types.ts';
import { isLoopback, isName } from './named-target.ts';

/** A TaskManager as the JobManager lists it. */
export interface DiscoveredTaskManager {
  /** Resource id: new at each start, unless configured. */
  readonly id: string;
  readonly member: string;
  /** Name or address that it advertises; absent where its RPC address cannot be read. */
  readonly host?: string;
  readonly rpcPort?: number;
  /** Its own setting of RPC TLS, told by the scheme of its address. */
  readonly rpcScheme?: `${'akka' | 'pekko'}.${'tcp' | 'ssl.tcp'}`;
  readonly dataPort: number;
  /** -1: none. */
  readonly jmxPort: number;
  /** Milliseconds since the epoch, by the JobManager's clock. */
  readonly lastHeartbeatAt: number;
}

/** Addresses of hosts as far as they have any, and the names that somebody gave to hosts or addresses. */
export interface HostBook {
  addressesOf(host: string): readonly string[];
  memberOf(host: string): string | undefined;
}

/** `10.0.0.7:41321-1f2e3d` (`TaskManagerRunner.getTaskManagerResourceID`); the six digits are random. */
const GENERATED = /^(?:\[([^\]]+)\]|([^:]+)):\d{1,5}-[0-9a-f]{6}$/;

/** Gives each TaskManager the name that it keeps over restarts, as far as there is one. */
export function nameTaskManagers(
  listed: readonly TaskManagerAnswer[],
  book: HostBook,
): readonly DiscoveredTaskManager[] {
  const read = listed.map((one) => ({ one, rpc: parseRpcAddress(one.path) }));
  const keys = read.map(({ one, rpc }) => hostKey(rpc?.host ?? one.id, book));
  return read.map(({ one, rpc }, index) => {
    const isAlone = keys.filter((key) => key === keys[index]).length === 1;
    const { id, dataPort, jmxPort, lastHeartbeatAt } = one;
    return {
      id,
      member: memberOf(id, rpc, isAlone, book),
      ...(rpc === undefined
        ? {}
        : { host: rpc.host, rpcPort: rpc.port, rpcScheme: `${rpc.library}.${rpc.transport}` as const }),
      dataPort,
      jmxPort,
      lastHeartbeatAt,
    };
  });
}

/** The same for all names and addresses of one host. */
export function hostKey(host: string, book: HostBook): string {
  return isLoopback(host) ? 'localhost' : (book.addressesOf(host)[0] ?? host.toLowerCase());
}

function memberOf(id: string, rpc: RpcAddress | undefined, isAlone: boolean, book: HostBook): string {
  const generated = GENERATED.exec(id);
  if (rpc === undefined) return generated?.[1] ?? generated?.[2] ?? id;
  // Of several on one host, an id that somebody configured tells one from the other, or else the port.
  if (!isAlone) return generated === null ? id : `${rpc.host}:${rpc.port}`;
  const told = toldName(rpc.host, book);
  if (told !== undefined) return told;
  if (isName(rpc.host)) return rpc.host;
  // In Kubernetes the id is the pod's name.
  return generated === null ? id : rpc.host;
}

/** A name from a hosts file or a configuration: for the host, or for one of its addresses. */
export function toldName(host: string, book: HostBook): string | undefined {
  const names = [...book.addressesOf(host), host].map((one) => book.memberOf(one));
  return names.find((name) => name !== undefined && name.toLowerCase() !== host.toLowerCase());
}

/**
 * The JobManager's web directory ends with a UUID that is new at each start (`ClusterEntrypoint`,
 * `generateClusterConfiguration`).
 */
export function jobManagerIdentity(configuration: EffectiveConfiguration, member: string): readonly ProcessIdentity[] {
  const directory = configuration.setting('web.tmpdir')?.value.trim() ?? '';
  const uuid = /flink-web-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/?$/.exec(directory)?.[1];
  return uuid === undefined ? [] : [{ component: 'jobmanager', member, source: 'rest', identity: uuid }];
}
