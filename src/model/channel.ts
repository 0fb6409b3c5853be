/** Channel ids of the public contract; a connection that is none of them is `unknown`. */
export const CHANNEL_IDS = [
  'rest',
  'jobmanager-rpc',
  'taskmanager-rpc',
  'taskmanager-data',
  'blob-server',
  'metrics-query-service',
  'history-server',
  'sql-gateway',
  'hiveserver2',
  'queryable-state',
  'collect-sink',
  'prometheus',
  'jmx',
  'checkpoint-storage',
  'high-availability',
] as const;

export type ChannelId = (typeof CHANNEL_IDS)[number];
export type Channel = ChannelId | 'unknown';
export const CHANNELS: readonly Channel[] = [...CHANNEL_IDS, 'unknown'];

/** A process of the cluster, or what it talks to. */
export type Component =
  | 'jobmanager'
  | 'taskmanager'
  | 'history-server'
  | 'sql-gateway'
  | 'client'
  | 'object-store'
  | 'zookeeper';

/**
 * How a channel can be protected.
 *
 * `internal`: `security.ssl.internal.*`, always mutual. `rest`: `security.ssl.rest.*`. `never`: Flink has no TLS for
 * it. `outside`: protected by settings of another system (S3 endpoint, ZooKeeper client).
 */
export type Protection = 'internal' | 'rest' | 'never' | 'outside';
