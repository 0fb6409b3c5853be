import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { SecureVersion } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { ChannelId, Component } from '../../../src/model/channel.ts';
import { type Identity, mintRsa } from '../pki.ts';

export type StandInProtection = 'clear' | 'tls' | 'mutual-tls';

/** One port of a stand-in process. */
export interface ListeningEndpoint {
  /** `jm`, `tm1`, `tm2` … */
  readonly member: string;
  readonly component: Component;
  readonly channel: ChannelId;
  readonly host: string;
  port: number;
  readonly protection: StandInProtection;
}

export interface StandInSpecification {
  readonly endpoints: readonly ListeningEndpoint[];
  readonly tls: {
    readonly key: string;
    readonly cert: string;
    readonly ca: string;
    readonly ciphers: string;
    readonly minVersion: SecureVersion;
    readonly maxVersion: SecureVersion;
  };
}

export interface StandInOptions {
  readonly taskManagers: number;
  /** RPC, data, BLOB and metrics query service; `mutual-tls` where left out. */
  readonly internal?: 'clear' | 'mutual-tls';
  readonly rest?: StandInProtection;
  /** Members whose internal channels are not as the others'. */
  readonly odd?: Readonly<Record<string, 'clear' | 'mutual-tls'>>;
  /** `apart`: each member has a loopback address of its own (Linux only); `together`: all are 127.0.0.1. */
  readonly hosts?: 'apart' | 'together';
  /** Second octet of the addresses of members that are apart; 77 where left out. */
  readonly network?: number;
  readonly jobManagerChannels?: readonly ChannelId[];
  readonly taskManagerChannels?: readonly ChannelId[];
  /** OpenSSL's names, in the server's order. */
  readonly ciphers?: string;
  readonly minVersion?: SecureVersion;
  readonly maxVersion?: SecureVersion;
}

const JOB_MANAGER: readonly ChannelId[] = ['jobmanager-rpc', 'metrics-query-service', 'blob-server', 'rest'];
const TASK_MANAGER: readonly ChannelId[] = [
  'taskmanager-rpc',
  'metrics-query-service',
  'taskmanager-data',
  'prometheus',
];
const REST: ReadonlySet<ChannelId> = new Set(['rest', 'history-server', 'sql-gateway']);
const NEVER: ReadonlySet<ChannelId> = new Set(['prometheus', 'jmx', 'queryable-state']);
/** As a careful operator sets `security.ssl.algorithms`. */
const CIPHERS = 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384';
const HOSTS_A_NET = 250;
const NETWORK = 77;

/** A cluster that answers as Flink does, in a process of its own: no Flink in it. */
export class FlinkStandIn {
  readonly endpoints: readonly ListeningEndpoint[];
  /** The one certificate of all members, self-signed, which is also their trust anchor. */
  readonly identity: Identity;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;

  constructor(
    endpoints: readonly ListeningEndpoint[],
    identity: Identity,
    child: ChildProcessByStdio<Writable, Readable, null>,
    lines: Interface,
  ) {
    this.endpoints = endpoints;
    this.identity = identity;
    this.#child = child;
    this.#lines = lines;
  }

  endpoint(member: string, channel: ChannelId): ListeningEndpoint {
    const found = this.endpoints.find((one) => one.member === member && one.channel === channel);
    if (found === undefined) throw new Error(`${member} has no ${channel}`);
    return found;
  }

  /** Connections that all its ports have accepted. */
  async connections(): Promise<number> {
    this.#child.stdin.write('count\n');
    const [line] = (await once(this.#lines, 'line')) as [string];
    return (JSON.parse(line) as { connections: number }).connections;
  }

  async stop(): Promise<void> {
    this.#child.stdin.end();
    await once(this.#child, 'close');
  }
}

export async function flinkStandIn(options: StandInOptions): Promise<FlinkStandIn> {
  const identity = mintRsa({ name: [['CN', 'flink.internal']], subjectAltNames: namesOf(options) });
  const specification: StandInSpecification = {
    endpoints: wantedEndpoints(options),
    tls: {
      ...{ key: identity.keyPem, cert: identity.pem, ca: identity.pem, ciphers: options.ciphers ?? CIPHERS },
      ...{ minVersion: options.minVersion ?? 'TLSv1.2', maxVersion: options.maxVersion ?? 'TLSv1.2' },
    },
  };
  const child = spawn(process.execPath, [fileURLToPath(new URL('flink-process.js', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  child.stdin.write(`${JSON.stringify(specification)}\n`);
  const [line] = (await Promise.race([
    once(lines, 'line'),
    once(child, 'close').then(() => {
      throw new Error('the stand-in ended before it listened');
    }),
  ])) as [string];
  const { endpoints } = JSON.parse(line) as { endpoints: ListeningEndpoint[] };
  return new FlinkStandIn(endpoints, identity, child, lines);
}

function wantedEndpoints(options: StandInOptions): ListeningEndpoint[] {
  const members = ['jm', ...Array.from({ length: options.taskManagers }, (_, index) => `tm${index + 1}`)];
  return members.flatMap((member, index) => {
    const jobManager = index === 0;
    const component = jobManager ? ('jobmanager' as const) : ('taskmanager' as const);
    const channels = jobManager
      ? (options.jobManagerChannels ?? JOB_MANAGER)
      : (options.taskManagerChannels ?? TASK_MANAGER);
    const host = hostOf(index, options);
    return channels.map((channel) => {
      return { member, component, channel, host, port: 0, protection: protectionOf(member, channel, options) };
    });
  });
}

function hostOf(index: number, { hosts, network = NETWORK }: StandInOptions): string {
  if ((hosts ?? (process.platform === 'linux' ? 'apart' : 'together')) === 'together') return '127.0.0.1';
  return `127.${network}.${Math.floor(index / HOSTS_A_NET)}.${1 + (index % HOSTS_A_NET)}`;
}

/** Who asks REST of a cluster with a network of its own verifies its certificate. */
function namesOf(options: StandInOptions): string[] {
  return ['IP:127.0.0.1', ...(options.network === undefined ? [] : [`IP:${hostOf(0, options)}`])];
}

function protectionOf(member: string, channel: ChannelId, options: StandInOptions): StandInProtection {
  if (NEVER.has(channel)) return 'clear';
  if (REST.has(channel)) return options.rest ?? 'tls';
  return options.odd?.[member] ?? options.internal ?? 'mutual-tls';
}
