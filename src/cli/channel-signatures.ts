import type { ChannelId } from '../model/channel.ts';

/** How each channel is known in clear, in a sentence; what is read of it stands in `src/protocols/`. */
export const CHANNEL_SIGNATURES: Readonly<Record<ChannelId, string>> = {
  rest: "HTTP with Flink's own JSON in its answers, or two of its paths answered as Flink answers.",
  'jobmanager-rpc':
    'Frames of Pekko or Akka remoting (four bytes of length, then protobuf): an ASSOCIATE of a Flink actor system, or a chain of frames to its actors, which tell the process.',
  'taskmanager-rpc':
    'Frames of Pekko or Akka remoting (four bytes of length, then protobuf), as on the JobManager: the actors that are addressed tell the TaskManager.',
  'taskmanager-data':
    'Frames of the Netty shuffle: four bytes of length, the magic ba dc 0f fe, a message id that fits the length.',
  'blob-server': 'A whole request, GET (01) or PUT (00) with an addressing mode, the job and the key, and its answer.',
  'metrics-query-service': 'Frames of Pekko or Akka remoting whose actor system is called flink-metrics.',
  'history-server': 'HTTP with answers that only the history server gives.',
  'sql-gateway': 'HTTP with sessions, operations and results that are opened, run and answered.',
  hiveserver2: 'An OpenSession call in the strict binary protocol of Thrift (80 01).',
  'queryable-state': 'Frames with version 79 a1 b7 10 behind four bytes of length.',
  'collect-sink': 'A request and an answer that name the same version of the sink.',
  prometheus: 'HTTP with a page of metrics that begin with flink_jobmanager_ or flink_taskmanager_.',
  jmx: 'The greeting JRMI of Java RMI and its acknowledgement; jmxrmi or management classes tell JMX from other RMI.',
  'checkpoint-storage':
    "HTTP (S3, WebHDFS) or HDFS with paths of Flink's checkpoint layout, or bytes that are state files.",
  'high-availability': "A connect request of ZooKeeper and its answer; names of Flink's nodes tell whose it is.",
};
