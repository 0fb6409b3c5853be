import t from 'tap';
import type { VolumeSighting } from '../../src/model/report.ts';
import { rule } from '../../src/rules/state-mount-in-clear.ts';
import { finding, verdict } from '../support/observations.ts';
import { DIRECTORY, directory, files, volume } from '../support/state-at-rest.ts';

const mount = (transport: NonNullable<VolumeSighting['transport']>): VolumeSighting =>
  volume({
    fileSystem: 'nfs4',
    device: 'nas:/ck',
    protection: 'remote',
    transport,
    evidence: ['NFS with sec=sys: its bytes are not encrypted'],
  });

t.test('fails a directory of state on a mount that does not encrypt', async (t) => {
  const found = finding(rule, [directory({ volume: mount('clear') }), files('keyed-state')]);
  t.match(found, { severity: 'medium', verdict: 'fail', file: { path: DIRECTORY } });
  t.match(found.observed, 'nfs4 mount of nas:/ck: NFS with sec=sys: its bytes are not encrypted; it holds keyed state');
});

t.test('fails an empty one too: it is named for state', async (t) => {
  t.equal(verdict(rule, [directory({ volume: mount('clear') })]), 'fail');
});

t.test('passes mounts that encrypt, cannot tell others', async (t) => {
  t.equal(verdict(rule, [directory({ volume: mount('protected') }), files('keyed-state')]), 'pass');
  t.equal(verdict(rule, [directory({ volume: mount('unknown') }), files('keyed-state')]), 'inconclusive');
});

t.test('does not apply to disks of the machine', async (t) => {
  t.equal(verdict(rule, [directory(), files('keyed-state')]), 'not-applicable');
});
