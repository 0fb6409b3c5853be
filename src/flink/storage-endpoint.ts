import type { EffectiveConfiguration } from '../model/probe.ts';
import type { Setting } from '../model/report.ts';

/** Where state goes, and whether TLS protects it on the way. */
export interface StorageEndpoint {
  readonly tls: 'on' | 'off';
  /** Host and port of an object store that the configuration names; absent for the cloud's own. */
  readonly host?: string;
  readonly port?: number;
  readonly because: readonly Setting[];
}

/** Keys of directories that hold state, the aliases of older versions behind them. */
const DIRECTORIES: readonly (readonly [string, ...string[]])[] = [
  ['execution.checkpointing.dir', 'state.checkpoints.dir', 'state.backend.fs.checkpointdir'],
  ['execution.checkpointing.savepoint-dir', 'state.savepoints.dir', 'state.backend.fs.savepointdir'],
  ['high-availability.storageDir'],
  ['state.backend.forst.primary-dir'],
  ['dstl.dfs.base-path'],
  ['taskmanager.network.hybrid-shuffle.remote.path'],
];

/** Flink hands `s3.`, `s3a.`, `fs.s3a.` to the hadoop plugin, `s3.`, `presto.s3.` to the presto one. */
const ENDPOINT = ['s3.endpoint', 's3a.endpoint', 'fs.s3a.endpoint', 'presto.s3.endpoint', 'hive.s3.endpoint'] as const;
const SSL_SWITCH = [
  's3.connection.ssl.enabled',
  's3a.connection.ssl.enabled',
  'fs.s3a.connection.ssl.enabled',
  's3.ssl.enabled',
  'presto.s3.ssl.enabled',
] as const;

/** Every place outside the cluster that state goes to by this configuration. */
export function storageEndpoints(configuration: EffectiveConfiguration): readonly StorageEndpoint[] {
  const found: StorageEndpoint[] = [];
  for (const keys of DIRECTORIES) {
    const directory = configuration.setting(...keys);
    const endpoint = directory === undefined ? undefined : ofDirectory(directory, configuration);
    if (endpoint !== undefined) {
      found.push(endpoint);
    }
  }
  const named = configuration.setting(...ENDPOINT);
  if (found.length === 0 && named !== undefined) {
    found.push(ofS3(undefined, configuration));
  }
  return found;
}

function ofDirectory(directory: Setting, configuration: EffectiveConfiguration): StorageEndpoint | undefined {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(directory.value.trim())?.[1]?.toLowerCase();
  switch (scheme) {
    case 's3':
    case 's3a':
    case 's3n':
    case 's3p':
      return ofS3(directory, configuration);
    case 'abfss':
    case 'wasbs':
    case 'swebhdfs':
    case 'gs':
      return { tls: 'on', because: [directory] };
    case 'abfs':
    case 'wasb':
    case 'webhdfs':
      return { tls: 'off', because: [directory] };
    default:
      // HDFS and mounted file systems are protected by settings that no Flink configuration shows.
      return undefined;
  }
}

/** A scheme of the endpoint decides; without one the plugins' switch does, which is on (seen on 1.20.3). */
function ofS3(directory: Setting | undefined, configuration: EffectiveConfiguration): StorageEndpoint {
  const endpoint = configuration.setting(...ENDPOINT);
  const ssl = configuration.setting(...SSL_SWITCH);
  const url = /^(?:(https?):\/\/)?(?:[^/\s@]*@)?(\[[0-9a-fA-F:]+\]|[^:/\s]+)(?::(\d{1,5}))?/i.exec(
    endpoint?.value.trim() ?? '',
  );
  const scheme = url?.[1]?.toLowerCase();
  const switchedOff = scheme === undefined && ssl?.value.trim().toLowerCase() === 'false';
  const tls = scheme === 'http' || switchedOff ? 'off' : 'on';
  const because = [directory, endpoint, scheme === undefined ? ssl : undefined].filter((one) => one !== undefined);
  if (url === null) {
    return { tls, because };
  }
  const port = url[3] === undefined ? (tls === 'on' ? 443 : 80) : Number(url[3]);
  return { tls, host: url[2]!.replace(/^\[|\]$/g, '').toLowerCase(), port, because };
}
