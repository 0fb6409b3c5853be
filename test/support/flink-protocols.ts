import type { ClearProtocol } from '../../src/model/probe.ts';
import { collectSink } from '../../src/protocols/collect-sink.ts';
import { flinkBlob } from '../../src/protocols/flink-blob.ts';
import { flinkData } from '../../src/protocols/flink-data.ts';
import { pekko } from '../../src/protocols/pekko.ts';
import { queryableState } from '../../src/protocols/queryable-state.ts';
import { rmi } from '../../src/protocols/rmi.ts';
import { thrift } from '../../src/protocols/thrift.ts';
import { zookeeper } from '../../src/protocols/zookeeper.ts';

/** Flink's own clear protocols, without those over HTTP. */
export const FLINK_PROTOCOLS: readonly ClearProtocol[] = [
  pekko,
  flinkData,
  flinkBlob,
  queryableState,
  collectSink,
  rmi,
  zookeeper,
  thrift,
];

/** Vectors of `test/vectors/flink` and the protocol that each speaks; `none`: TLS, or clear HTTP. */
export const VECTORS: Readonly<Record<string, string>> = {
  'rpc-1.20.3': 'flink-rpc',
  'rpc-midstream-1.20.3': 'flink-rpc',
  'rpc-refused-1.17.2': 'flink-rpc',
  'rpc-refused-1.20.3': 'flink-rpc',
  'metrics-shutdown-1.20.3': 'flink-rpc',
  'data-1.20.3': 'flink-data',
  'data-refused-1.20.3': 'flink-data',
  'blob-get-1.20.3': 'flink-blob',
  'blob-refused-1.20.3': 'flink-blob',
  'blob-refused-early-1.20.3': 'flink-blob',
  'collect-sink-1.20.3': 'collect-sink',
  'jmx-lookup-1.20.3': 'rmi',
  'jmx-call-1.20.3': 'rmi',
  'tls12-rpc-1.20.3': 'none',
  'tls13-data-1.20.3': 'none',
  'http-1.20.3': 'none',
};
