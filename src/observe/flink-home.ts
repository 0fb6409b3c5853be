import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import type { FlinkHome } from '../model/rule.ts';
import { ZIP_TAIL_BYTES, zipDirectory, zipNames } from '../protocols/zip-names.ts';

/** Jars whose directories are read; a distribution has 20. */
const JARS_MAX = 200;
/** Of one jar: that of flink-dist takes 3 MiB. */
const DIRECTORY_BYTES_MAX = 32 * 1024 * 1024;
const PACKED_STORES_MAX = 50;

const STORE_NAME = /\.(?:p12|pfx|jks|jceks|bcfks|bks|keystore|truststore)$|(?:^|\/)(?:keystore|truststore|cacerts)$/i;

/**
 * The folder that Flink was unpacked into, where a configuration lies in its `conf`; undefined elsewhere. Never throws.
 *
 * @param conf folder or file of the configuration
 */
export function flinkHome(conf: string): FlinkHome | undefined {
  const folder = isFolder(conf) ? path.resolve(conf) : path.dirname(path.resolve(conf));
  const home = path.dirname(folder);
  const libraries = namesIn(path.join(home, 'lib'));
  if (!libraries.some((name) => /^flink-dist.*\.jar$/.test(name))) return undefined;
  const jars = ['lib', 'usrlib']
    .flatMap((one) => namesIn(path.join(home, one)).map((name) => path.join(home, one, name)))
    .filter((file) => file.endsWith('.jar'))
    .slice(0, JARS_MAX);
  const packedStores = jars.flatMap((jar) =>
    namesOfJar(jar)
      .filter((name) => STORE_NAME.test(name))
      .map((entry) => ({ jar, entry })),
  );
  return {
    path: home,
    libraries,
    optional: namesIn(path.join(home, 'opt')),
    packedStores: packedStores.slice(0, PACKED_STORES_MAX),
  };
}

function isFolder(file: string): boolean {
  try {
    return statSync(file).isDirectory();
  } catch {
    return false;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** Nothing where it cannot be read, or is no jar. */
function namesOfJar(file: string): readonly string[] {
  let handle: number;
  try {
    handle = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch {
    return [];
  }
  try {
    const stats = fstatSync(handle);
    if (!stats.isFile()) return [];
    const tailAt = Math.max(0, stats.size - ZIP_TAIL_BYTES);
    const directory = zipDirectory(readAt(handle, tailAt, stats.size - tailAt));
    if (directory === undefined || directory.bytes > DIRECTORY_BYTES_MAX) return [];
    return zipNames(readAt(handle, directory.offset, directory.bytes));
  } catch {
    return [];
  } finally {
    closeSync(handle);
  }
}

/** Fewer bytes than asked for at the end of the file. */
function readAt(handle: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(handle, bytes, 0, length, offset));
}
