import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import type { MemberSource } from '../flink/source.ts';
import { flinkFilesIn } from './configuration-files.ts';
import { reason, Unusable } from './failure.ts';

/**
 * A running process below `/proc`. The folder of its configuration is looked for in its own root, so that a container's
 * is found. Variables that the system keeps from this account are told in a note.
 *
 * @throws Unusable where the process is gone, or hides its arguments or files
 */
export async function readProcess(target: string): Promise<MemberSource> {
  const { configurationFolder, expectFlink, processSource } = await import('../flink/process.ts');
  const found = {
    path: target.length > 1 && target.endsWith('/') ? target.slice(0, -1) : target,
    arguments: records(path.join(target, 'cmdline')) ?? hidden(target),
    ...environmentOf(target),
  };
  expectFlink(found);
  const folder = configurationFolder(found);
  if (folder === undefined)
    throw new Unusable(`--conf: ${found.path}: names no folder of its configuration; give that`);
  const { role, ...source } = processSource(found, filesIn(within(target, folder)));
  return { ...source, member: role ?? null };
}

function hidden(target: string): never {
  throw new Unusable(
    `--conf: ${path.join(target, 'cmdline')}: not readable: permission denied; ask as the user whose process it is`,
  );
}

function environmentOf(target: string): { readonly environment?: readonly string[] } {
  const environment = records(path.join(target, 'environ'));
  return environment === undefined ? {} : { environment };
}

/** Texts that end with NUL; undefined where they may not be read. */
function records(file: string): readonly string[] | undefined {
  try {
    return readFileSync(file, 'utf8').split('\0').slice(0, -1);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') return undefined;
    throw new Unusable(
      `--conf: ${file}: ${code === 'ENOENT' || code === 'ESRCH' ? 'the process is gone' : reason(error)}`,
    );
  }
}

/** A path as the process has it, seen from here. */
function within(target: string, folder: string): string {
  if (!path.isAbsolute(folder)) return path.join(target, 'cwd', folder);
  return linkTarget(path.join(target, 'root')) === '/' ? folder : path.join(target, 'root', folder);
}

function filesIn(folder: string): ReturnType<typeof flinkFilesIn> {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    throw new Unusable(`--conf: ${folder}: the configuration of the process: ${reason(error)}`);
  }
  const files = flinkFilesIn(folder, names);
  if (files.length === 0) throw new Unusable(`--conf: ${folder}: holds neither config.yaml nor flink-conf.yaml`);
  return files;
}

/** Where a link leads; undefined where nobody may know. */
function linkTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
