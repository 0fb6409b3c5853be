import {
  closeSync,
  createReadStream,
  createWriteStream,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';
import { median, once } from './measure.ts';

/**
 * `node dist/test/bench/logs.js [GB]`: how long `audit --log` takes over a large log, and its peak memory. The log is
 * what a JobManager wrote at its start, then lines as a busy cluster writes them, now and then a failed handshake.
 */
const GIGABYTES = Number(process.argv[2] ?? 1);
const RUNS = 3;
/** Targets: 1 GB in below 10 s and 150 MiB. */
const LIMITS = { seconds: 10, megabytes: 150 } as const;

const here = path.dirname(fileURLToPath(import.meta.url));
const main = path.join(here, '../../src/cli/main.js');
const recorded = readFileSync(path.join(here, '../../../test/vectors/logs/1.20.3-w-off/jm.log'), 'utf8');
const folder = mkdtempSync(path.join(tmpdir(), 'flinkprobe-bench-'));

try {
  const plain = path.join(folder, 'flink.log');
  writeLog(plain, GIGABYTES * 1e9);
  const packed = `${plain}.gz`;
  await pipeline(createReadStream(plain), createGzip({ level: 1 }), createWriteStream(packed));
  process.stdout.write('| log | seconds, median (min – max) | peak RSS, MiB |\n|---|---|---|\n');
  const results = [
    await measure(`${GIGABYTES} GB`, ['--log', plain]),
    await measure(`${GIGABYTES} GB, gzip`, ['--log', packed]),
    await measure(`${GIGABYTES} GB, by a pipe`, ['--log', '-'], plain),
  ];
  const isSlow = results[0]!.median > LIMITS.seconds * GIGABYTES || results.some(({ peak }) => peak > LIMITS.megabytes);
  process.exitCode = isSlow ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true });
}

async function measure(
  name: string,
  args: readonly string[],
  input?: string,
): Promise<{ readonly median: number; readonly peak: number }> {
  const runs: { wall: number; peak: number }[] = [];
  for (let run = 0; run < RUNS; run++) {
    const result = await once([process.execPath, main, 'audit', ...args], input);
    if (result.code !== 1) throw new Error(`${name}: ended with ${result.code}, not with the findings of this log`);
    runs.push(result);
  }
  const walls = runs.map(({ wall }) => wall).sort((a, b) => a - b);
  const middle = median(walls);
  const peak = Math.max(...runs.map((one) => one.peak));
  const range = `${walls[0]!.toFixed(2)} – ${walls.at(-1)!.toFixed(2)}`;
  process.stdout.write(`| ${name} | ${middle.toFixed(2)} (${range}) | ${Math.round(peak)} |\n`);
  return { median: middle, peak };
}

function writeLog(file: string, bytes: number): void {
  const lines = recorded.split('\n').filter((line) => line !== '');
  const failure = lines.find((line) => line.includes('NotSslRecordException')) ?? '';
  const fd = openSync(file, 'w');
  writeSync(fd, `${lines.join('\n')}\n`);
  for (let written = 0, batch = 0; written < bytes; batch++) written += writeSync(fd, busyLines(batch, failure));
  closeSync(fd);
}

/** About 1 MiB of what checkpoints, slots and tasks make Flink write. */
function busyLines(batch: number, failure: string): string {
  const logger = 'org.apache.flink.runtime.checkpoint.CheckpointCoordinator     [] -';
  const lines = Array.from({ length: 6000 }, (_, at) => {
    const id = batch * 6000 + at;
    const state = 'ExecutionState transitions are written by org.apache.flink.runtime.executiongraph.ExecutionGraph';
    const time = `2026-11-23 0${batch % 10}:${String(at % 60).padStart(2, '0')}:00,${String(at % 1000).padStart(3, '0')}`;
    return `${time} INFO  ${logger} Completed checkpoint ${id} for job a1b2c3d4e5f6 (${id * 7} bytes). ${at % 9 === 0 ? state : ''}`;
  });
  return `${lines.join('\n')}\n${failure}\n\tat org.apache.flink.shaded.netty4.io.netty.handler.ssl.SslHandler.decode(SslHandler.java:1)\n`;
}
