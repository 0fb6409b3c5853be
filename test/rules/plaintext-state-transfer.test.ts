import t from 'tap';
import { rule } from '../../src/rules/plaintext-state-transfer.ts';
import { clear, finding, promise, TM2, tls, transfer, undecided, verdict } from '../support/observations.ts';

t.test('names the endpoint of the configuration over https', async (t) => {
  const because = [
    { key: 's3.endpoint', value: 'http://s3:9000', file: 'config.yaml', line: 25, origin: 'file' },
  ] as const;
  const expectations = [promise('checkpoint-storage', { tls: 'forbidden', clientAuthentication: 'none', because })];
  const store = clear({ channel: 'checkpoint-storage', plaintext: { stateTransfer: [transfer('keyed-state-file')] } });
  t.strictSame(finding(rule, [store], { expectations }).remediation.settings, { 's3.endpoint': 'https://s3:9000' });
});

t.test('names the encryption that a bucket tells of once, as evidence that mends nothing', async (t) => {
  const stateTransfer = [transfer('keyed-state-file')];
  const upload = clear({
    channel: 'checkpoint-storage',
    plaintext: { stateTransfer, details: { encryptionAtRest: 'aws:kms' } },
  });
  const { severity, evidence } = finding(rule, [upload, upload]);
  t.equal(severity, 'critical');
  const told = evidence.filter(({ text }) =>
    /at rest \(x-amz-server-side-encryption: aws:kms\), not on the wire/.test(text),
  );
  t.equal(told.length, 1);
});

t.test('fails state inside clear RPC with frame, offset and counts', async (t) => {
  const acknowledged = transfer('keyed-state-inline', { count: 216, bytes: 345_600, names: ['TaskStateSnapshot'] });
  const found = finding(rule, [clear({ plaintext: { stateTransfer: [acknowledged] } })]);
  t.equal(found.severity, 'critical');
  t.equal(found.observed, 'keyed-state-inline 216 times, 345,600 bytes, first in frame 88 at stream offset 4096');
  t.match(found.evidence[0], { frame: 88, streamOffset: 4096 });
  t.match(found.evidence[0]!.text, /keyed-state-inline of TaskStateSnapshot from the client/);
});

t.test('fails records on a clear data plane', async (t) => {
  const records = clear({
    channel: 'taskmanager-data',
    server: TM2,
    plaintext: { stateTransfer: [transfer('records')] },
  });
  t.match(finding(rule, [records]).message, /^Whoever captures these packets reads the job's records\.$/);
});

t.test('fails checkpoints on an object store over http, whatever the internal TLS settings are', async (t) => {
  const upload = clear({
    channel: 'checkpoint-storage',
    plaintext: { stateTransfer: [transfer('checkpoint-metadata'), transfer('keyed-state-file', { bytes: 20 })] },
  });
  const found = finding(rule, [upload], { expectations: [promise('jobmanager-rpc')] });
  t.equal(found.severity, 'critical');
  t.equal(found.channel, 'checkpoint-storage');
  t.match(found.observed, /checkpoint-metadata 1 time, 1,512 bytes; keyed-state-file 1 time, 20 bytes/);
});

t.test('passes clear text without state, user code included, and TLS', async (t) => {
  t.equal(
    verdict(rule, [clear({ channel: 'blob-server', plaintext: { stateTransfer: [transfer('user-code')] } })]),
    'pass',
  );
  t.equal(verdict(rule, [tls()]), 'pass');
});

t.test('is inconclusive where bytes are missing or nothing was decided', async (t) => {
  t.equal(verdict(rule, [clear({ change: { quality: { gapBytes: 1448 } } })]), 'inconclusive');
  t.equal(verdict(rule, [undecided('truncated')]), 'inconclusive');
});

t.test('is not applicable to channels that cannot do TLS', async (t) => {
  const results = clear({ channel: 'collect-sink', plaintext: { stateTransfer: [transfer('query-results')] } });
  t.equal(verdict(rule, [results]), 'not-applicable');
  const lookup = clear({ channel: 'queryable-state', plaintext: { stateTransfer: [transfer('queryable-state')] } });
  t.equal(verdict(rule, [lookup]), 'not-applicable');
});

t.test('names the setting that sends state in clear', async (t) => {
  const because = [
    { key: 's3.endpoint', value: 'http://s3:9000', file: 'config.yaml', line: 30, origin: 'file' },
  ] as const;
  const expectations = [promise('checkpoint-storage', { tls: 'optional', because })];
  const upload = clear({ channel: 'checkpoint-storage', plaintext: { stateTransfer: [transfer('rocksdb-sst')] } });
  t.match(
    finding(rule, [upload], { expectations }).expected,
    /does not ask for it: s3\.endpoint: http:\/\/s3:9000 \(config\.yaml:30\)/,
  );
});
