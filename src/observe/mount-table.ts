/** One line of `/proc/PID/mountinfo` (proc(5)). */
export interface Mount {
  /** `MAJOR:MINOR` of `st_dev`; major 0 for file systems without a device of their own, btrfs among them. */
  readonly device: string;
  /** Path within the file system that is mounted here. */
  readonly root: string;
  readonly mountPoint: string;
  readonly options: readonly string[];
  readonly fileSystem: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

/** Lines that are believed; a container host has some thousands. */
const MAX_MOUNTS = 100_000;

/** Text of `mountinfo` to mounts, in its order; lines that are none are passed over. */
export function parseMountInfo(text: string): readonly Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n', MAX_MOUNTS)) {
    const mount = parseLine(line.split(' '));
    if (mount !== undefined) mounts.push(mount);
  }
  return mounts;
}

/** `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`: optional fields end at `-`. */
function parseLine(fields: readonly string[]): Mount | undefined {
  const separator = fields.indexOf('-', 6);
  const [, , device, root, mountPoint, options] = fields;
  const [fileSystem, source, superOptions] = fields.slice(separator + 1);
  if (separator === -1 || fileSystem === undefined || source === undefined) return undefined;
  if (device === undefined || !/^\d+:\d+$/.test(device) || !mountPoint?.startsWith('/')) return undefined;
  return {
    device,
    root: unescapeOctal(root ?? '/'),
    mountPoint: unescapeOctal(mountPoint),
    options: (options ?? '').split(','),
    fileSystem,
    source: unescapeOctal(source),
    superOptions: (superOptions ?? '').split(','),
  };
}

/** The kernel writes space, tab, line feed and backslash as `\040` and so on. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** The mount on which an absolute path without links lies: the deepest, and of several on one place the last. */
export function mountOf(mounts: readonly Mount[], path: string): Mount | undefined {
  let found: Mount | undefined;
  for (const mount of mounts) {
    const isDeeper = found === undefined || mount.mountPoint.length >= found.mountPoint.length;
    if (isDeeper && isWithin(path, mount.mountPoint)) found = mount;
  }
  return found;
}

/** True for the folder itself and all below it. */
export function isWithin(path: string, folder: string): boolean {
  if (!path.startsWith(folder)) return false;
  return path.length === folder.length || folder.endsWith('/') || path[folder.length] === '/';
}
