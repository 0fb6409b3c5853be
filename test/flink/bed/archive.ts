import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type Bed, withCluster } from './bed.ts';
import { caseNamed } from './cases.ts';
import { settle, start } from './cluster.ts';
import { gone } from './command.ts';
import type { Distribution } from './distribution.ts';

/** Class data archives of one version: each role loads other classes. */
export interface Archives {
  readonly jobManager: string;
  readonly taskManager: string;
}

/** A case that loads what most cases need. */
const TYPICAL = 'internal-gcm';

/** Archives made by an earlier run, or made now: a cluster is started, and its processes write them at their end. */
export async function archives(bed: Bed, flink: Distribution): Promise<Archives> {
  const made: Archives = { jobManager: join(flink.folder, 'jm.jsa'), taskManager: join(flink.folder, 'tm.jsa') };
  if (existsSync(made.jobManager) && existsSync(made.taskManager)) return made;
  const fresh: Archives = { jobManager: `${made.jobManager}.new`, taskManager: `${made.taskManager}.new` };
  const begin = async (setting: Parameters<typeof start>[0]): Promise<ReturnType<typeof start>> =>
    start({ ...setting, writeArchives: fresh });
  await withCluster(
    bed,
    flink,
    caseNamed(TYPICAL),
    async (cluster) => {
      await settle(cluster);
      for (const name of ['tm1', 'jm']) {
        const { child } = cluster.processes.get(name)!;
        child.kill('SIGTERM');
        await gone(child);
      }
    },
    begin,
  );
  renameSync(fresh.jobManager, made.jobManager);
  renameSync(fresh.taskManager, made.taskManager);
  return made;
}
