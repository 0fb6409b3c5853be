import t from 'tap';
import { STATE_JOBS, type StatePlace } from './state-jobs.ts';
import { namedFile } from './state-names.ts';

const ID = '0123456789abcdef0123456789abcdef';
const UUID = '3f2c1e52-9d13-4a51-8f55-0f5f6e0f7a11';
const kinds = (job: string, place: StatePlace, path: string): readonly string[] | undefined =>
  namedFile(job, place, path)?.kinds;

t.test('names that Flink and RocksDB give say what a file is', async (t) => {
  t.same(kinds('rocksdb', 'checkpoints', `${ID}/chk-7/_metadata`), ['checkpoint-metadata']);
  t.same(kinds('rocksdb', 'savepoints', 'savepoint-012345-0123456789ab/_metadata'), ['savepoint-metadata']);
  t.notOk(kinds('rocksdb', 'checkpoints', `${ID}/shared/${UUID}`)?.includes('operator-state'));
  t.same(kinds('rocksdb', 'rocksdb', `job_${ID}_op_x/db/000012.sst`), ['rocksdb-sst']);
  t.same(kinds('rocksdb', 'rocksdb', `job_${ID}_op_x/db/MANIFEST-000004`), ['rocksdb-manifest']);
  t.same(kinds('rocksdb', 'rocksdb', `job_${ID}_op_x/db/CURRENT`), ['rocksdb-current']);
  t.same(kinds('rocksdb', 'ha', 'default/completedCheckpoint0123456789ab'), ['completed-checkpoint']);
  t.same(kinds('rocksdb', 'ha', 'default/submittedJobGraph0123456789ab'), ['job-graph']);
  t.same(kinds('rocksdb', 'ha', `default/blob/job_${ID}/blob_p-${ID}`), ['jar']);
  t.same(kinds('hashmap', 'savepoints', `savepoint-012345-0123456789ab/${UUID}`), ['keyed-state', 'operator-state']);
  t.ok(kinds('hashmap', 'checkpoints', `${ID}/chk-7/${UUID}`)?.includes('unknown'), 'records in flight');
  t.same(kinds('rocksdb', 'local', `aid_x/jid_x/vtx_x_sti_0/chk_7/_task_state_snapshot`), ['java-serialized']);
});

t.test('texts of RocksDB and segments of a changelog are no state with a name', async (t) => {
  for (const path of ['job_x/db/LOG', 'job_x/db/LOCK', 'job_x/db/IDENTITY']) {
    t.notOk(
      kinds('rocksdb', 'rocksdb', path)?.some((kind) => /state|sst|manifest|metadata/.test(kind)),
      path,
    );
  }
  t.notOk(kinds('changelog', 'changelog', `${ID}/dstl/${UUID}`)?.includes('keyed-state'));
});

t.test('a name that nobody knows is told', async (t) => {
  t.equal(kinds('rocksdb', 'rocksdb', 'job_x/db/what.ever'), undefined);
  t.equal(kinds('hashmap', 'ha', 'what.ever'), undefined);
  t.same(
    STATE_JOBS.map(({ name }) => name),
    ['rocksdb', 'hashmap', 'changelog'],
  );
});
