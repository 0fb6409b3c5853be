/**
 * What holds where a key of a channel is not set, in words that say in which versions (`SecurityOptions`,
 * `JobManagerOptions`, `TaskManagerOptions`, `RestOptions` and the like of Flink 1.13 to 2.3).
 */
const DEFAULTS: Readonly<Record<string, string>> = {
  'security.ssl.internal.enabled': 'false; up to 1.20 what security.ssl.enabled says',
  'security.ssl.rest.enabled': 'false; up to 1.20 what security.ssl.enabled says',
  'security.ssl.rest.authentication-enabled': 'false',
  'pekko.ssl.enabled': 'true, once internal TLS is on; up to 1.17 the key is akka.ssl.enabled',
  'taskmanager.data.ssl.enabled': 'true, once internal TLS is on',
  'blob.service.ssl.enabled': 'true, once internal TLS is on',
  'historyserver.web.ssl.enabled': 'false, also where REST TLS is on',
  'security.ssl.protocol': 'TLSv1.2',
  'security.ssl.algorithms':
    'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 and TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 from 1.20.4, 2.0.2, 2.1.2, 2.2.1 and 2.3.0 on; before TLS_RSA_WITH_AES_128_CBC_SHA alone',
  'rest.bind-port': 'the value of rest.port',
  'rest.port': '8081',
  'web.port': 'none, it is a former name of rest.port',
  'jobmanager.web.port': 'none, it is a former name of rest.port',
  'jobmanager.rpc.port': '6123',
  'jobmanager.rpc.bind-port': 'the value of jobmanager.rpc.port',
  'high-availability.jobmanager.port': '0, any free port; with high availability it takes the place of the next ones',
  'taskmanager.rpc.port': '0, any free port; native Kubernetes sets 6122',
  'taskmanager.rpc.bind-port': 'the value of taskmanager.rpc.port',
  'taskmanager.data.port': '0, any free port',
  'taskmanager.data.bind-port': 'the value of taskmanager.data.port',
  'blob.server.port': '0, any free port; the Docker image and native Kubernetes set 6124',
  'metrics.internal.query-service.port': '0, any free port, on every process',
  'historyserver.web.port': '8082',
  'sql-gateway.endpoint.rest.port': '8083',
  'sql-gateway.endpoint.rest.bind-port': 'the value of sql-gateway.endpoint.rest.port',
  'sql-gateway.endpoint.hiveserver2.thrift.port': '10000, where the endpoint type is hiveserver2',
  'queryable-state.proxy.ports': '9069, where queryable state is on',
  'queryable-state.server.ports': '9067, where queryable state is on',
  'taskmanager.collect-sink.port': '0, any free port, while such a job runs',
  'metrics.reporter.prom.port': '9249, where the reporter is configured; prom is the name that it was given',
  'jmx.server.port': 'not set, then there is no JMX server',
  'metrics.reporter.jmx.port': 'not set; jmx is the name that the reporter was given',
  's3.endpoint': 'not set, then the https address of the cloud',
  'high-availability.zookeeper.quorum': 'not set; the port of an entry without one is 2181',
};

/** Undefined where nothing is known of the key. */
export function flinkDefault(key: string): string | undefined {
  return DEFAULTS[key];
}
