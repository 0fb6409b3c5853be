import t from 'tap';
import { rule } from '../../src/rules/state-directory-open-to-others.ts';
import { finding, tls, verdict } from '../support/observations.ts';
import { DIRECTORY, directory, files } from '../support/state-at-rest.ts';

const open = { mode: '0644', readableBy: 'others' } as const;
const grouped = { mode: '0640', readableBy: 'group' } as const;

t.test('fails state that every account reads: high', async (t) => {
  const state = files('rocksdb-sst', open, { repeats: 2 });
  const found = finding(rule, [directory({ mode: '0755', readableBy: 'others' }), state]);
  t.match(found, { severity: 'high', file: { path: DIRECTORY }, channel: 'checkpoint-storage' });
  t.match(found.message, 'every account reads RocksDB tables');
  t.match(found.evidence[0], { observation: state.id, text: /3 files of RocksDB tables.*mode 0644, owner flink/ });
  t.equal(found.remediation.command, `chmod -R go-rwx ${DIRECTORY}`);
});

t.test('fails state that a group reads: medium', async (t) => {
  t.equal(finding(rule, [directory(), files('keyed-state', grouped)]).severity, 'medium');
});

t.test('is one step milder about what is no state', async (t) => {
  t.equal(finding(rule, [directory(), files('jar', open)]).severity, 'medium');
  t.equal(finding(rule, [directory(), files('job-archive', grouped)]).severity, 'low');
});

t.test('fails what others can write, whoever reads it: high', async (t) => {
  const written = finding(rule, [directory(), files('completed-checkpoint', { writableBy: 'others' })]);
  t.match(written, { severity: 'high', message: /every account can write 1 entry/ });
  const within = directory({ details: { files: 4, directories: 5, writableByOthers: 2, writable: 'job/shared' } });
  const found = finding(rule, [within, files('keyed-state')]);
  t.match(found, { severity: 'high', message: /every account can write 2 entries/ });
  t.match(found.evidence.at(-1)!.text, 'the first of them job/shared');
  t.equal(finding(rule, [directory(), files('keyed-state', { writableBy: 'group' })]).severity, 'medium');
});

t.test('takes the worst of several, and tells all', async (t) => {
  const found = finding(rule, [
    directory(),
    files('jar', open),
    files('keyed-state', grouped),
    files('rocksdb-sst', open),
  ]);
  t.equal(found.severity, 'high');
  t.match(found.message, /every account reads RocksDB tables; every account reads jars; the group reads keyed state/);
});

t.test('passes files and directories of the owner alone', async (t) => {
  t.equal(verdict(rule, [directory(), files('keyed-state'), files('jar')]), 'pass');
});

t.test('does not mind open directories without anything of Flink’s', async (t) => {
  const shared = directory({
    mode: '0777',
    readableBy: 'others',
    details: { files: 1, directories: 1, writableByOthers: 1 },
  });
  t.equal(verdict(rule, [shared, files('unknown', open)]), 'pass');
});

t.test('does not apply where the system has no modes, or nobody looked at a disk', async (t) => {
  const none = { mode: 'unknown', readableBy: 'unknown', writableBy: 'unknown' } as const;
  t.equal(verdict(rule, [directory(none), files('keyed-state', none)]), 'not-applicable');
  t.equal(verdict(rule, [tls()]), 'not-applicable');
});

t.test('never tells to close a directory that others share', async (t) => {
  const command = (change: Parameters<typeof directory>[0]): string | null => {
    const place = { directory: change!.directory! };
    return finding(rule, [directory(change), files('keyed-state', { ...open, ...place })]).remediation.command;
  };
  const details = { files: 1, directories: 1, purpose: 'temporary' };
  t.equal(command({ path: '/scratch/flink', directory: '/scratch/flink', details }), null);
  t.equal(command({ path: '/var/tmp', directory: '/var/tmp', mode: '1777' }), null);
  for (const path of ['/', '/data']) t.equal(command({ path, directory: path }), null, path);
});

t.test('quotes paths for a shell', async (t) => {
  const odd = "/flink/it's $(x)";
  const found = finding(rule, [
    directory({ path: odd, directory: odd }),
    files('keyed-state', { ...open, directory: odd }),
  ]);
  t.equal(found.remediation.command, `chmod -R go-rwx '/flink/it'\\''s $(x)'`);
});
