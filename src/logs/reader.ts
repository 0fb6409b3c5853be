import type { Component } from '../model/channel.ts';
import { automatonOf } from './automaton.ts';
import { type LogEntry, type LogTime, readEntry, simpleName } from './entry.ts';
import type { LogReading, Sign } from './evidence.ts';
import { readFailure } from './failures.ts';
import { LineScanner, type RawEntry } from './line-scanner.ts';
import { NEEDLES } from './needles.ts';
import { ProcessRecord } from './process-record.ts';
import { readSetting, secretsOf } from './settings.ts';
import { placeOf, readSign } from './starts.ts';

/** Different things that are kept of one log; what is more is counted. */
export const MAX_EVIDENCE = 2000;
/** Starts that are kept of one log: a process that crashes in a loop writes thousands. */
export const MAX_PROCESSES = 256;

const STARTING = /^Starting (.{1,120}?) \(Version: ([^,()]{1,60}),(?:.*?Rev: ?([0-9a-fA-F<>\w]{1,40}))?/;
const JVM = /^JVM: (.{1,200})$/;
const PARSER = /^Using (standard|legacy) YAML parser to load flink configuration file from (.{1,500}?)\.?$/;
const REGISTERED = /^Successful registration at resource manager /;
const DOWNLOADING = /^Downloading \S+ from (\S+)/;
const BLOB_OVER_TLS = /^Using ssl connection to the blob server/;

const AUTOMATON = automatonOf(NEEDLES);

/**
 * Reads the log of one process, or of several that wrote into one file: bytes in, piece by piece, what they tell out.
 *
 * Memory is bounded by {@link MAX_EVIDENCE} and {@link MAX_PROCESSES}, whatever the length. Never throws.
 */
export class LogReader {
  readonly #scanner = new LineScanner(AUTOMATON, (entry) => this.#take(entry));
  readonly #processes: ProcessRecord[] = [];
  #kept = 0;
  #dropped = 0;
  #first: LogTime | undefined;
  #last: LogTime | undefined;

  push(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    this.#scanner.push(bytes, start, end);
  }

  finish(): LogReading {
    this.#scanner.finish();
    const last = this.#scanner.lines;
    const latest = new Map<Component | undefined, ProcessRecord>();
    for (const process of this.#processes) latest.set(process.component, process);
    return {
      processes: this.#processes.map((one) =>
        one.reading(latest.get(one.component) === one ? 'current' : 'earlier', last),
      ),
      lines: last,
      bytes: this.#scanner.bytes,
      cutLines: this.#scanner.cutLines,
      dropped: this.#dropped,
      first: this.#first,
      last: this.#last,
    };
  }

  #take(raw: RawEntry): void {
    const entry = readEntry(raw);
    if (entry.time !== undefined) {
      this.#first ??= entry.time;
      this.#last = entry.time;
    }
    if (this.#takeStart(entry) || this.#takeSetting(entry) || this.#takeBlobClient(entry)) return;
    const sign = readFailure(entry) ?? readSign(entry);
    if (sign !== undefined) this.#keep(entry, sign);
  }

  #takeStart(entry: LogEntry): boolean {
    const start = STARTING.exec(entry.message);
    if (start !== null) {
      if (this.#processes.length >= MAX_PROCESSES) this.#processes.splice(0, 1);
      const [, name, version, revision] = start;
      const component = componentOf(name!);
      this.#processes.push(new ProcessRecord({ component, entry, version, revision }));
      return true;
    }
    const java = JVM.exec(entry.message)?.[1];
    if (java === undefined) return false;
    this.#latest(undefined).java = java;
    return true;
  }

  #takeSetting(entry: LogEntry): boolean {
    for (const name of secretsOf(entry)) {
      const text = `the value of -D${name} stands in the log`;
      this.#keep(entry, {
        event: 'secret-written',
        channel: 'unknown',
        failure: { reason: 'other', certainty: 'proven', subject: name },
        text,
      });
    }
    const setting = readSetting(entry);
    if (setting !== undefined) this.#latest(undefined).addSetting(setting);
    const [, parser, file] = PARSER.exec(entry.message) ?? [];
    if (parser !== undefined && file !== undefined) {
      this.#latest(undefined).readBy(parser === 'standard' ? 'standard' : 'legacy', file);
    }
    return setting !== undefined || parser !== undefined;
  }

  /** Downloads tell TLS by a line before each connection, and clear text by its absence. */
  #takeBlobClient(entry: LogEntry): boolean {
    if (REGISTERED.test(entry.message)) {
      this.#latest('taskmanager').registeredAt = entry.line;
      return true;
    }
    if (!/^(?:BlobClient)?$/.test(simpleName(entry.logger))) return false;
    const from = DOWNLOADING.exec(entry.message)?.[1];
    if (from !== undefined) this.#latest(undefined).download(entry, placeOf(from));
    const isOverTls = BLOB_OVER_TLS.test(entry.message);
    if (isOverTls) {
      this.#keep(entry, {
        event: 'blob-client-connects',
        channel: 'blob-server',
        says: 'tls',
        ...this.#latest(undefined).lastDownload(),
        text: 'connects to the BLOB server over TLS',
      });
    }
    return from !== undefined || isOverTls;
  }

  #keep(entry: LogEntry, sign: Sign): void {
    const process = this.#latest(sign.writer);
    const outcome = process.add(entry, sign, this.#kept < MAX_EVIDENCE ? 'room' : 'full');
    if (outcome === 'kept') this.#kept += 1;
    if (outcome === 'dropped') this.#dropped += 1;
  }

  /** The last process of that component that was started, or one of unknown start. */
  #latest(component: Component | undefined): ProcessRecord {
    const own = this.#processes.findLast((one) => component === undefined || one.component === component);
    if (own !== undefined) return own;
    const unnamed = this.#processes.findLast((one) => one.component === undefined);
    if (unnamed !== undefined && component !== undefined) {
      unnamed.component = component;
      return unnamed;
    }
    const implicit = new ProcessRecord({ component });
    this.#processes.push(implicit);
    return implicit;
  }
}

/** Names that Flink's entry points log: `StandaloneSessionClusterEntrypoint`, `TaskManager`, `YARN TaskExecutor runner`. */
function componentOf(name: string): Component | undefined {
  if (/TaskManager|TaskExecutor/i.test(name)) return 'taskmanager';
  if (/ClusterEntry[pP]oint|JobManager|JobCluster/.test(name)) return 'jobmanager';
  if (/History ?Server/i.test(name)) return 'history-server';
  if (/SqlGateway|SQL Gateway/i.test(name)) return 'sql-gateway';
  return /Client/i.test(name) ? 'client' : undefined;
}
