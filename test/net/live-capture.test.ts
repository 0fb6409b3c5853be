import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { CaptureInput } from '../../src/capture/capture-input.ts';
import { dropsIn, type LiveCapture, startLiveCapture } from '../../src/net/live-capture.ts';
import { type CaptureTool, LiveCaptureFailure } from '../../src/net/live-capture-tools.ts';
import { enterOwnNetwork, isThere } from '../support/own-network.ts';

const lacking = enterOwnNetwork(import.meta.url);
// After that, so that only one of the two processes tells of tests.
const { default: t } = await import('tap');

const TOOLS: readonly CaptureTool[] = ['tcpdump', 'dumpcap'];

function skipWithout(...tools: readonly CaptureTool[]): { readonly skip?: string } {
  const missing = tools.find((tool) => !isThere(tool));
  const because = lacking ?? (missing === undefined ? undefined : `${missing} not found`);
  return because === undefined ? {} : { skip: because };
}

/** Counts packets of one captured stream. */
class Counter {
  packets = 0;
  bytes = 0;
  readonly #input = new CaptureInput('live', {
    onPacket: () => {
      this.packets++;
    },
    onProblem: (_offset, reason, message) => {
      throw new Error(`${reason}: ${message}`);
    },
  });

  push(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    void this.#input.push(bytes, 0, bytes.length);
  }

  async finish(): Promise<number> {
    return (await this.#input.finish('end')).captureDrops;
  }
}

/** Datagrams to everybody on the pair of interfaces. */
async function shout(count: number, bytes: number): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '10.77.9.1', resolve));
  socket.setBroadcast(true);
  const payload = Buffer.alloc(bytes, 0x2a);
  for (let sent = 0; sent < count; sent++) {
    await new Promise<void>((resolve, reject) => {
      socket.send(payload, 9999, '10.77.9.255', (error) => (error === null ? resolve() : reject(error)));
    });
  }
  socket.close();
}

/** The process that captures, which may be waited for a moment. */
async function begun(prefer: CaptureTool, counter: Counter, filter: string, bufferMiB = 64): Promise<LiveCapture> {
  const capture = await startLiveCapture({
    interfaces: ['probe1'],
    filter,
    bufferMiB,
    prefer,
    onBytes: (_stream, bytes) => counter.push(bytes),
  });
  t.equal(capture.tool, prefer);
  return capture;
}

for (const tool of TOOLS) {
  t.test(`${tool}: every packet arrives, and nothing was lost`, skipWithout(tool), async (t) => {
    const counter = new Counter();
    const capture = await begun(tool, counter, 'udp port 9999');
    await shout(50, 100);
    await sleep(1200);
    t.equal(counter.packets, 50);
    t.same(await capture.stop(), { how: 'asked' });
    t.equal(await counter.finish(), 0);
    t.equal(capture.streams[0]!.drops, 0);
  });

  t.test(`${tool}: what the kernel had to drop is told, packet by packet`, skipWithout(tool), async (t) => {
    const counter = new Counter();
    const capture = await begun(tool, counter, 'udp port 9999', 1);
    // A tool that stands still reads nothing: its buffer fills, and then the kernel drops.
    process.kill(capture.streams[0]!.pid, 'SIGSTOP');
    await shout(4000, 1400);
    process.kill(capture.streams[0]!.pid, 'SIGCONT');
    await sleep(1200);
    await capture.stop();
    const drops = capture.streams[0]!.drops!;
    t.ok(drops > 100, `${drops} were dropped`);
    t.equal(counter.packets + drops, 4000);
    const inCapture = await counter.finish();
    // A pcap of tcpdump cannot say it, a pcapng of dumpcap does.
    t.equal(inCapture, tool === 'dumpcap' ? drops : 0);
  });

  t.test(`${tool}: runs as another user than root, with two capabilities at most`, skipWithout(tool), async (t) => {
    const capture = await begun(tool, new Counter(), 'udp');
    const { readFileSync } = await import('node:fs');
    const status = readFileSync(`/proc/${capture.streams[0]!.pid}/status`, 'utf8');
    t.notMatch(status, /^Uid:\s+0\s/m);
    const allowed = (1n << 12n) | (1n << 13n);
    for (const set of ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      const [, bits] = new RegExp(`^${set}:\\s+([0-9a-f]+)`, 'm').exec(status)!;
      t.equal(BigInt(`0x${bits}`) & ~allowed, 0n, set);
    }
    await capture.stop();
  });

  t.test(`${tool}: an interface that is not there, a filter that is none`, skipWithout(tool), async (t) => {
    const start = (name: string, filter: string): Promise<LiveCapture> =>
      startLiveCapture({ interfaces: [name], filter, prefer: tool, onBytes: () => undefined });
    await t.rejects(start('nowhere0', 'tcp'), {
      name: 'LiveCaptureFailure',
      fault: 'no-interface',
      message: /nowhere0/,
    });
    await t.rejects(start('lo', 'tcp prt 80'), {
      fault: 'bad-filter',
      message: /"tcp prt 80" is no capture filter: .*syntax/,
    });
    await t.rejects(start('lo', '-w /etc/passwd'), { fault: 'bad-filter', message: /filter/ });
  });

  t.test(`${tool}: killed, it says so`, skipWithout(tool), async (t) => {
    const capture = await begun(tool, new Counter(), 'udp');
    process.kill(capture.streams[0]!.pid, 'SIGKILL');
    t.match(await capture.ended, { how: 'died', problem: `${tool} on probe1 was ended by SIGKILL` });
  });
}

t.test('tcpdump tells its drops while it runs', skipWithout('tcpdump'), async (t) => {
  const counter = new Counter();
  const capture = await begun('tcpdump', counter, 'udp port 9999', 1);
  t.equal(capture.streams[0]!.drops, undefined);
  process.kill(capture.streams[0]!.pid, 'SIGSTOP');
  await shout(3000, 1400);
  process.kill(capture.streams[0]!.pid, 'SIGCONT');
  await sleep(1200);
  capture.askDrops();
  await sleep(300);
  t.equal(counter.packets + capture.streams[0]!.drops!, 3000);
  capture.askDrops();
  await sleep(300);
  await capture.stop();
  t.equal(counter.packets + capture.streams[0]!.drops!, 3000);
});

t.test(
  'tcpdump listens to several interfaces, one process each; dumpcap to all in one',
  skipWithout(...TOOLS),
  async (t) => {
    for (const prefer of TOOLS) {
      const streams = new Set<number>();
      const capture = await startLiveCapture({
        interfaces: ['probe0', 'probe1'],
        filter: 'udp',
        prefer,
        onBytes: (stream) => void streams.add(stream),
      });
      t.equal(capture.streams.length, prefer === 'tcpdump' ? 2 : 1);
      t.same(
        capture.streams.flatMap(({ interfaces }) => interfaces),
        ['probe0', 'probe1'],
      );
      await capture.stop();
      t.equal(streams.size, capture.streams.length);
    }
  },
);

t.test('without dumpcap and tcpdump it says what to install', async (t) => {
  const started = startLiveCapture({
    interfaces: ['lo'],
    filter: 'tcp',
    environment: { PATH: '' },
    onBytes: () => undefined,
  });
  await t.rejects(started, { fault: 'no-tool', message: /apt install tcpdump.*sniff --print-command/s });
  await t.rejects(started, LiveCaptureFailure);
});

t.test('the summaries of both tools are read, in pieces too', (t) => {
  t.equal(dropsIn('tcpdump: 7 packets captured, 9 packets received by filter, 12 packets dropped by kernel\n'), 12);
  t.equal(
    dropsIn(
      '7 packets captured\n9 packets received by filter\n1 packet dropped by kernel\n2 packets dropped by interface\n',
    ),
    3,
  );
  const dumpcap =
    "Packets captured: 10\nPackets received/dropped on interface 'eth0': 10/4 (pcap:4/dumpcap:0/flushed:0/ps_ifdrop:0) (71.4%)\nPackets received/dropped on interface 'Loopback: lo': 0/3 (pcap:3/dumpcap:0/flushed:0/ps_ifdrop:0) (0.0%)\n";
  t.equal(dropsIn(dumpcap), 7);
  t.equal(dropsIn('tcpdump: listening on lo, link-type EN10MB'), undefined);
  t.equal(
    dropsIn(
      '9 packets captured, 1 packet received by filter, 0 packets dropped by kernel\n20 packets captured, 5 packets received by filter, 6 packets dropped by kernel\n',
    ),
    6,
  );
  t.end();
});
