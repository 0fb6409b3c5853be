import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Files as the kubelet mounts a ConfigMap, a Secret or a token (`AtomicWriter`): each a link through `..data`, which is
 * swapped whole for a new folder; the old one is deleted then.
 */
export class Mounted {
  readonly folder: string;
  #generation = 0;

  constructor(folder: string, files: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.write(files);
    for (const file of Object.keys(files)) symlinkSync(path.join('..data', file), path.join(folder, file));
  }

  /** The path that a process is given. */
  at(file: string): string {
    return path.join(this.folder, file);
  }

  /** The same names with what they hold from now on. */
  write(files: Readonly<Record<string, string>>): void {
    this.#generation += 1;
    const name = `..2026_11_22_12_00_0${this.#generation}`;
    mkdirSync(this.at(name));
    for (const [file, content] of Object.entries(files)) writeFileSync(path.join(this.at(name), file), content);
    const before = this.#generation === 1 ? undefined : readlinkSync(this.at('..data'));
    symlinkSync(name, this.at('..data_tmp'));
    renameSync(this.at('..data_tmp'), this.at('..data'));
    if (before !== undefined) rmSync(this.at(before), { recursive: true });
  }
}
