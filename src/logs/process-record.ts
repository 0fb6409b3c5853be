import type { Channel, Component } from '../model/channel.ts';
import type { LoggedSetting } from '../model/log.ts';
import type { LogEntry, LogTime } from './entry.ts';
import type { LogEvidence, LoggedProcess, Place, Sign } from './evidence.ts';
import { isAnyAddress } from './starts.ts';

/** Properties of one process that are kept. */
export const MAX_SETTINGS = 2000;
/** After a download begins, the line that tells TLS follows within milliseconds: so many lines later it is missing. */
const LINES_UNTIL_TLS = 5;

interface Start {
  readonly component: Component | undefined;
  readonly entry?: LogEntry | undefined;
  readonly version?: string | undefined;
  readonly revision?: string | undefined;
}

interface Kept {
  readonly sign: Sign;
  readonly logger: string;
  readonly line: number;
  readonly time: LogTime | undefined;
  lastLine: number;
  lastTime: LogTime | undefined;
  count: number;
}

interface Download {
  readonly entry: LogEntry;
  readonly server: Place;
  lastLine: number;
  lastTime: LogTime | undefined;
  count: number;
}

/** What is gathered of one process while its log is read. */
export class ProcessRecord {
  component: Component | undefined;
  java: string | undefined;
  /** Line at which it last registered with a ResourceManager. */
  registeredAt = 0;
  readonly #start: Start;
  readonly #settings = new Map<string, LoggedSetting>();
  readonly #evidence = new Map<string, Kept>();
  #download: Download | undefined;
  #parser: 'standard' | 'legacy' | undefined;
  #file: string | undefined;

  constructor(start: Start) {
    this.#start = start;
    this.component = start.component;
  }

  addSetting(setting: LoggedSetting): void {
    if (this.#settings.size < MAX_SETTINGS || this.#settings.has(setting.key)) {
      this.#settings.set(setting.key, setting);
    }
  }

  readBy(parser: 'standard' | 'legacy', file: string): void {
    this.#parser = parser;
    this.#file = file;
  }

  download(entry: LogEntry, server: Place): void {
    if (this.#download === undefined) {
      this.#download = { entry, server, lastLine: entry.line, lastTime: entry.time, count: 1 };
      return;
    }
    this.#download.lastLine = entry.line;
    this.#download.lastTime = entry.time;
    this.#download.count += 1;
  }

  lastDownload(): { readonly server?: Place } {
    return this.#download === undefined ? {} : { server: this.#download.server };
  }

  /** The same again is counted, not kept. */
  add(entry: LogEntry, sign: Sign, room: 'room' | 'full'): 'kept' | 'counted' | 'dropped' {
    const { event, channel, says, server, client, failure } = sign;
    const place = server === undefined ? '' : `${server.host} ${server.port}`;
    const reason = [failure?.reason, failure?.side, failure?.alert, failure?.subject].join(' ');
    const key = [event, channel, says ?? '', place, client?.host ?? '', reason].join('\n');
    const known = this.#evidence.get(key);
    if (known !== undefined) {
      known.count += 1;
      known.lastLine = entry.line;
      known.lastTime = entry.time;
      return 'counted';
    }
    if (room === 'full') return 'dropped';
    const { logger, line, time } = entry;
    this.#evidence.set(key, { sign, logger, line, time, lastLine: line, lastTime: time, count: 1 });
    return 'kept';
  }

  /** `lastLine`: of the whole log. */
  reading(state: 'current' | 'earlier', lastLine: number): LoggedProcess {
    const { entry, version, revision } = this.#start;
    const kept = [...this.#evidence.values(), ...this.#clearDownloads(lastLine)];
    const host = hostOf(kept);
    return {
      component: this.component,
      state,
      host,
      version,
      revision,
      java: this.java,
      startedAt: entry?.time,
      line: entry?.line,
      settings: [...this.#settings.values()],
      configurationFile: this.#file,
      parser: this.#parser,
      evidence: kept
        .filter((one) => !this.#isOvercome(one, kept))
        .map((one) => this.#evidenceOf(one, kept, host))
        .sort((a, b) => a.line - b.line),
    };
  }

  /** A process that downloaded and never told TLS did so in clear. */
  #clearDownloads(lastLine: number): readonly Kept[] {
    const download = this.#download;
    if (download === undefined || download.lastLine + LINES_UNTIL_TLS > lastLine) return [];
    const overTls = [...this.#evidence.values()].some(
      ({ sign }) => sign.event === 'blob-client-connects' && sign.says === 'tls',
    );
    if (overTls) return [];
    const { entry, server } = download;
    const sign: Sign = {
      event: 'blob-client-connects',
      channel: 'blob-server',
      says: 'clear',
      server,
      text: `downloads from the BLOB server ${server.host}:${server.port} without TLS: the line that tells it is missing`,
    };
    const { lastTime, count } = download;
    return [
      { sign, logger: entry.logger, line: entry.line, time: entry.time, lastLine: download.lastLine, lastTime, count },
    ];
  }

  /** What may have other causes is nothing where the process registered later, or speaks the same language. */
  #isOvercome({ sign, lastLine }: Kept, all: readonly Kept[]): boolean {
    const { failure, channel } = sign;
    if (failure?.certainty !== 'likely' || (channel !== 'rpc' && channel !== 'metrics-query-service')) return false;
    if (failure.side === 'client') return this.registeredAt > lastLine;
    return all.some((one) => one.sign.event === 'actor-system-started' && one.sign.says === 'tls');
  }

  #evidenceOf(one: Kept, all: readonly Kept[], host: string | undefined): LogEvidence {
    const { sign, ...place } = one;
    const channel = this.#channelOf(sign);
    const { writer: _, channel: __, server, ...told } = sign;
    const named = server === undefined ? this.#ownEndpoint(sign, channel, all, host) : withHost(server, host);
    return { ...told, ...place, channel, ...(named === undefined ? {} : { server: named }) };
  }

  #channelOf({ channel, failure, server }: Sign): Channel {
    if (channel === 'rest' && failure?.side === 'server') {
      const { component } = this;
      return component === 'history-server' || component === 'sql-gateway' ? component : 'rest';
    }
    if (channel !== 'rpc') return channel;
    const isClient = failure?.side === 'client';
    if (this.component === 'jobmanager') return isClient ? 'taskmanager-rpc' : 'jobmanager-rpc';
    if (this.component === 'taskmanager') return isClient ? 'jobmanager-rpc' : 'taskmanager-rpc';
    return DEFAULT_PORTS[server?.port ?? 0] ?? 'unknown';
  }

  /** Where this process itself listens, for what it tells as a server. */
  #ownEndpoint({ failure }: Sign, channel: Channel, all: readonly Kept[], host: string | undefined): Place | undefined {
    if (failure?.side === 'client') return undefined;
    const own = all.find(
      ({ sign }) =>
        sign.failure === undefined &&
        sign.server !== undefined &&
        sign.server.port > 0 &&
        isOwn(sign) &&
        this.#channelOf(sign) === channel,
    );
    return own?.sign.server === undefined ? undefined : withHost(own.sign.server, host);
  }
}

const DEFAULT_PORTS: Readonly<Record<number, Channel>> = { 6122: 'taskmanager-rpc', 6123: 'jobmanager-rpc' };

/** Events of servers that the process itself starts. */
function isOwn({ event }: Sign): boolean {
  return /-(?:started|configured|listening)$/.test(event);
}

function hostOf(kept: readonly Kept[]): string | undefined {
  const systems = kept.filter(({ sign }) => sign.event === 'actor-system-started' || sign.event === 'remoting-started');
  return systems.find(({ sign }) => sign.server !== undefined)?.sign.server?.host;
}

function withHost(place: Place, host: string | undefined): Place {
  return host !== undefined && isAnyAddress(place.host) ? { host, port: place.port } : place;
}
