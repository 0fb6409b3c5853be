import t from 'tap';
import { CaptureInput } from '../../src/capture/capture-input.ts';
import { Decoder } from '../../src/capture/decoder.ts';
import { CaptureError } from '../../src/capture/problems.ts';
import { loadProbes, loadRules } from '../../src/evaluate/directory.ts';
import { evaluate } from '../../src/evaluate/engine.ts';
import { Topology } from '../../src/flink/topology.ts';
import type { Observation } from '../../src/model/report.ts';
import { observations } from '../../src/observe/observations.ts';
import { PassiveWitness } from '../../src/observe/passive.ts';
import { formatTime } from '../../src/observe/time.ts';
import { formatJson } from '../../src/report/json.ts';
import { formatText } from '../../src/report/text.ts';
import { CertificateCache } from '../../src/x509/certificate.ts';
import { recording } from '../support/expected.ts';
import { type Frame, frames, tcpOf, writeFrames } from '../support/transform.ts';

/**
 * Ten thousand damaged captures through everything: reader, decoder, reassembly, TLS, Flink protocols, rules. Nothing
 * throws, nothing hangs, memory stays. The damage is drawn from a fixed seed, so that a failure can be repeated.
 */
const RUNS = 10_000;

const probes = await loadProbes();
const rules = await loadRules();
const protocols = [...new Set(probes.flatMap((probe) => probe.protocols))].sort((a, b) => a.order - b.order);
const probeMap = new Map(probes.map((probe) => [probe.id, probe]));
const certificates = new CertificateCache();

/** All that a run does between the file and the report. */
function examine(capture: Uint8Array): readonly Observation[] {
  const witness = new PassiveWitness({ protocols });
  const decoder = new Decoder((segment) => witness.take(segment));
  const input = new CaptureInput('damaged', { onPacket: (packet) => decoder.decode(packet), onProblem: () => {} });
  try {
    input.push(capture, 0, capture.length);
    input.parser?.finish('end');
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
  }
  decoder.finish();
  witness.finish();
  const topology = new Topology(probes, []);
  for (const { record } of witness.kept) {
    if (record.speech.kind === 'clear')
      for (const hint of record.speech.reading.hints) topology.learn(hint, record.hosts);
  }
  return observations(witness.kept, {
    topology,
    probes: probeMap,
    encapsulations: decoder.encapsulations,
    certificates,
    place: (frame) => ({ frame }),
    time: (seconds, nanoseconds) => formatTime(seconds, nanoseconds, 'us'),
  });
}

/** The most telling packets of a recording: hellos, certificates, refusals, the first clear frames. Small. */
function essence(name: string, most: number): Frame[] {
  const seen = new Map<string, number>();
  return frames(recording(name)).filter((frame) => {
    const tcp = tcpOf(frame);
    if (tcp === undefined) return false;
    const connection = [tcp.from, tcp.to].sort().join(' ');
    const count = (seen.get(connection) ?? 0) + 1;
    seen.set(connection, count);
    return seen.size <= 4 && count <= most;
  });
}

const SEEDS = [
  '1.20.3-w-off',
  '1.20.3-off',
  '1.20.3-int-tls13',
  '1.20.3-s3-http-int',
  '1.20.3-wb-mixed',
  '1.20.3-gw-rest',
].map((name) => writeFrames(essence(name, 14)));

class Dice {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  below(limit: number): number {
    // xorshift32
    let x = this.#state || 1;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state % limit;
  }
}

function damage(source: Buffer, dice: Dice): Buffer {
  let bytes: Buffer = Buffer.from(source);
  for (let times = 1 + dice.below(6); times > 0 && bytes.length > 30; times--) {
    const at = dice.below(bytes.length);
    switch (dice.below(6)) {
      case 0:
        bytes[at] = dice.below(256);
        break;
      case 1:
        bytes[at] = bytes[at]! ^ (1 << dice.below(8));
        break;
      case 2:
        bytes.fill([0, 0xff, 0x7f, 0x16][dice.below(4)]!, at, Math.min(bytes.length, at + 1 + dice.below(8)));
        break;
      case 3:
        bytes = bytes.subarray(0, at);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + dice.below(40)))]);
        break;
      default:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + 1 + dice.below(60)), bytes.subarray(at)]);
    }
  }
  return bytes;
}

t.test(`${RUNS} damaged captures crash nothing, hang nothing and keep memory`, (t) => {
  const heapBefore = process.memoryUsage().rss;
  let slowest = 0;
  let told = 0;
  for (let run = 0; run < RUNS; run++) {
    const capture = damage(SEEDS[run % SEEDS.length]!, new Dice(run + 1));
    const started = performance.now();
    try {
      const seen = examine(capture);
      told += seen.length;
      if (run % 20 === 0) judge(seen);
    } catch (error) {
      t.fail(`run ${run}: ${(error as Error).stack}`);
      break;
    }
    slowest = Math.max(slowest, performance.now() - started);
  }
  t.ok(told > RUNS, `${told} observations were made of the damage`);
  t.ok(slowest < 5000, `the slowest took ${slowest.toFixed(0)} ms`);
  const grown = (process.memoryUsage().rss - heapBefore) / 2 ** 20;
  t.ok(grown < 400, `resident memory grew by ${grown.toFixed(0)} MiB`);
  t.end();
});

/** Rules and reports over whatever the damage looks like. */
function judge(seen: readonly Observation[]): void {
  const { findings, errors } = evaluate(rules, seen, [], { now: 1_795_000_000_000, probes });
  if (errors.length > 0) throw new Error(`a rule threw: ${JSON.stringify(errors[0])}`);
  const report = {
    schemaVersion: 1,
    producer: { name: 'flinkprobe', version: '0' },
    command: 'analyze',
    startedAt: '2026-11-22T00:00:00Z',
    finishedAt: '2026-11-22T00:00:00Z',
    complete: true,
    verdict: 'fail',
    inputs: [],
    observations: seen,
    expectations: [],
    findings,
    coverage: [],
  } as const;
  formatJson(report);
  formatText(report, { width: 80 });
}
