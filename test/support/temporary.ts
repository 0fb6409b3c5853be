import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A folder that is gone when the process ends. */
export function temporary(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'flinkprobe-test-'));
  if (made.length === 0) process.once('exit', removeAll);
  made.push(folder);
  return folder;
}

const made: string[] = [];

function removeAll(): void {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
}
