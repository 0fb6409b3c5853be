import t from 'tap';
import { withoutUserInfo } from '../../src/flink/user-info.ts';
import { configuration } from '../support/configuration.ts';

t.test('what stands before the host of a URL is taken away, wherever the URL stands', (t) => {
  for (const [value, left] of [
    ['http://user:secret@minio:9000', 'http://******@minio:9000'],
    ['https://token@host/x, HTTPS://a:b@c', 'https://******@host/x, HTTPS://******@c'],
    ['mongodb://user:secret@db/x', 'mongodb://******@db/x'],
    ['-Dproxy=http://u:p%40w@proxy:3128 -Dx=y', '-Dproxy=http://******@proxy:3128 -Dx=y'],
  ] as const) {
    t.equal(withoutUserInfo(value), left);
  }
  t.end();
});

t.test('containers of Azure, users of HDFS and mail addresses stay', (t) => {
  for (const value of [
    'abfss://container@account.dfs.core.windows.net/flink',
    'wasb://container@account.blob.core.windows.net/flink',
    'hdfs://flink@namenode:8020/x',
    'a@b.c',
    'http://minio:9000/a@b',
    'pekko.tcp://flink@jm:6123/user',
  ]) {
    t.equal(withoutUserInfo(value), value);
  }
  t.end();
});

t.test('a configuration never holds it', (t) => {
  const read = configuration({ 's3.endpoint': 'http://user:secret@minio:9000' }, '1.20.3');
  t.equal(read.setting('s3.endpoint')?.value, 'http://******@minio:9000');
  t.end();
});
