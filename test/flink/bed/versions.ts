/** Flink versions of the test bed: the newest patch that the Python package registry has of each minor version. */

export interface FlinkVersion {
  readonly version: string;
  /** Source archive of `apache-flink-libraries`, which holds `lib/`, `opt/` and `plugins/` of the distribution. */
  readonly archive: string;
  /** SHA-256 of the archive, lower-case hex. */
  readonly sha256: string;
  /** Value of `security.ssl.algorithms` where none is set: changed by FLINK-39022 (1.20.4, 2.0.2, 2.1.2, 2.2.1, 2.3.0). */
  readonly defaultSuites: 'rsa-cbc' | 'ecdhe-gcm';
  /** Why this patch stands in for its minor version, where it is not the newest release of it. */
  readonly note?: string;
}

export const FLINK_VERSIONS: readonly FlinkVersion[] = [
  {
    version: '1.16.3',
    archive: 'apache-flink-libraries-1.16.3.tar.gz',
    sha256: 'd15df4185e9c507836b031879b64e18f68955dd7e90cd7d39b450513ed64ebbe',
    defaultSuites: 'rsa-cbc',
  },
  {
    version: '1.17.2',
    archive: 'apache-flink-libraries-1.17.2.tar.gz',
    sha256: '1d7f7de6d3288610d0fecb7b45235343e31d644d0eacbe5e560560ed9124dcdb',
    defaultSuites: 'rsa-cbc',
  },
  {
    version: '1.18.1',
    archive: 'apache-flink-libraries-1.18.1.tar.gz',
    sha256: '369ce11ab33e5e15cdd349db2f5412dcc2fad163b6a87aa93b927a3631bcca7f',
    defaultSuites: 'rsa-cbc',
  },
  {
    version: '1.19.3',
    archive: 'apache-flink-libraries-1.19.3.tar.gz',
    sha256: '4a58e3a1fb7d83340bc96b6c080624c6d792d69fae5d294b96224775204a9c60',
    defaultSuites: 'rsa-cbc',
  },
  {
    version: '1.20.3',
    archive: 'apache-flink-libraries-1.20.3.tar.gz',
    sha256: 'f07f07a46bb272c1e851379ed92105928367019db31240091a5367fc92800289',
    defaultSuites: 'rsa-cbc',
    note: 'beside 1.20.5: the last 1.20 with the old default suite',
  },
  {
    version: '1.20.5',
    archive: 'apache_flink_libraries-1.20.5.tar.gz',
    sha256: 'e6aee62ea1a1fe7b32e28894ad079f3f1a50a372a4caac3df52405267f4228c8',
    defaultSuites: 'ecdhe-gcm',
  },
  {
    version: '2.0.2',
    archive: 'apache_flink_libraries-2.0.2.tar.gz',
    sha256: '64dced9d0324a5f23f84e9cdf444d3fd64632169e477f001c21b422f39b995ba',
    defaultSuites: 'ecdhe-gcm',
  },
  {
    version: '2.1.3',
    archive: 'apache_flink_libraries-2.1.3.tar.gz',
    sha256: 'b48d3944755b9303f99d205ea1a9bcb798fc563a872c782393fb466f16d4f91c',
    defaultSuites: 'ecdhe-gcm',
  },
  {
    version: '2.2.1',
    archive: 'apache_flink_libraries-2.2.1.tar.gz',
    sha256: 'eec27ffa86d01184de7f5ab668c479c83cdb75ebc7fba8091307da4f1a9d3348',
    defaultSuites: 'ecdhe-gcm',
  },
  {
    version: '2.3.0',
    archive: 'apache_flink_libraries-2.3.0.tar.gz',
    sha256: '570bf8831d3c1336311e924e97119e52d8842e5485a4a7709ff9a92db709b006',
    defaultSuites: 'ecdhe-gcm',
  },
];

/** `1.20.3` to `[1, 20, 3]`. */
export function parts(version: string): readonly [number, number, number] {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return [major, minor, patch];
}

/** Whether `version` is `bound` or later: both as `1.20.3` or `1.20`. */
export function since(version: string, bound: string): boolean {
  const left = parts(version);
  const right = parts(bound);
  for (let i = 0; i < left.length; i++) {
    if (left[i] !== right[i]) return left[i]! > right[i]!;
  }
  return true;
}

/** @throws Error when the bed does not know the version */
export function versionNamed(name: string): FlinkVersion {
  const found = FLINK_VERSIONS.find((v) => v.version === name);
  if (found) return found;
  throw new Error(`no version ${name}: the bed has ${FLINK_VERSIONS.map((v) => v.version).join(', ')}`);
}
