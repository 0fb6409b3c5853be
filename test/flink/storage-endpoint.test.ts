import t from 'tap';
import { parseFlinkConfiguration } from '../../src/flink/config.ts';
import { type StorageEndpoint, storageEndpoints } from '../../src/flink/storage-endpoint.ts';

function endpoints(...lines: string[]): readonly Omit<StorageEndpoint, 'because'>[] {
  const configuration = parseFlinkConfiguration([{ name: 'config.yaml', text: lines.join('\n') }], { member: null });
  return storageEndpoints(configuration).map(({ because: _, ...rest }) => rest);
}

const CHECKPOINTS = 'execution.checkpointing.dir: s3://flink/ck';

t.test('lets the scheme of the S3 endpoint decide, then the switch, which is on by default', (t) => {
  t.same(endpoints(CHECKPOINTS, 's3.endpoint: http://s3:9000'), [{ tls: 'off', host: 's3', port: 9000 }]);
  t.same(endpoints(CHECKPOINTS, 's3.endpoint: https://s3:9000'), [{ tls: 'on', host: 's3', port: 9000 }]);
  t.same(endpoints(CHECKPOINTS, 's3.endpoint: s3:9000'), [{ tls: 'on', host: 's3', port: 9000 }]);
  t.same(endpoints(CHECKPOINTS, 's3.endpoint: minio.lab', 's3.connection.ssl.enabled: false'), [
    { tls: 'off', host: 'minio.lab', port: 80 },
  ]);
  t.same(endpoints(CHECKPOINTS, 'presto.s3.endpoint: s3', 'presto.s3.ssl.enabled: false'), [
    { tls: 'off', host: 's3', port: 80 },
  ]);
  t.same(endpoints(CHECKPOINTS, 's3.endpoint: https://s3', 's3.connection.ssl.enabled: false'), [
    { tls: 'on', host: 's3', port: 443 },
  ]);
  t.same(endpoints(CHECKPOINTS), [{ tls: 'on' }]);
  t.end();
});

t.test('knows the schemes of Azure, Google and WebHDFS, and says nothing of HDFS and files', (t) => {
  const tls = (url: string): string | undefined => endpoints(`state.checkpoints.dir: ${url}`)[0]?.tls;
  t.equal(tls('abfss://c@a.dfs.core.windows.net/x'), 'on');
  t.equal(tls('abfs://c@a.dfs.core.windows.net/x'), 'off');
  t.equal(tls('wasbs://c@a.blob.core.windows.net/x'), 'on');
  t.equal(tls('wasb://c@a.blob.core.windows.net/x'), 'off');
  t.equal(tls('gs://bucket/x'), 'on');
  t.equal(tls('webhdfs://nn:9870/x'), 'off');
  t.equal(tls('hdfs:///flink'), undefined);
  t.equal(tls('file:///data'), undefined);
  t.end();
});

t.test('looks at savepoints, high availability and old keys as well', (t) => {
  for (const key of ['state.savepoints.dir', 'high-availability.storageDir', 'state.backend.forst.primary-dir']) {
    t.same(endpoints(`${key}: s3a://b/x`, 'fs.s3a.endpoint: http://[fd00::1]:9000'), [
      { tls: 'off', host: 'fd00::1', port: 9000 },
    ]);
  }
  t.same(endpoints('s3.endpoint: http://s3:9000'), [{ tls: 'off', host: 's3', port: 9000 }]);
  t.same(endpoints('rest.port: 1'), []);
  t.end();
});
