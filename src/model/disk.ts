/** What a report says of files and directories; part of the public contract like the rest of it (`report.ts`). */
export type Reach = 'owner' | 'group' | 'others' | 'unknown';

/** What could be seen of the volume on which a directory lies: evidence, never a proof that nothing protects it. */
export interface VolumeSighting {
  readonly mountPoint: string;
  /** `ext4`, `nfs4`, `overlay`, `fuse.gocryptfs`. */
  readonly fileSystem: string;
  /** Block device, server and path, or what the mount names instead. */
  readonly device: string;
  /** `memory`: never written but to swap. `remote`: a server keeps it. `hidden`: nothing can be seen from here. */
  readonly protection: 'encrypted' | 'none-seen' | 'memory' | 'remote' | 'hidden';
  /** Of a network file system: how its bytes travel. */
  readonly transport?: 'protected' | 'clear' | 'unknown';
  /** One clause each. */
  readonly evidence: readonly string[];
}

/** A file or directory on disk; of many of one kind in one directory the one that is open to most. */
export interface FileSighting {
  readonly path: string;
  /** Octal permission bits, as `0644`; `unknown` where the system has none. */
  readonly mode: string;
  readonly owner: string;
  /** What its own bytes say that it is; `directory` for a directory. */
  readonly content: string;
  /** The directory that was sampled. */
  readonly directory?: string;
  /** Byte at which the proof of its content stands, and what stands there; never state. */
  readonly offset?: number;
  readonly proof?: string;
  /** By its mode and those of all directories above. */
  readonly readableBy?: Reach;
  readonly writableBy?: Reach;
  /** Counts, versions, further modes and owners, by name. */
  readonly details?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** Of a directory. */
  readonly volume?: VolumeSighting;
}
