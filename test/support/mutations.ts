import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { audit } from '../../src/cli/auditing.ts';
import { readConfiguration } from '../../src/cli/configuration-sources.ts';
import { Unusable } from '../../src/cli/failure.ts';
import { KeyStoreError } from '../../src/keystore/entries.ts';
import { readKeyStore } from '../../src/keystore/key-store.ts';
import type { Report } from '../../src/model/report.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { formatText } from '../../src/report/text.ts';
import { temporary } from './temporary.ts';

/** `mulberry32`: the same numbers for the same seed, so that what fails can be made again. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Mutation = (bytes: Buffer, random: () => number, other: Buffer) => Buffer;

const pick = (random: () => number, below: number): number => Math.floor(random() * below);

/** Lengths, tags and numbers that readers stumble over. */
const TREACHEROUS: readonly Buffer[] = [
  '84ffffffff',
  '80',
  '0000',
  '30803080',
  '02020000',
  '0204ffffffff',
  'a080',
  'ff',
].map((hex) => Buffer.from(hex, 'hex'));
/** The same for YAML. */
const TREACHEROUS_TEXT: readonly Buffer[] = [
  '\n',
  '\t',
  ': ',
  '- ',
  '"',
  "'",
  '{',
  '[',
  '&a ',
  '*a',
  '!!binary ',
  '#',
  '|\n',
  '\u0000',
  '\ufeff',
  '<<: ',
  '? ',
  '%YAML 9',
  '---\n',
  '99999999999999999999',
  '\u202e',
  'true',
  '~',
  ',',
  '\\',
  '\r',
].map((text) => Buffer.from(text));

function splice(bytes: Buffer, at: number, removed: number, put: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(Math.min(bytes.length, at + removed))]);
}

const MUTATIONS: readonly Mutation[] = [
  (bytes, random) => splice(bytes, pick(random, bytes.length), 1, Buffer.of(pick(random, 256))),
  (bytes, random) => {
    const at = pick(random, bytes.length);
    return splice(bytes, at, 1, Buffer.of((bytes[at] ?? 0) ^ (1 << pick(random, 8))));
  },
  (bytes, random) => bytes.subarray(0, pick(random, bytes.length)),
  (bytes, random) => splice(bytes, pick(random, bytes.length), 1 + pick(random, 64), Buffer.alloc(0)),
  (bytes, random) => {
    const from = pick(random, bytes.length);
    return splice(bytes, pick(random, bytes.length), 0, bytes.subarray(from, from + 1 + pick(random, 300)));
  },
  (bytes, random, other) =>
    splice(bytes, pick(random, bytes.length), pick(random, 40), other.subarray(pick(random, other.length))),
  (bytes, random) =>
    splice(
      bytes,
      pick(random, bytes.length),
      0,
      Buffer.from(Array.from({ length: 1 + pick(random, 8) }, () => pick(random, 256))),
    ),
];

/** One to four changes of one file, now and then by a part of another one. */
export function mutated(
  bytes: Buffer,
  others: readonly Buffer[],
  random: () => number,
  kind: 'binary' | 'text',
): Buffer {
  const words = kind === 'binary' ? TREACHEROUS : TREACHEROUS_TEXT;
  let result = bytes;
  for (let changes = 1 + pick(random, 4); changes > 0 && result.length > 0; changes--) {
    const which = pick(random, MUTATIONS.length + 2);
    const word = words[pick(random, words.length)]!;
    const mutate: Mutation =
      MUTATIONS[which] ?? ((one) => splice(one, pick(random, one.length), pick(random, word.length + 1), word));
    result = mutate(result, random, others[pick(random, others.length)]!);
  }
  return Buffer.from(result);
}

/** What a number of mutated files came to. */
export interface MutationRun {
  readonly files: number;
  /** By what became of the file. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly milliseconds: {
    readonly median: number;
    readonly p99: number;
    readonly worst: number;
    readonly all: number;
  };
  /** MiB. */
  readonly peakMemory: number;
  /** What should never be: with the seed that makes it again. */
  readonly crashes: readonly string[];
}

export interface MutationOptions {
  readonly files: number;
  readonly seed?: number;
}

const vectors = fileURLToPath(new URL('../../../test/vectors', import.meta.url));
const captures = fileURLToPath(new URL('../../../test/captures', import.meta.url));

function filesBelow(folder: string, wanted: RegExp): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((file) => wanted.test(file) && statSync(file).isFile())
    .sort();
}

const NOW = Date.parse('2026-11-23T00:00:00Z');

function tally(): {
  readonly count: (outcome: string, milliseconds: number) => void;
  readonly crash: (text: string) => void;
  readonly result: () => MutationRun;
} {
  const outcomes: Record<string, number> = {};
  const times: number[] = [];
  const crashes: string[] = [];
  return {
    count: (outcome, milliseconds) => {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      times.push(milliseconds);
    },
    crash: (text) => void crashes.push(text),
    result: () => {
      const sorted = times.toSorted((a, b) => a - b);
      const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
      return {
        files: times.length,
        outcomes,
        milliseconds: {
          median: at(0.5),
          p99: at(0.99),
          worst: sorted.at(-1) ?? 0,
          all: times.reduce((a, b) => a + b, 0),
        },
        peakMemory: process.resourceUsage().maxRSS / 1024,
        crashes,
      };
    },
  };
}

/** Mutated key stores of every format, to the reader and, one in ten, through a whole audit. */
export async function mutateStores({ files, seed = 1 }: MutationOptions): Promise<MutationRun> {
  const sources = filesBelow(path.join(vectors, 'keystore'), /\.(?:p12|jks|jceks|pem|der|bcfks|key)$/).map((file) =>
    readFileSync(file),
  );
  const folder = temporary();
  const { count, crash, result } = tally();
  try {
    for (let number = 0; number < files; number++) {
      const random = randomOf(seed * 1_000_003 + number);
      const bytes = mutated(sources[number % sources.length]!, sources, random, 'binary');
      const began = performance.now();
      let outcome = 'read';
      try {
        readKeyStore(bytes, { name: 'store', password: 'flinkpw' });
      } catch (error) {
        if (error instanceof KeyStoreError) outcome = error.fault;
        else crash(`store ${number} of seed ${seed}: ${String((error as Error).stack)}`);
      }
      count(outcome, performance.now() - began);
      if (number % 10 !== 0) continue;
      const file = path.join(folder, 'store');
      writeFileSync(file, bytes);
      const report = await audited([], file);
      if (typeof report === 'string') crash(`store ${number} of seed ${seed}: ${report}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return result();
}

/** Mutated configurations of Flink, of Kubernetes and of Compose, each through a whole audit. */
export async function mutateConfigurations({ files, seed = 1 }: MutationOptions): Promise<MutationRun> {
  const sources = [
    ...filesBelow(captures, /(?:config|flink-conf)\.yaml$/),
    ...filesBelow(vectors, /\.ya?ml$|\.env$/),
  ].map((file) => ({ bytes: readFileSync(file), name: /flink-conf/.test(file) ? 'flink-conf.yaml' : 'config.yaml' }));
  const others = sources.map(({ bytes }) => bytes);
  const folder = temporary();
  const { count, crash, result } = tally();
  try {
    for (let number = 0; number < files; number++) {
      const random = randomOf(seed * 1_000_003 + number);
      const { bytes, name } = sources[number % sources.length]!;
      const file = path.join(folder, number % 3 === 0 ? 'any.yaml' : name);
      writeFileSync(file, mutated(bytes, others, random, 'text'));
      const began = performance.now();
      const report = await auditedConfiguration(file);
      const outcome = typeof report === 'string' ? 'crash' : report === undefined ? 'refused' : 'judged';
      count(outcome, performance.now() - began);
      if (typeof report === 'string') crash(`configuration ${number} of seed ${seed}: ${report}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return result();
}

/** Undefined where the file was refused, which is as it should be; a text is a crash. */
async function auditedConfiguration(file: string): Promise<Report | string | undefined> {
  try {
    return await audited(await readConfiguration(file));
  } catch (error) {
    return error instanceof Unusable ? undefined : String((error as Error).stack);
  }
}

/** A text is a crash, or a rule that threw. `Unusable` is thrown on. */
async function audited(
  configurations: Awaited<ReturnType<typeof readConfiguration>>,
  keystore?: string,
): Promise<Report | string> {
  try {
    const keystores = keystore === undefined ? [] : [{ path: keystore, password: 'flinkpw' }];
    const request = { configurations, keystores, logs: [], stateDirectories: [], failOn: 'medium', now: NOW } as const;
    const report = await audit(request);
    reportSchema.parse(report);
    formatText(report, { now: NOW });
    const thrown = report.findings.find(({ verdict }) => verdict === 'error');
    return thrown === undefined ? report : `${thrown.ruleId}: ${thrown.message}`;
  } catch (error) {
    if (error instanceof Unusable) throw error;
    return String((error as Error).stack);
  }
}
