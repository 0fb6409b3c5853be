import t from 'tap';
import { rule } from '../../src/rules/storage-in-clear-by-configuration.ts';
import { auditFinding, auditVerdict, recorded } from '../support/audited.ts';

t.test('the http endpoint of the recorded clusters is found', async (t) => {
  const found = await auditFinding(rule, [recorded('1.20.3-s3-http-int', 'tm1')]);
  t.match(found, {
    severity: 'high',
    channel: 'checkpoint-storage',
    observed: /s3\.endpoint: http:/,
  });
});

t.test('schemes without TLS are told by their directory', async (t) => {
  for (const value of ['wasb://c@a.blob.core.windows.net/x', 'abfs://c@a/x', 'webhdfs://nn:9870/x']) {
    const found = await auditFinding(rule, [{ 'execution.checkpointing.dir': value }]);
    t.match(found, { severity: 'high', file: { line: 1 } }, value);
  }
});

t.test('HDFS cannot be told from here, and is a note', async (t) => {
  t.match(await auditFinding(rule, [{ 'state.checkpoints.dir': 'hdfs://nn:8020/x' }]), { severity: 'info' });
});

t.test('https and schemes with TLS pass, local directories are nothing for it', async (t) => {
  t.equal(await auditVerdict(rule, [recorded('1.20.3-s3-https', 'tm1')]), 'pass');
  t.equal(await auditVerdict(rule, [{ 'state.checkpoints.dir': 'wasbs://c@a.blob.core.windows.net/x' }]), 'pass');
  t.equal(await auditVerdict(rule, [{ 'state.checkpoints.dir': 'file:///x' }]), 'not-applicable');
});

const HDFS = { 'execution.checkpointing.dir': 'hdfs://nn:8020/ck' } as const;

t.test('Hadoop beside the configuration says whether HDFS encrypts', async (t) => {
  const site = (properties: Readonly<Record<string, string>>): string =>
    `<?xml version="1.0"?>\n<configuration>\n<!-- <property><name>dfs.encrypt.data.transfer</name><value>true</value></property> -->\n${Object.entries(
      properties,
    )
      .map(([name, value]) => `<property>\n  <name>${name}</name>\n  <value>${value}</value>\n</property>\n`)
      .join('')}</configuration>\n`;
  const folder = t.testdir({
    on: { 'hdfs-site.xml': site({ 'dfs.encrypt.data.transfer': 'true' }) },
    sasl: {
      'hdfs-site.xml': site({ 'dfs.data.transfer.protection': 'privacy' }),
    },
    off: {
      'core-site.xml': site({ 'hadoop.rpc.protection': 'privacy' }),
      'hdfs-site.xml': site({ 'dfs.encrypt.data.transfer': 'false' }),
    },
    silent: { 'core-site.xml': site({ 'fs.defaultFS': 'hdfs://nn:8020' }) },
  });
  const at = (name: string) => ({
    ...HDFS,
    'env.hadoop.conf.dir': `${folder}/${name}`,
  });
  t.equal(await auditVerdict(rule, [at('on')]), 'pass');
  t.equal(await auditVerdict(rule, [at('sasl')]), 'pass');
  t.match(await auditFinding(rule, [at('off')]), {
    severity: 'high',
    file: { path: `${folder}/off/hdfs-site.xml`, line: 4 },
    message: /dfs.encrypt.data.transfer: false/,
  });
  t.match(await auditFinding(rule, [at('silent')]), {
    severity: 'high',
    message: /off by default/,
  });
  t.match(await auditFinding(rule, [HDFS]), { severity: 'info' });
  const override = {
    ...at('off'),
    'flink.hadoop.dfs.encrypt.data.transfer': 'true',
  };
  t.equal(await auditVerdict(rule, [override]), 'pass', 'flink.hadoop.* counts over files');
});

t.test('bucket names in paths stand beside an http endpoint as evidence', async (t) => {
  const lines = {
    's3.endpoint': 'http://minio:9000',
    's3.path.style.access': 'true',
    'state.checkpoints.dir': 's3://b/c',
  };
  const found = await auditFinding(rule, [lines]);
  t.ok(found.evidence.some(({ text }) => text.startsWith('s3.path.style.access: true')));
});
