import t from 'tap';
import { rule } from '../../src/rules/state-readable-at-rest.ts';
import { finding, tls, verdict } from '../support/observations.ts';
import { DIRECTORY, directory, files, volume } from '../support/state-at-rest.ts';

t.test('fails state on a volume of which no encryption is seen, with files and volume as evidence', async (t) => {
  const state = files('keyed-state', {}, { repeats: 15 });
  const found = finding(rule, [directory(), state, files('rocksdb-sst', { offset: 1836 })]);
  t.match(found, { severity: 'medium', verdict: 'fail', channel: 'checkpoint-storage', file: { path: DIRECTORY } });
  t.match(found.observed, '17 files readable as keyed state, RocksDB tables');
  t.match(found.evidence[0]!.text, /sdb1 is no device-mapper device/);
  t.match(found.evidence[1], { observation: state.id, text: /16 files of keyed state.*byte 0: header of a snapshot/ });
  t.match(found.evidence[2]!.text, 'byte 1836');
});

t.test('passes encrypted volumes, and memory', async (t) => {
  for (const protection of ['encrypted', 'memory'] as const)
    t.equal(verdict(rule, [directory({ volume: volume({ protection }) }), files('keyed-state')]), 'pass');
});

t.test('cannot tell where the volume is out of sight, and says so', async (t) => {
  for (const protection of ['remote', 'hidden'] as const) {
    const found = finding(rule, [directory({ volume: volume({ protection }) }), files('rocksdb-sst')]);
    t.equal(found.verdict, 'inconclusive');
    t.match(found.message, 'cannot be told');
  }
});

t.test('does not accuse what gives nothing away, nor what is no state', async (t) => {
  for (const content of ['opaque', 'unknown', 'compressed', 'jar', 'rocksdb-current', 'rocksdb-options'])
    t.equal(verdict(rule, [directory(), files(content)]), 'not-applicable', content);
  t.equal(verdict(rule, [tls()]), 'not-applicable');
});

t.test('judges each directory by its own volume', async (t) => {
  const other = { path: '/safe/ck', directory: '/safe/ck' };
  const safe = directory({ ...other, volume: volume({ protection: 'encrypted' }) });
  const found = finding(rule, [directory(), files('keyed-state'), safe, files('keyed-state', other)]);
  t.equal(found.file?.path, DIRECTORY);
});

t.test('names the member whose configuration alone names the directory', async (t) => {
  const server = { server: { host: 'localhost', port: 0, member: 'tm1' } };
  t.equal(finding(rule, [directory({}, server), files('keyed-state', {}, server)]).file?.member, 'tm1');
});
