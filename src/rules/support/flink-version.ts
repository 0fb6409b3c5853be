/** Major and minor number. */
export type Release = readonly [major: number, minor: number];

/** `1.17.2` against [1, 18]; what is no version is taken for the newest. */
export function isOlder(version: string, release: Release): boolean {
  return readRelease(version) !== undefined && !isAtLeast(version, release);
}

/** Of a version that is known, snapshots included; false for what is no version. */
export function isAtLeast(version: string | undefined, [major, minor]: Release): boolean {
  const own = version === undefined ? undefined : readRelease(version);
  return own !== undefined && (own[0] > major || (own[0] === major && own[1] >= minor));
}

function readRelease(version: string): Release | undefined {
  const read = /^(\d+)\.(\d+)/.exec(version);
  return read === null ? undefined : [Number(read[1]), Number(read[2])];
}
