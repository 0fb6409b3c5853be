import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder } from '../flink/bed/distribution.ts';

/** Flink's own classes: what its configuration says, and whether its TLS of both families comes up with it. */
const SOURCE = `
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.GlobalConfiguration;
import org.apache.flink.runtime.net.SSLUtils;

public class Reads {
  public static void main(String[] folders) throws Exception {
    for (String folder : folders) {
      Configuration read = GlobalConfiguration.loadConfiguration(folder);
      read.toMap().forEach((key, value) -> System.out.println("SETTING " + folder + " " + key + "=" + value));
      SSLUtils.createInternalServerSSLEngineFactory(read);
      SSLUtils.createInternalClientSSLEngineFactory(read);
      SSLUtils.createRestServerSSLEngineFactory(read);
      SSLUtils.createRestClientSSLEngineFactory(read);
      System.out.println("TLS " + folder);
    }
  }
}
`;

function libraries(version: string): string {
  return path.join(cacheFolder(), version, 'lib');
}

/** Why Flink of this version cannot be asked here; `false`: it can. */
export function lackingFlink(version: string): string | false {
  if (!existsSync(libraries(version))) return `Flink ${version} not found`;
  return spawnSync('javac', ['-version']).status === 0 ? false : 'JDK not found';
}

/** Settings of each folder as Flink reads them; throws what Flink throws where TLS does not come up. */
export function readByFlink(
  version: string,
  folders: readonly string[],
  workshop: string,
): Map<string, Map<string, string>> {
  const source = path.join(workshop, 'Reads.java');
  writeFileSync(source, SOURCE);
  const { status, stdout, stderr } = spawnSync('java', ['-cp', `${libraries(version)}/*`, source, ...folders], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  const read = new Map(folders.map((folder) => [folder, new Map<string, string>()]));
  for (const line of stdout.split('\n')) {
    const [, folder, key, value] = /^SETTING (\S+) ([^=]+)=(.*)$/.exec(line) ?? [];
    if (folder !== undefined) read.get(folder)?.set(key!, value!);
  }
  if (!folders.every((folder) => stdout.includes(`TLS ${folder}\n`))) throw new Error(stdout);
  return read;
}
