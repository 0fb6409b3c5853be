import { parseRpcAddress } from '../flink/rpc-address.ts';
import type { Channel } from '../model/channel.ts';
import type { LogFailure } from '../model/log.ts';
import { readClearBytes } from './clear-bytes.ts';
import { type LogEntry, simpleName } from './entry.ts';
import type { Place, Sign } from './evidence.ts';
import { handshakeFailure } from './failure-texts.ts';
import { readStartFailure } from './start-failures.ts';
import { placeOf } from './starts.ts';

/** Which connection an entry speaks of, before it is known what went wrong with it. */
interface Context {
  readonly channel: Channel | 'rpc';
  /** Role of the process that writes. */
  readonly side: 'client' | 'server';
  readonly peer?: Place;
  readonly says?: 'tls' | 'clear';
}

/** A connection that failed because of TLS, or TLS that could not be set up; undefined for all other troubles. */
export function readFailure(entry: LogEntry): Sign | undefined {
  const text = [entry.message, ...entry.trace.map((one) => one.text)].join('\n');
  const context = contextOf(entry, text);
  if (context === undefined) return readStartFailure(entry, text);
  const failure = failureOf(context, text);
  if (failure === undefined) return undefined;
  const { channel, side, peer, says } = context;
  const known = peer === undefined || peer.host === '' ? {} : { [side === 'client' ? 'server' : 'client']: peer };
  return {
    event: 'handshake-failed',
    channel,
    ...known,
    ...(says === undefined ? {} : { says }),
    failure: { ...failure, side },
    text: describe(failure, context, text),
  };
}

function failureOf(context: Context, text: string): Omit<LogFailure, 'side'> | undefined {
  const found = handshakeFailure(text) ?? blobFailure(context, text) ?? rpcFailure(context, text);
  if (found?.reason !== 'peer-in-clear') return found;
  const claimed = readClearBytes(text)?.claimed;
  return claimed === undefined ? found : { ...found, claimed };
}

/** What BLOB's own protocol makes of TLS (SEEN: 1.20.3, 2.3.0). */
function blobFailure({ channel, side }: Context, text: string): Omit<LogFailure, 'side'> | undefined {
  if (channel !== 'blob-server') return undefined;
  // 22 is the first byte of a TLS handshake record, which a server in clear takes for an operation.
  if (side === 'server' && /Unknown operation 22\b/.test(text)) return { reason: 'peer-in-tls', certainty: 'proven' };
  // 21 is the first byte of an alert, which a client in clear takes for a status.
  if (side === 'client' && /GET operation failed: Unrecognized response/.test(text)) {
    return { reason: 'peer-in-tls', certainty: 'likely' };
  }
  return undefined;
}

/** What Akka and Pekko write when the other side speaks another language (SEEN: 1.17.2, 1.20.3, 2.3.0). */
function rpcFailure({ channel, side, says }: Context, text: string): Omit<LogFailure, 'side'> | undefined {
  if (channel !== 'rpc' && channel !== 'metrics-query-service') return undefined;
  if (side === 'server') {
    // Netty 4: the cause is not written. A connection that was reset reads the same.
    return /failed with null$/.test(text) ? { reason: 'peer-in-tls', certainty: 'likely' } : undefined;
  }
  const closed = /ClosedChannelException|explicitly disassociated|Associate timed out/.test(text);
  if (!closed || says === undefined) return undefined;
  return { reason: says === 'tls' ? 'peer-in-clear' : 'peer-in-tls', certainty: 'likely' };
}

/** Loggers of the JobManager that repeat what tasks elsewhere threw: it stands in the log of the TaskManager, too. */
const RETELLERS = /^(?:ExecutionGraph|JobMaster|Execution)|Scheduler|Coordinator|Dispatcher$/;

function contextOf(entry: LogEntry, text: string): Context | undefined {
  const logger = simpleName(entry.logger);
  if (RETELLERS.test(logger)) return undefined;
  const remote = /^Remote connection to \[([^\]]*(?:\][^\]]*)?)\] failed with /.exec(entry.message);
  if (remote !== null) return remoteConnection(remote[1]!);
  const association = /Association with remote system \[([^\]\s]+(?:\][^\]\s]*)?)\] has failed/.exec(entry.message);
  if (association !== null) return rpcClient(association[1]!);
  const unanswered = /^No response from remote for outbound association/.test(entry.message);
  if (unanswered) return { channel: 'rpc', side: 'client' };
  return blobContext(logger, text) ?? dataContext(text) ?? contextOfLogger(entry.logger, logger);
}

/** Ports that Flink's RPC servers have by custom: the peer at one of them is a server. */
const RPC_PORTS: ReadonlySet<number> = new Set([6122, 6123, 6126]);

/** An address that was looked up has its name before it: this process dialled. One that dialled in has none. */
function remoteConnection(address: string): Context {
  const peer = placeOf(address);
  const isDialled = !address.startsWith('/') || RPC_PORTS.has(peer.port);
  return { channel: 'rpc', side: isDialled ? 'client' : 'server', peer };
}

function rpcClient(address: string): Context | undefined {
  const rpc = parseRpcAddress(address);
  if (rpc === undefined) return undefined;
  return {
    channel: rpc.system === 'flink-metrics' ? 'metrics-query-service' : 'rpc',
    side: 'client',
    peer: { host: rpc.host, port: rpc.port },
    says: rpc.transport === 'ssl.tcp' ? 'tls' : 'clear',
  };
}

function blobContext(logger: string, text: string): Context | undefined {
  // Flink 1.18 and later name the peer.
  const served = /Error while executing BLOB connection(?: from (\S+?))?\.?$/m.exec(text);
  if (served !== null && (logger === 'BlobServerConnection' || logger === '')) {
    return { channel: 'blob-server', side: 'server', ...peerOf(served[1]) };
  }
  const fetched = /Failed to fetch BLOB \S+ from (\S+) and store/.exec(text);
  if (fetched !== null) return { channel: 'blob-server', side: 'client', ...peerOf(fetched[1]) };
  return logger === 'BlobClient' ? { channel: 'blob-server', side: 'client' } : undefined;
}

function dataContext(text: string): Context | undefined {
  const served = /while consuming partitions(?: \(connection to ([^)\s]+)\))?/.exec(text);
  if (served !== null) return { channel: 'taskmanager-data', side: 'server', ...peerOf(served[1]) };
  // `'tm1/10.77.0.2:6121 [tm1-18658] (#0)'`, with the resource id from 1.17 on.
  const dialled = /(?:partition request to |connection to )'([^'\s[]+)/.exec(text);
  return dialled === null ? undefined : { channel: 'taskmanager-data', side: 'client', ...peerOf(dialled[1]) };
}

function contextOfLogger(full: string, logger: string): Context | undefined {
  if (logger === 'PipelineErrorHandler' || /RestEndpoint$|^RestServerEndpoint/.test(logger)) {
    return { channel: 'rest', side: 'server' };
  }
  if (logger === 'RestClient') return { channel: 'rest', side: 'client' };
  if (/^(?:PartitionRequest|CreditBased|NettyServer|NettyClient|NettyMessage)/.test(logger)) {
    return { channel: 'taskmanager-data', side: /Server|Queue/.test(logger) ? 'server' : 'client' };
  }
  if (/^ClientCnxn|^ConnectionState$/.test(logger)) return { channel: 'high-availability', side: 'client' };
  if (/^(?:com\.amazonaws|software\.amazon|org\.apache\.hadoop\.fs|c\.a\.|o\.a\.h\.f)/.test(full)) {
    return { channel: 'checkpoint-storage', side: 'client' };
  }
  return undefined;
}

function peerOf(address: string | undefined): { readonly peer?: Place } {
  return address === undefined ? {} : { peer: placeOf(address) };
}

function describe(failure: Omit<LogFailure, 'side'>, { side, says }: Context, text: string): string {
  const other = side === 'client' ? 'the server' : 'the client';
  const maybe = failure.certainty === 'likely' ? 'most likely ' : '';
  const own = says === undefined ? '' : says === 'tls' ? ', asked over TLS,' : ', asked in clear,';
  switch (failure.reason) {
    case 'peer-in-clear': {
      const clear = readClearBytes(text);
      return `${other}${own} ${maybe}speaks clear text${clear === undefined ? '' : `: ${clear.text}`}`;
    }
    case 'peer-in-tls':
      return `${other}${own} ${maybe}speaks TLS, this process clear text`;
    case 'alert':
      return `${other} refused the handshake with alert ${failure.alert ?? 'unknown'}`;
    default:
      return `this process, the ${side}, ended the handshake: ${WORDS[failure.reason] ?? failure.reason}`;
  }
}

const WORDS: Readonly<Record<string, string>> = {
  untrusted: "the peer's certificate does not lead into its truststore",
  'empty-client-certificate': 'the client sent no certificate',
  'client-pin-differs': "the client's certificate is not the pinned one",
  'server-pin-differs': "the server's certificate is not the pinned one",
  'no-common-suite': 'no cipher suite in common',
  'no-common-protocol': 'no protocol version in common',
  'nothing-enabled': 'Java has disabled every configured protocol or suite',
  expired: "the peer's certificate has expired",
  'not-yet-valid': "the peer's certificate is not valid yet",
  'name-mismatch': "the peer's certificate does not name its host",
  'algorithm-constraints': "Java's algorithm constraints forbid the peer's certificate",
  'key-usage': "the peer's certificate is not for this use",
  timeout: 'no answer to the handshake in time',
  closed: 'the peer closed the connection during the handshake',
  other: 'for another reason',
};
