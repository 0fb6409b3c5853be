import { differencesOf } from '../logs/differences.ts';
import type { LogTime } from '../logs/entry.ts';
import type { LogEvidence, LoggedProcess, LogReading, Place } from '../logs/evidence.ts';
import { isRelevant } from '../logs/settings.ts';
import type { Channel } from '../model/channel.ts';
import type { EffectiveConfiguration } from '../model/probe.ts';
import type { Endpoint, LogLine, Observation, ProcessIdentity } from '../model/report.ts';
import { type LogFile, type LogRunOptions, nameOf } from './log-file.ts';

/** What a log tells as observations, process by process, in the order of its lines; ids are given later. */
export function logObservations(
  file: LogFile,
  reading: LogReading,
  options: LogRunOptions,
): readonly Omit<Observation, 'id'>[] {
  return reading.processes.flatMap((process) => {
    const writer = new Writer(file, process, options);
    return [...writer.start(), ...process.evidence.map((one) => writer.tell(one))];
  });
}

/** The start of every process that wrote last, by which restarts are told. */
export function identitiesOf(file: LogFile, reading: LogReading, options: LogRunOptions): readonly ProcessIdentity[] {
  return reading.processes.flatMap((process) => {
    const { component, startedAt, state } = process;
    const { member } = new Writer(file, process, options);
    if (component === undefined || startedAt === undefined || state !== 'current') return [];
    return [{ component, member, source: 'log', identity: startedAt.text }];
  });
}

/** One process, as the writer of its lines. */
class Writer {
  readonly member: string;
  readonly #file: LogFile;
  readonly #process: LoggedProcess;
  readonly #options: LogRunOptions;

  constructor(file: LogFile, process: LoggedProcess, options: LogRunOptions) {
    this.#file = file;
    this.#process = process;
    this.#options = options;
    this.member = file.member ?? this.#memberAt(process.host) ?? nameOf(file);
  }

  start(): readonly Omit<Observation, 'id'>[] {
    const { component, version, revision, java, line, settings, startedAt, configurationFile, parser } = this.#process;
    const observations: Omit<Observation, 'id'>[] = [];
    if (line !== undefined) {
      const started = {
        ...(component === undefined ? {} : { component }),
        ...(version === undefined ? {} : { version }),
        ...(revision === undefined ? {} : { revision }),
        ...(java === undefined ? {} : { java }),
      };
      const text = `${component ?? 'process'} started, Flink ${version ?? 'of unknown version'}${java === undefined ? '' : `, ${java}`}`;
      observations.push(this.#own({ event: 'process-started', line, started, text }, startedAt));
    }
    const [first] = settings;
    if (first === undefined) return observations;
    const from = configurationFile === undefined ? '' : ` from ${configurationFile}`;
    const by = parser === undefined ? '' : ` by the ${parser} YAML parser`;
    observations.push(
      this.#own(
        {
          event: 'configuration-loaded',
          line: first.line,
          lastLine: settings.at(-1)!.line,
          loaded: settings.filter(({ key }) => isRelevant(key)),
          text: `${settings.length} properties loaded${from}${by}`,
        },
        startedAt,
      ),
    );
    const configuration = this.#configuration();
    const differences = configuration === undefined ? [] : differencesOf(settings, configuration);
    if (configuration !== undefined) {
      const text = `${differences.length} properties differ from the configuration`;
      observations.push(this.#own({ event: 'configuration-differs', line: first.line, differences, text }, startedAt));
    }
    return observations;
  }

  tell(evidence: LogEvidence): Omit<Observation, 'id'> {
    const { event, line, lastLine, logger, says, text, failure, count, time, lastTime } = evidence;
    const told = {
      event,
      line,
      logger,
      text,
      ...(lastLine === line ? {} : { lastLine }),
      ...(says === undefined ? {} : { says }),
      ...(failure === undefined ? {} : { failure }),
    };
    return {
      ...this.#observation(told, time ?? this.#process.startedAt, lastTime ?? time),
      ...this.#ends(evidence),
      channel: evidence.channel,
      ...(count > 1 ? { repeats: count - 1 } : {}),
    };
  }

  /** The process itself is the server of what it starts and what dials in, and the client of the rest. */
  #ends({ event, server, client, failure }: LogEvidence): Pick<Observation, 'server' | 'client'> {
    const isClient =
      failure?.side === 'client' ||
      /^(?:resource-manager-address|blob-client-connects|taskmanager-registered)$/.test(event);
    if (event === 'taskmanager-registered') return { server: this.#peer(server) };
    if (isClient) return { server: this.#peer(server), client: this.#self(0) };
    // A collect sink is told by both of its ends; everything else that starts is the writer's own.
    const isOwn = server === undefined || event !== 'collect-sink-started' || this.#isSelf(server.host);
    const own = isOwn ? this.#self(server?.port ?? 0, server?.host) : this.#peer(server);
    return { server: own, ...(client === undefined ? {} : { client: this.#peer(client) }) };
  }

  #isSelf(host: string): boolean {
    return host === '' || host === this.#process.host;
  }

  #self(port: number, named?: string): Endpoint {
    const { component } = this.#process;
    const host = this.#process.host ?? (named === undefined || named === '' ? this.member : named);
    return { host, port, ...(component === undefined ? {} : { component }), member: this.member };
  }

  #peer(place: Place | undefined): Endpoint {
    const { host, port } = place ?? { host: '', port: 0 };
    if (host !== '' && this.#isSelf(host)) return this.#self(port);
    const member = this.#memberAt(host);
    return { host: host === '' ? 'unknown' : host, port, ...(member === undefined ? {} : { member }) };
  }

  #memberAt(host: string | undefined): string | undefined {
    if (host === undefined || host === '') return undefined;
    const known = this.#options.memberOf?.(host);
    return known ?? (/^[\d.]+$|:/.test(host) ? undefined : host);
  }

  #configuration(): EffectiveConfiguration | undefined {
    const { configurations } = this.#options;
    return (
      configurations.find((one) => one.member === this.member) ?? configurations.find((one) => one.member === null)
    );
  }

  #own(told: Omit<LogLine, 'file' | 'logger'>, time: LogTime | undefined): Omit<Observation, 'id'> {
    return {
      ...this.#observation({ ...told, logger: '' }, time, time),
      server: this.#self(0),
      channel: 'unknown',
    };
  }

  #observation(
    told: Omit<LogLine, 'file'>,
    first: LogTime | undefined,
    last: LogTime | undefined,
  ): Omit<Observation, 'id' | 'server' | 'channel'> & { readonly channel?: Channel } {
    const observedAt = first?.text ?? this.#options.at;
    return {
      vantage: 'log',
      observedAt,
      lastSeenAt: last?.text ?? observedAt,
      channelBasis: 'discovery',
      roleBasis: 'protocol',
      kind: 'log-line',
      bytes: { client: 0, server: 0 },
      log: { file: this.#file.path, ...told, process: this.#process.state, zone: first?.zone ?? 'none' },
    };
  }
}
