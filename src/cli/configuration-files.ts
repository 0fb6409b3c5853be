import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import type { ConfigurationFile } from '../flink/config.ts';
import { FLINK_FILES } from '../flink/source.ts';
import { reason, Unusable } from './failure.ts';

/** Larger files are no configuration. */
export const SOURCE_OCTETS_MAX: number = 8 * 1024 * 1024;

/** Flink's own files in a folder. */
export function flinkFilesIn(folder: string, names: readonly string[]): readonly ConfigurationFile[] {
  return FLINK_FILES.filter((name) => names.includes(name))
    .map((name) => path.join(folder, name))
    .map((name) => ({ name, text: readSourceText(name) }));
}

/** The text of a source. Throws `Unusable` for what is too large, or no text. */
export function readSourceText(file: string): string {
  const bytes = readBytes(file);
  const nul = bytes.indexOf(0);
  if (nul >= 0) throw new Unusable(`--conf: ${placeAt(file, bytes, nul)}: a zero byte: binary, no text`);
  if (!isUtf8(bytes)) {
    const until = bytes.toString('utf8').indexOf('\uFFFD');
    throw new Unusable(`--conf: ${placeAt(file, Buffer.from(bytes.toString('utf8')), until)}: no text in UTF-8`);
  }
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

function placeAt(file: string, bytes: Buffer, offset: number): string {
  const before = bytes.subarray(0, Math.max(0, offset));
  let line = 1;
  let start = 0;
  for (let at = before.indexOf(10); at >= 0; at = before.indexOf(10, at + 1)) {
    line++;
    start = at + 1;
  }
  return `${file}:${line}:${before.length - start + 1}`;
}

/** Pipes have no size and devices no end: what is read is counted. */
function readBytes(file: string): Buffer {
  let descriptor: number | undefined;
  try {
    descriptor = file === '-' ? 0 : openSync(file, 'r');
    const parts: Buffer[] = [];
    let total = 0;
    for (;;) {
      const part = Buffer.alloc(65_536);
      const count = readSync(descriptor, part);
      if (count === 0) return Buffer.concat(parts, total);
      parts.push(part.subarray(0, count));
      total += count;
      if (total > SOURCE_OCTETS_MAX) {
        throw new Unusable(
          `--conf: ${file}:1:1: larger than ${SOURCE_OCTETS_MAX / 1024 / 1024} MiB, which no configuration is`,
        );
      }
    }
  } catch (error) {
    if (error instanceof Unusable) throw error;
    throw new Unusable(`--conf: ${file}: ${reason(error)}`);
  } finally {
    if (descriptor !== undefined && descriptor !== 0) closeSync(descriptor);
  }
}
