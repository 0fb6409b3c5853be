import t from 'tap';
import { clusterNaming } from '../../src/cli/daemon-parts.ts';
import { loaded } from '../daemon/scheduling.ts';

const { settings } = loaded([
  { name: 'first', targets: ['rest=jm.eu:8081'] },
  { name: 'staging', targets: ['rest=jm.staging:8081', 'blob-server=jm.staging:6124'] },
  { name: 'jm2', targets: ['jm2'] },
  { name: 'prod', targets: [], rest: { url: 'https://jm/flink' } },
  { name: 'six', targets: ['rest=[fd00::0:1]:8081'] },
  { name: 'shared-a', targets: ['shared:8081'] },
  { name: 'shared-b', targets: ['shared:8082'] },
]);

const CASES: readonly (readonly [target: string, cluster: string, why: string])[] = [
  ['rest=jm:443', 'prod', 'the port of https'],
  ['jm:6124', 'prod', 'another port of the host'],
  ['jm2:8081', 'jm2', 'a target without a port'],
  ['blob-server=jm.staging:6124', 'staging', 'to the letter'],
  ['JM.Staging:1', 'staging', 'names have no case'],
  ['[fd00::1]:8081', 'six', 'an address written in another way'],
  ['shared:8082', 'shared-b', 'the port tells two clusters of one host apart'],
  ['shared:9999', 'shared-a', 'where none tells them apart, the first of them'],
  ['m:8081', 'first', 'part of a name is no name'],
  ['staging:8081', 'first', 'nor is its end'],
  ['jm.staging.evil:8081', 'first', 'nor one that begins so'],
  ['flink:443', 'first', 'nor is the path of a URL'],
  ['https:443', 'first', 'nor its scheme'],
];

for (const [target, cluster, why] of CASES) {
  t.test(`the cluster that names ${target} is ${cluster}: ${why}`, async (t) => {
    t.equal(clusterNaming(target, settings).name, cluster);
  });
}
