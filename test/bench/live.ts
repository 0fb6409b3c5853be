/**
 * Live capture of clear shuffle traffic on loopback, in a network namespace of its own: what arrives, what the kernel
 * drops, how much memory is taken. `node dist/test/bench/live.js [MB/s] [seconds] [dumpcap|tcpdump]`, as root on Linux.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { loadProbes } from '../../src/evaluate/directory.ts';
import { Topology } from '../../src/flink/topology.ts';
import { startLiveCapture } from '../../src/net/live-capture.ts';
import type { CaptureTool } from '../../src/net/live-capture-tools.ts';
import { LiveView } from '../../src/observe/live.ts';
import { LiveMemory } from '../../src/observe/live-memory.ts';
import type { LiveSource } from '../../src/observe/live-source.ts';
import { bytesOf, readConversation } from '../support/conversation.ts';
import { enterOwnNetwork } from '../support/own-network.ts';

const TICK_MS = 10;
const LOOK_EVERY_MS = 300;

/** The longest frame of shuffle data that the server of the recording sent: its length stands first (`NettyMessage`). */
function frame(): Uint8Array {
  const bytes = bytesOf(readConversation('data-1.20.3'), 1);
  let longest = new Uint8Array(0);
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + Buffer.from(bytes).readUInt32BE(at);
    if (end > bytes.length) break;
    if (end - at > longest.length) longest = bytes.slice(at, end);
    at = end;
  }
  return longest;
}

/** Sends from a thread of its own, so that reading does not slow it down. Resolves to the bytes that were sent. */
function sending(megabytes: number, seconds: number): Promise<number> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { megabytes, seconds } });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

async function send(megabytes: number, seconds: number): Promise<number> {
  const server = createServer();
  server.listen(6121, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(6121, '127.0.0.1');
  const [[producer]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [
    [Socket],
    unknown,
  ];
  client.resume();
  producer.resume();
  const start = readConversation('data-1.20.3');
  client.write(bytesOf(start, 0));
  const one = frame();
  const block = Buffer.concat(Array.from({ length: Math.ceil(65_536 / one.length) }, () => one));
  const perTick = (megabytes * 1e6 * TICK_MS) / 1000;
  const begun = performance.now();
  let sent = 0;
  let due = 0;
  while (performance.now() - begun < seconds * 1000) {
    due = ((performance.now() - begun) / TICK_MS) * perTick;
    while (sent < due) {
      sent += block.length;
      if (!producer.write(block)) await once(producer, 'drain');
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  client.end();
  producer.end();
  await once(client, 'close');
  server.close();
  return sent;
}

async function main(): Promise<void> {
  const [megabytes = 100, seconds = 20] = process.argv.slice(2, 4).map(Number);
  const prefer = (process.argv[4] ?? 'tcpdump') as CaptureTool;
  const probes = await loadProbes();
  let transfers = 0;
  const view = new LiveView({
    probes,
    topology: new Topology(probes),
    memory: new LiveMemory({ rememberMs: 300_000, clock: () => Date.now() }),
    onTransfer: () => {
      transfers++;
    },
  });
  let source: LiveSource | undefined;
  const early: Uint8Array[] = [];
  const capture = await startLiveCapture({
    interfaces: ['lo'],
    filter: 'tcp',
    prefer,
    onBytes: (_stream, bytes) => void (source === undefined ? early.push(bytes) : source.push(bytes)),
  });
  source = view.open({ kind: 'interface', path: 'lo' });
  for (const bytes of early) await source.push(bytes);
  const memory: number[] = [];
  // Bytes of holes count as bytes of the connection, though nobody has seen them; each snapshot tells those that are new.
  let holes = 0;
  const judge = (): void => {
    for (const { quality } of view.snapshot().inputs) holes += quality?.gapBytes ?? 0;
  };
  const timer = setInterval(() => {
    view.look();
    memory.push(process.memoryUsage.rss() / 1e6);
    if (memory.length % 30 === 0) judge();
  }, LOOK_EVERY_MS);
  const before = process.cpuUsage();
  const sent = await sending(megabytes, seconds);
  const used = process.cpuUsage(before);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await capture.stop();
  clearInterval(timer);
  await source.finish('end');
  view.look();
  const drops = capture.streams[0]!.drops ?? Number.NaN;
  const { packets, clearBytes } = view.totals;
  judge();
  const seen = clearBytes - holes;
  const half = memory.slice(memory.length >> 1);
  const figures = {
    tool: capture.tool,
    cores: availableParallelism(),
    'sent MB/s': Math.round(sent / 1e6 / seconds),
    packets,
    drops,
    'clear MB seen': Math.round(seen / 1e6),
    'MB in holes': Math.round(holes / 1e6),
    'clear MB sent': Math.round(sent / 1e6),
    'lost, %': Number((100 * Math.max(0, 1 - seen / sent)).toFixed(3)),
    // What the kernel has dropped are holes that it counted.
    'lost by us, %': drops === 0 ? Number((100 * Math.max(0, 1 - seen / sent)).toFixed(3)) : 'see drops',
    transfers,
    'CPU, s of ours and the sender': Number(((used.user + used.system) / 1e6).toFixed(1)),
    'RSS MB, half way': Math.round(half[0] ?? 0),
    'RSS MB, highest of the second half': Math.round(Math.max(...half)),
    'RSS MB, end': Math.round(half.at(-1) ?? 0),
  };
  process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
}

const { isMainThread, parentPort, workerData } = await import('node:worker_threads');
if (isMainThread) {
  const lacking = enterOwnNetwork(import.meta.url, process.argv.slice(2));
  if (lacking === undefined) await main();
  else process.stdout.write(`not measured: ${lacking}\n`);
} else {
  const { megabytes, seconds } = workerData as { readonly megabytes: number; readonly seconds: number };
  parentPort!.postMessage(await send(megabytes, seconds));
}
