import { RestFailure } from '../net/flink-rest-failure.ts';
import type { JobAnswer, RestReader } from '../net/flink-rest-types.ts';

/** A job that has not ended, and where its state goes. */
export interface DiscoveredJob {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  /**
   * Flink's name of the checkpoint storage: with `JobManagerCheckpointStorage` state rides on RPC. Absent: no
   * checkpoints, or Flink did not tell.
   */
  readonly checkpointStorage?: string;
  /** Schemes of the places that checkpoints were written to or restored from: `s3`, `hdfs`, `file`. */
  readonly storageSchemes: readonly string[];
}

/** Jobs that are asked for their checkpoints: two small requests each. */
const MAX_JOBS = 20;
/** `JobStatus`, globally terminal. */
const ENDED: ReadonlySet<string> = new Set(['FINISHED', 'CANCELED', 'FAILED']);

/** Never rejects for want of an answer: jobs are a side matter, a note tells what failed. */
export async function discoverJobs(
  rest: RestReader,
): Promise<{ readonly jobs: readonly DiscoveredJob[]; readonly notes: readonly string[] }> {
  try {
    const listed = (await rest.jobs()).filter(({ state }) => !ENDED.has(state));
    const jobs: DiscoveredJob[] = [];
    // One after the other: there is one connection.
    for (const job of listed.slice(0, MAX_JOBS)) jobs.push(await withStorage(rest, job));
    const others = listed.slice(MAX_JOBS).map((job) => ({ ...job, storageSchemes: [] }));
    const notes =
      others.length === 0 ? [] : [`${others.length} of ${listed.length} jobs were not asked for their checkpoints`];
    return { jobs: [...jobs, ...others], notes };
  } catch (error) {
    if (!(error instanceof RestFailure) || error.fault === 'interrupted') throw error;
    return { jobs: [], notes: [`jobs and their checkpoint storage are not known: ${error.message}`] };
  }
}

async function withStorage(rest: RestReader, job: JobAnswer): Promise<DiscoveredJob> {
  const settings = await unlessAbsent(rest.checkpointConfig(job.id));
  const checkpoints = settings === undefined ? undefined : await unlessAbsent(rest.checkpoints(job.id));
  const schemes = (checkpoints?.externalPaths ?? []).flatMap((path) => /^([a-z][a-z0-9+.-]*):/i.exec(path)?.[1] ?? []);
  return {
    ...job,
    ...(settings?.storage === undefined ? {} : { checkpointStorage: settings.storage }),
    storageSchemes: [...new Set(schemes.map((scheme) => scheme.toLowerCase()))],
  };
}

/** A job without checkpoints, or one that just ended, answers 404. */
async function unlessAbsent<Answer>(asked: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof RestFailure && error.status === 404) return undefined;
    throw error;
  }
}
