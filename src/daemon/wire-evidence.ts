import { mkdirSync, readdirSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LiveTransfer } from '../observe/live.ts';

/** Files that are kept, and their bytes in all; the oldest are removed. */
const MAX_FILES = 200;
const MAX_BYTES = 64 * 1024 * 1024;
/** The same transfer of the same server is kept again after this long. */
const AGAIN_AFTER_MS = 3_600_000;
/** Where it could not be written: not every transfer tries again. */
const RETRY_AFTER_MS = 60_000;
const PREFIX = 'flinkprobe-evidence-';
const MAX_KEYS = 10_000;

/** Names of files of evidence: never read as captures of others. */
export function isEvidence(name: string): boolean {
  return name.startsWith(PREFIX);
}

/** The first packets of connections that carried state in clear, one pcapng each, readable by its owner only. */
export class EvidenceFolder {
  readonly #folder: string;
  readonly #cluster: string;
  readonly #clock: () => number;
  readonly #monotonic: () => number;
  /** Before when which transfer is not kept again, by a clock that nobody sets. */
  readonly #notBefore = new Map<string, number>();

  constructor(folder: string, cluster: string, clock: () => number, monotonic: () => number) {
    this.#folder = folder;
    this.#cluster = cluster;
    this.#clock = clock;
    this.#monotonic = monotonic;
  }

  /** Path of the file, or undefined where nothing new had to be kept. Throws what the file system throws. */
  keep({ observation, transfer, evidence }: LiveTransfer): string | undefined {
    if (evidence === undefined) return undefined;
    const { channel, server } = observation;
    const key = `${channel} ${server.host} ${server.port} ${transfer.kind}`;
    const now = this.#monotonic();
    if (now < (this.#notBefore.get(key) ?? Number.NEGATIVE_INFINITY)) return undefined;
    if (this.#notBefore.size >= MAX_KEYS) this.#notBefore.clear();
    this.#notBefore.set(key, now + RETRY_AFTER_MS);
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#makeRoom(evidence.length);
    const time = new Date(this.#clock()).toISOString().replace(/[:.]/g, '-');
    const words = [time, this.#cluster, channel, server.host, String(server.port), transfer.kind].map(safe);
    const file = path.join(this.#folder, `${PREFIX}${words.join('_')}.pcapng`);
    writeNew(file, evidence);
    this.#notBefore.set(key, now + AGAIN_AFTER_MS);
    return file;
  }

  #makeRoom(bytes: number): void {
    const files = readdirSync(this.#folder)
      .filter(isEvidence)
      .sort()
      .map((name) => ({ file: path.join(this.#folder, name), size: statSync(path.join(this.#folder, name)).size }));
    let total = files.reduce((sum, { size }) => sum + size, bytes);
    while (files.length >= MAX_FILES || (total > MAX_BYTES && files.length > 0)) {
      const oldest = files.shift()!;
      total -= oldest.size;
      unlinkSync(oldest.file);
    }
  }
}

/** The whole file or none. */
function writeNew(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') rmSync(file, { force: true });
    throw error;
  }
}

function safe(text: string): string {
  return text.replace(/[^\w.-]/g, '-').slice(0, 60);
}
