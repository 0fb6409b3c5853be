import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import type { Distribution } from './distribution.ts';

/** Not every patch version is in the registry: the nearest one of the same minor version stands in. */
function neighbours(version: string): readonly string[] {
  const [major, minor, patch] = version.split('.').map(Number);
  const others = [0, 1, 2, 3, 4, 5]
    .filter((n) => n !== patch)
    .sort((a, b) => Math.abs(a - patch!) - Math.abs(b - patch!));
  return [patch!, ...others].map((n) => `${major}.${minor}.${n}`);
}

/** `1.20.3` of `…/flink-sql-gateway-1.20.3.jar`. */
export const gatewayRelease = (jar: string): string | undefined => /flink-sql-gateway-([\d.]+)\.jar$/.exec(jar)?.[1];

/** The SQL gateway's jar, which the distribution lacks. @throws Error when no patch of the minor version can be had */
export async function gatewayJar(flink: Distribution): Promise<string> {
  const folder = join(flink.folder, 'gateway');
  mkdirSync(folder, { recursive: true });
  for (const version of neighbours(flink.version.version)) {
    const jar = join(folder, `flink-sql-gateway-${version}.jar`);
    if (existsSync(jar)) return jar;
  }
  for (const version of neighbours(flink.version.version)) {
    const jar = join(folder, `flink-sql-gateway-${version}.jar`);
    const artifact = `-Dartifact=org.apache.flink:flink-sql-gateway:${version}`;
    await run('mvn', ['-q', '-B', 'dependency:get', artifact, '-Dtransitive=false'], { cwd: folder });
    await run('mvn', ['-q', '-B', 'dependency:copy', artifact, `-DoutputDirectory=${folder}`], { cwd: folder });
    if (existsSync(jar)) return jar;
  }
  throw new Error(`flink-sql-gateway ${flink.version.version}: neither it nor a neighbour is in the registry`);
}
