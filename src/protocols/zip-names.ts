/** Where the directory of a ZIP file stands, bytes (APPNOTE.TXT 4.3.16). */
export interface ZipDirectory {
  readonly offset: number;
  readonly bytes: number;
}

/** Bytes at the end of a file in which the end record stands: itself, and the longest comment. */
export const ZIP_TAIL_BYTES: number = 22 + 0xffff;
/** Entries whose names are read: Flink's own jar has 30,000. */
export const ZIP_NAMES_MAX = 100_000;

const END_RECORD = 0x06054b50;
const ENTRY = 0x02014b50;
const ENTRY_BYTES = 46;

/** Undefined where the tail is not that of a ZIP file, or of one beyond 4 GiB. */
export function zipDirectory(tail: Buffer): ZipDirectory | undefined {
  for (let at = tail.length - 22; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END_RECORD) continue;
    const bytes = tail.readUInt32LE(at + 12);
    const offset = tail.readUInt32LE(at + 16);
    return offset === 0xffffffff ? undefined : { offset, bytes };
  }
  return undefined;
}

/** Names of the entries, as far as the directory can be read. Bytes are indexed directly: jars have many entries. */
export function zipNames(directory: Buffer): readonly string[] {
  const names: string[] = [];
  for (let at = 0; at + ENTRY_BYTES <= directory.length && names.length < ZIP_NAMES_MAX; ) {
    if (directory.readUInt32LE(at) !== ENTRY) break;
    const name = directory.readUInt16LE(at + 28);
    const rest = directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    names.push(directory.toString('utf8', at + ENTRY_BYTES, at + ENTRY_BYTES + name));
    at += ENTRY_BYTES + name + rest;
  }
  return names;
}
