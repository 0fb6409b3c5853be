import t from 'tap';
import { parseFlinkConfiguration } from '../../src/flink/config.ts';
import { stateDirectoriesOf } from '../../src/flink/state-directories.ts';

function directories(...lines: readonly string[]): readonly (readonly [string, string, string])[] {
  const file = { name: 'flink-conf.yaml', text: `${lines.join('\n')}\n` };
  const configuration = parseFlinkConfiguration([file], { member: null });
  return stateDirectoriesOf(configuration).map(({ purpose, path, setting }) => [purpose, path, setting.key]);
}

t.test('finds directories of this machine by all their keys, old names included', async (t) => {
  t.strictSame(
    directories(
      'state.checkpoints.dir: file:///flink/ck',
      'execution.checkpointing.savepoint-dir: file:/flink/sp/',
      'high-availability.storageDir: /flink/ha',
      'blob.storage.directory: /flink/blob',
      'jobmanager.archive.fs.dir: file:///flink/done',
      'historyserver.archive.fs.dir: file:///flink/done,hdfs:///old,/flink/more',
    ),
    [
      ['checkpoints', '/flink/ck', 'state.checkpoints.dir'],
      ['savepoints', '/flink/sp', 'execution.checkpointing.savepoint-dir'],
      ['high-availability', '/flink/ha', 'high-availability.storageDir'],
      ['blobs', '/flink/blob', 'blob.storage.directory'],
      ['archives', '/flink/done', 'jobmanager.archive.fs.dir'],
      ['archives', '/flink/done', 'historyserver.archive.fs.dir'],
      ['archives', '/flink/more', 'historyserver.archive.fs.dir'],
    ],
  );
});

t.test('leaves out what another system keeps', async (t) => {
  t.strictSame(
    directories(
      'execution.checkpointing.dir: s3://bucket/ck',
      'state.savepoints.dir: hdfs://nn:8020/sp',
      'high-availability.storageDir: abfss://c@a.dfs.core.windows.net/ha',
    ),
    [],
  );
  t.strictSame(
    directories('fs.default-scheme: hdfs://nn:8020/', 'state.checkpoints.dir: /flink/ck', 'io.tmp.dirs: /scratch'),
    [['temporary', '/scratch', 'io.tmp.dirs']],
    'a path without a scheme is of the default file system, but for java.io.File',
  );
});

t.test('parts lists at commas and colons, as Flink does on Unix, and leaves drive letters whole', async (t) => {
  const paths = (value: string): readonly string[] =>
    directories(`state.backend.rocksdb.localdir: ${value}`).map(([, path]) => path);
  t.strictSame(paths('/a,/b:/c'), ['/a', '/b', '/c']);
  t.strictSame(paths(' /a , , /b'), ['/a', '/b']);
  t.strictSame(paths('file:///a,file:///b'), ['/a', '/b']);
  t.strictSame(paths('C:\\flink\\db;D:\\flink\\db'), ['C:\\flink\\db', 'D:\\flink\\db']);
});

t.test('decodes URLs as Java does, and keeps what is no escape', async (t) => {
  t.strictSame(directories('state.checkpoints.dir: file:///flink%20state/ck'), [
    ['checkpoints', '/flink state/ck', 'state.checkpoints.dir'],
  ]);
  t.strictSame(
    directories('state.checkpoints.dir: file:///100%/ck').map(([, path]) => path),
    ['/100%/ck'],
  );
  t.strictSame(
    directories('state.checkpoints.dir: file:///').map(([, path]) => path),
    ['/'],
  );
});

t.test('names nothing that nobody named', async (t) => {
  t.strictSame(directories('state.backend: rocksdb', 'taskmanager.numberOfTaskSlots: 2'), []);
});

t.test('looks in temporary directories only at what Flink makes there', async (t) => {
  const file = { name: 'flink-conf.yaml', text: 'io.tmp.dirs: /tmp\n' };
  const only = stateDirectoriesOf(parseFlinkConfiguration([file], { member: null }))[0]!.only!;
  // Names as running clusters made them.
  for (const name of [
    'tm_127.0.0.1:6122-1a2b3c',
    'jm_af3de',
    'blobStorage',
    'flink-io-0f1e',
    'localState',
    'jaas-1.conf',
  ])
    t.match(name, only);
  for (const name of [
    'home',
    'systemd-private-1',
    'snap.x',
    'hsperfdata_flink',
    '.X11-unix',
    'flink-table-planner_022803c9.jar',
    'flink-rpc-akka_5d1f.jar',
  ])
    t.notMatch(name, only);
});
