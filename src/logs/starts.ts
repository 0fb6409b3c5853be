import { parseRpcAddress, type RpcAddress } from '../flink/rpc-address.ts';
import type { Component } from '../model/channel.ts';
import { type LogEntry, simpleName } from './entry.ts';
import type { Place, Sign } from './evidence.ts';

/** How one message is known, and what it tells. Loggers: simple names of the classes that write it, over all versions. */
interface Matcher {
  readonly message: RegExp;
  readonly loggers: RegExp;
  readonly sign: (parts: RegExpExecArray, entry: LogEntry) => Sign | undefined;
}

const ANY_FLINK = /^/;

/** Messages of processes that start, listen and connect (all Flink 1.13 to 2.3 unless said otherwise). */
const MATCHERS: readonly Matcher[] = [
  {
    message: /^Actor system started at (\S+)$/,
    // BootstrapTools up to 1.13, AkkaBootstrapTools and AkkaRpcServiceUtils up to 1.17, then Pekko's.
    loggers: /^(?:Akka|Pekko)?RpcServiceUtils$|BootstrapTools$/,
    sign: ([, address]) => actorSystem('actor-system-started', address!),
  },
  {
    message: /^Remoting started; listening on addresses ?:\[([^\]\s]+(?:\][^\]\s]*)?)\]$/,
    loggers: /^Remoting$/,
    sign: ([, address]) => actorSystem('remoting-started', address!),
  },
  {
    message: /^NettyConfig \[server address: ([^,]*), server port(?: range)?: ([^,]*), ssl enabled: (true|false)/,
    loggers: /^NettyConfig$/,
    sign: ([, address, ports, enabled]) => ({
      event: 'data-server-configured',
      channel: 'taskmanager-data',
      writer: 'taskmanager',
      says: enabled === 'true' ? 'tls' : 'clear',
      server: place(address!, ports!),
      text: `NettyConfig has ssl enabled: ${enabled}, server port ${ports}`,
    }),
  },
  {
    message: /^Successful initialization \(took \d+ ms\)\. Listening on SocketAddress (\S+?)\.?$/,
    loggers: /^NettyServer$/,
    sign: ([, address]) => listening('data-server-listening', 'taskmanager-data', address!, 'taskmanager'),
  },
  {
    message: /^Started BLOB server at (\S+)/,
    loggers: /^BlobServer$/,
    sign: ([, address]) => listening('blob-server-started', 'blob-server', address!, 'jobmanager'),
  },
  {
    message: /^(?:Starting|Started)?\s*Rest endpoint listening at (\S+?)\.?$/,
    loggers: /RestEndpoint$|^RestServerEndpoint$/,
    sign: ([, address], entry) => restEndpoint(address!, entry),
  },
  {
    message: /^Web frontend listening at (?:(https?):\/\/)?(\S+?)\.?$/,
    loggers: /RestEndpoint$|^WebMonitorEndpoint$|^HistoryServer$|^WebFrontendBootstrap$/,
    sign: ([, scheme, address], entry) => webFrontend(scheme, address!, entry),
  },
  {
    message: /^Enabling SSL for the history server/,
    loggers: /^HistoryServer$/,
    sign: () => ({
      event: 'history-server-tls',
      channel: 'history-server',
      writer: 'history-server',
      says: 'tls',
      text: 'TLS is enabled for the history server',
    }),
  },
  {
    message: /^Started PrometheusReporter HTTP server on port (\d+)/,
    loggers: /^PrometheusReporter$/,
    sign: ([, port]) => unprotected('prometheus-started', 'prometheus', port!, 'Prometheus reporter'),
  },
  {
    message: /^Started JMX server on port (\d+)/,
    loggers: /^JMX(?:Service|Reporter|Server)$/,
    sign: ([, port]) => unprotected('jmx-started', 'jmx', port!, 'JMX server'),
  },
  {
    message: /^Started Queryable State (Proxy )?Server @ (\S+?)\.?$/,
    loggers: ANY_FLINK,
    sign: ([, proxy, address]) => ({
      ...listening('queryable-state-started', 'queryable-state', address!, 'taskmanager'),
      says: 'clear',
      text: `queryable state ${proxy === undefined ? 'server' : 'proxy'} listens at ${textOf(placeOf(address!))}; Flink has no TLS for it`,
    }),
  },
  {
    message: /^(?:Collect sink server established, address = |Received sink socket server address: )(\S+)$/,
    loggers: ANY_FLINK,
    sign: ([, address]) => ({
      ...listening('collect-sink-started', 'collect-sink', address!),
      says: 'clear',
      text: `collect sink listens at ${textOf(placeOf(address!))}; Flink has no TLS for it`,
    }),
  },
  {
    message: /HiveServer2 Endpoint begins to listen on (\S+?)\.?$/,
    loggers: ANY_FLINK,
    sign: ([, address]) => listening('hiveserver2-started', 'hiveserver2', address!),
  },
  {
    message: /^Checkpoint storage is set to '([\w-]+)'(?:: \((?:checkpoints|savepoints) "([^"]*)")?/,
    loggers: ANY_FLINK,
    sign: ([, kind, path]) => checkpointStorage(kind!, path),
  },
  {
    message: /SSL handler added for channel/,
    loggers: /^ClientCnxnSocketNetty$/,
    sign: () => ({
      event: 'zookeeper-client',
      channel: 'high-availability',
      says: 'tls',
      text: 'the ZooKeeper client speaks TLS',
    }),
  },
  {
    message: /^Connecting to ResourceManager (\S+?)(?:\([0-9a-f]*\))?\.?$/,
    loggers: ANY_FLINK,
    sign: ([, address], entry) => resourceManager(address!, entry, 'connects to'),
  },
  {
    message: /^Could not resolve ResourceManager address (\S+), retrying/,
    loggers: ANY_FLINK,
    sign: ([, address], entry) => resourceManager(address!, entry, 'cannot reach'),
  },
  {
    message: /^Registering TaskManager with ResourceID (\S+) \(([^)]+)\) at ResourceManager/,
    loggers: ANY_FLINK,
    sign: ([, , address]) => {
      const rpc = parseRpcAddress(address!);
      return rpc === undefined
        ? undefined
        : {
            event: 'taskmanager-registered',
            channel: 'taskmanager-rpc',
            writer: 'jobmanager',
            says: saysOf(rpc),
            server: { host: rpc.host, port: rpc.port },
            text: `a TaskManager registers from ${schemeOf(rpc)} ${rpc.host}:${rpc.port}`,
          };
    },
  },
];

/** What the message of one entry tells of a process that runs as it should; undefined where that is nothing. */
export function readSign(entry: LogEntry): Sign | undefined {
  const logger = simpleName(entry.logger);
  for (const { message, loggers, sign } of MATCHERS) {
    const parts = message.exec(entry.message);
    if (parts === null || (logger !== '' && !loggers.test(logger))) continue;
    return sign(parts, entry);
  }
  return undefined;
}

function actorSystem(event: 'actor-system-started' | 'remoting-started', address: string): Sign | undefined {
  const rpc = parseRpcAddress(address);
  if (rpc === undefined || !/^flink(?:-metrics)?$/.test(rpc.system)) return undefined;
  return {
    event,
    channel: rpc.system === 'flink' ? 'rpc' : 'metrics-query-service',
    says: saysOf(rpc),
    server: { host: rpc.host, port: rpc.port },
    text: `actor system ${rpc.system} started at ${schemeOf(rpc)} ${rpc.host}:${rpc.port}`,
  };
}

function saysOf(rpc: RpcAddress): 'tls' | 'clear' {
  return rpc.transport === 'ssl.tcp' ? 'tls' : 'clear';
}

function schemeOf(rpc: RpcAddress): string {
  return `${rpc.library}.${rpc.transport}`;
}

function resourceManager(
  address: string,
  { logger }: LogEntry,
  doing: 'connects to' | 'cannot reach',
): Sign | undefined {
  const rpc = parseRpcAddress(address);
  if (rpc === undefined) return undefined;
  return {
    event: 'resource-manager-address',
    channel: 'jobmanager-rpc',
    ...(/^(?:JobMaster)/.test(simpleName(logger)) ? { writer: 'jobmanager' as const } : {}),
    ...(/^TaskExecutor/.test(simpleName(logger)) ? { writer: 'taskmanager' as const } : {}),
    says: saysOf(rpc),
    server: { host: rpc.host, port: rpc.port },
    text: `${doing} the ResourceManager at ${schemeOf(rpc)} ${rpc.host}:${rpc.port}`,
  };
}

function restEndpoint(address: string, { logger }: LogEntry): Sign {
  const isGateway = /^SqlGateway/.test(simpleName(logger));
  return isGateway
    ? listening('rest-endpoint-listening', 'sql-gateway', address, 'sql-gateway')
    : listening('rest-endpoint-listening', 'rest', address, 'jobmanager');
}

/** The history server writes no scheme, in clear and with TLS alike. */
function webFrontend(scheme: string | undefined, address: string, { logger }: LogEntry): Sign {
  const isHistory = scheme === undefined && !/RestEndpoint$|^WebMonitorEndpoint$/.test(simpleName(logger));
  const sign = isHistory
    ? listening('web-frontend-listening', 'history-server', address, 'history-server')
    : listening('web-frontend-listening', 'rest', address, 'jobmanager');
  if (scheme === undefined) return sign;
  const text = `web frontend listens at ${scheme}://${textOf(placeOf(address))}`;
  return { ...sign, says: scheme === 'https' ? 'tls' : 'clear', text };
}

function listening(event: Sign['event'], channel: Sign['channel'], address: string, writer?: Component): Sign {
  const server = placeOf(address);
  return {
    event,
    channel,
    ...(writer === undefined ? {} : { writer }),
    server,
    text: `${channel} listens at ${textOf(server)}`,
  };
}

function unprotected(event: Sign['event'], channel: Sign['channel'], port: string, what: string): Sign {
  return {
    event,
    channel,
    says: 'clear',
    server: { host: '', port: portOf(port) },
    text: `${what} listens on port ${port}; Flink has no TLS for it`,
  };
}

/** Path of a checkpoint storage, its scheme and authority alone: what follows names the user's jobs. */
function checkpointStorage(kind: string, path: string | undefined): Sign {
  const where = path === undefined ? undefined : /^([a-z][a-z0-9+.-]*):\/\/([^/?#@]*@)?([^/?#]*)/i.exec(path);
  const told = where === null || where === undefined ? '' : `, ${where[1]}://${where[3]}`;
  return { event: 'checkpoint-storage', channel: 'checkpoint-storage', text: `checkpoint storage is '${kind}'${told}` };
}

/** `jm:8081`, `/0.0.0.0:6121`, `tm1/10.77.0.2:6130`, `/[0:0:0:0:0:0:0:0%0]:6121`; a name goes before its address. */
export function placeOf(address: string): Place {
  const parts = /^(?:([^/\s]*)\/)?(?:\[([^\]]+)\]|([^:/\s]*)):(\d{1,5})(?:-\d+)?$/.exec(address);
  if (parts === null) return { host: address.slice(0, MAX_HOST), port: 0 };
  const [, name, ipv6, host, port] = parts;
  const written = name === undefined || name === '' ? (ipv6 ?? host ?? '') : name;
  return { host: written, port: portOf(port!) };
}

/** Longest host name there is (RFC 1035). */
const MAX_HOST = 253;

/** `/0.0.0.0` and `6121`, `6121-6130` or `0`. */
function place(address: string, ports: string): Place {
  const host = address.slice(address.indexOf('/') + 1);
  return { host: isAnyAddress(host) ? '' : host.slice(0, MAX_HOST), port: portOf(ports.split(/[-\s]/, 1)[0] ?? '') };
}

function portOf(text: string): number {
  const port = Number(text);
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : 0;
}

/** Addresses at which a process listens on all of its own. */
export function isAnyAddress(host: string): boolean {
  return host === '' || host === '0.0.0.0' || /^[0:]+(?:%\d+)?$/.test(host);
}

function textOf({ host, port }: Place): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
