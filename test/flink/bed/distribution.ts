import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { must } from './command.ts';
import type { FlinkVersion } from './versions.ts';

/** An unpacked distribution and what was compiled for it. */
export interface Distribution {
  readonly version: FlinkVersion;
  readonly folder: string;
  /** All of `lib/`, in order. */
  readonly classPath: readonly string[];
  /** The job's jar, compiled against this version. */
  readonly job: string;
}

/** Where distributions and key stores are kept: `$FLINK_BED_CACHE`, or below the user's cache folder. */
export function cacheFolder(): string {
  const chosen = process.env.FLINK_BED_CACHE;
  if (chosen) return chosen;
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'flinkprobe', 'flink');
}

/** Fetches what is missing, checks it, unpacks it and compiles the job. @throws Error when the archive is not the pinned one */
export async function distribution(version: FlinkVersion, jobSource: string): Promise<Distribution> {
  const folder = join(cacheFolder(), version.version);
  if (!existsSync(join(folder, 'lib'))) await unpack(version, folder);
  const job = join(folder, 'probe-job.jar');
  if (!existsSync(job)) await compile(folder, jobSource, job);
  const lib = join(folder, 'lib');
  const classPath = jars(lib).map((name) => join(lib, name));
  return { version, folder, classPath, job };
}

export function jars(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jar'))
    .sort();
}

async function unpack(version: FlinkVersion, folder: string): Promise<void> {
  const downloads = join(cacheFolder(), 'downloads');
  mkdirSync(downloads, { recursive: true });
  const archive = join(downloads, version.archive);
  if (!existsSync(archive)) {
    const wanted = `apache-flink-libraries==${version.version}`;
    await must('pip', ['download', '--quiet', '--no-deps', '--no-binary', ':all:', '--dest', downloads, wanted]);
  }
  const digest = await sha256(archive);
  if (digest !== version.sha256) throw new Error(`${version.archive}: sha256 ${digest}, pinned is ${version.sha256}`);
  const fresh = `${folder}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  await must('tar', ['xzf', archive, '-C', fresh, '--strip-components=2', '--wildcards', '*/deps/*']);
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

async function compile(folder: string, source: string, jar: string): Promise<void> {
  const classes = join(folder, 'probe-job');
  mkdirSync(classes, { recursive: true });
  await must('javac', ['-nowarn', '-d', classes, '-cp', join(folder, 'lib', '*'), source]);
  await must('jar', ['--create', '--file', jar, '--main-class', 'ProbeJob', '-C', classes, '.']);
}
