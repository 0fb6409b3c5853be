import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../src/cli/program.ts';
import { repositoryRoot } from './expected.ts';

/** The command's modules. The package installs a bundle of them, which `test/build/` holds against this. */
export const MAIN: string = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../src/cli/main.js');

const { FORCE_COLOR: _, NO_COLOR: __, ...environment } = process.env;
/** Ours, without what switches colours. */
export const ENVIRONMENT: NodeJS.ProcessEnv = environment;

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, at the repository's root; what it prints is kept instead of printed. */
export async function flinkprobe(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const kept = { stdout: '', stderr: '' };
  const write = { stdout: process.stdout.write, stderr: process.stderr.write };
  const folder = process.cwd();
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].write = ((text: string) => {
      kept[name] += text;
      return true;
    }) as typeof process.stdout.write;
  }
  process.chdir(repositoryRoot());
  Object.assign(process.env, env);
  process.exitCode = undefined;
  try {
    await run(args);
    return { status: Number(process.exitCode ?? 0), ...kept };
  } finally {
    process.exitCode = undefined;
    for (const name of Object.keys(env)) delete process.env[name];
    process.chdir(folder);
    process.stdout.write = write.stdout;
    process.stderr.write = write.stderr;
  }
}

/** Runs the command as a user's shell would. */
export function spawned(args: readonly string[], input?: Uint8Array): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: repositoryRoot(),
    encoding: 'utf8',
    env: ENVIRONMENT,
    maxBuffer: 256 * 1024 * 1024,
    ...(input === undefined ? {} : { input }),
  });
  return { status, stdout, stderr };
}
