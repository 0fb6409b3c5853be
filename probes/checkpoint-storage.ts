import { storageEndpoints } from '../src/flink/storage-endpoint.ts';
import type { EffectiveConfiguration, Probe } from '../src/model/probe.ts';
import type { Expectation } from '../src/model/report.ts';
import { hdfs } from '../src/protocols/hdfs.ts';
import { http } from '../src/protocols/http.ts';

export const probe: Probe = {
  id: 'checkpoint-storage',
  title: 'Checkpoint and savepoint storage',
  protection: 'outside',
  component: 'object-store',
  carries:
    'Checkpoints and savepoints: the whole state of the jobs, which Flink never encrypts. No security.ssl key applies to it.',
  // MinIO and HDFS both listen on 9000; 8020 is HDFS, 9866 its DataNodes, 9870 and 9864 WebHDFS.
  defaultPorts: [9000, 8020, 9866, 9870, 9864],
  settings: { port: ['s3.endpoint'], tls: ['s3.endpoint'] },
  remedy: {
    text: 'Give the storage an https endpoint whose certificate the JVM trusts (javax.net.ssl.trustStore, not security.ssl), or a scheme that means TLS: abfss, wasbs, swebhdfs. For HDFS set dfs.encrypt.data.transfer and hadoop.rpc.protection: privacy in Hadoop.',
    settings: { 's3.endpoint': 'https://s3.example.org:9000' },
  },
  protocols: [http, hdfs],
  /** The port belongs to the object store, not to a process of Flink. */
  port: () => undefined,
  /** Undefined where state stays inside the cluster, or goes where no Flink setting tells about TLS. */
  expect(configuration: EffectiveConfiguration): Expectation | undefined {
    const endpoints = storageEndpoints(configuration);
    const worst = endpoints.find((endpoint) => endpoint.tls === 'off') ?? endpoints[0];
    if (worst === undefined) {
      return undefined;
    }
    return {
      channel: 'checkpoint-storage',
      member: configuration.member,
      tls: worst.tls === 'on' ? 'required' : 'optional',
      clientAuthentication: 'none',
      basis: 'configuration',
      ...(worst.port === undefined ? {} : { port: worst.port }),
      because: worst.because,
    };
  },
};
