import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type Bed, withCluster } from './bed.ts';
import { caseNamed } from './cases.ts';
import { type Cluster, settle, start } from './cluster.ts';
import { gone } from './command.ts';
import type { Distribution } from './distribution.ts';

/** Class data archives of one version: each role loads other classes. */
export interface Archives {
  readonly jobManager: string;
  readonly taskManager: string;
}

/** A case that loads what most cases need. */
const TYPICAL = 'internal-gcm';

/**
 * Archives made by an earlier run, or made now: a cluster is started, and its processes write them at their end.
 * Undefined where that does not work: the cases then start without, and tell what is wrong.
 */
export async function archives(bed: Bed, flink: Distribution): Promise<Archives | undefined> {
  const made: Archives = { jobManager: join(flink.folder, 'jm.jsa'), taskManager: join(flink.folder, 'tm.jsa') };
  if (existsSync(made.jobManager) && existsSync(made.taskManager)) return made;
  try {
    await make(bed, flink, made);
    return made;
  } catch {
    return undefined;
  }
}

async function make(bed: Bed, flink: Distribution, made: Archives): Promise<void> {
  const fresh: Archives = { jobManager: `${made.jobManager}.new`, taskManager: `${made.taskManager}.new` };
  const writing = async (cluster: Cluster): Promise<void> => {
    await settle(cluster);
    for (const name of ['tm1', 'jm']) {
      const { child } = cluster.processes.get(name)!;
      child.kill('SIGTERM');
      await gone(child);
    }
  };
  await withCluster(bed, flink, caseNamed(TYPICAL), writing, async (setting) =>
    start({ ...setting, writeArchives: fresh }),
  );
  renameSync(fresh.jobManager, made.jobManager);
  renameSync(fresh.taskManager, made.taskManager);
}
