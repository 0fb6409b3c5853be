import type { Side } from '../bytes/stream.ts';
import type { ChannelId, Component } from '../model/channel.ts';
import type { EffectiveConfiguration, Hint, Probe } from '../model/probe.ts';
import { type Heard, Names } from './names.ts';
import { fixedPort } from './rest-tls.ts';
import { storageEndpoints } from './storage-endpoint.ts';
import { zookeeperServers } from './zookeeper-quorum.ts';

/** Which channel a listening port is, and how that is known. */
export interface PortMeaning {
  readonly channel: ChannelId;
  readonly basis: 'configuration' | 'discovery' | 'port';
}

interface ConfiguredPort {
  readonly channel: ChannelId;
  readonly component: Component;
}

/** The ports of one process, or of all where no member is named. */
interface ConfiguredProcess {
  readonly hosts: ReadonlySet<string> | 'any';
  readonly ports: ReadonlyMap<number, ConfiguredPort>;
}

/** Ports that traffic itself named: protects memory against a capture that names endless ones. */
const MAX_DISCOVERED = 65_536;

/**
 * Knows the processes of the cluster: from hosts files, configurations and what the traffic says of itself.
 *
 * Hints may come in any order and late; questions are answered by all that is known then.
 */
export class Topology {
  readonly #probes: readonly Probe[];
  readonly #configurations: readonly EffectiveConfiguration[];
  readonly #names = new Names();
  readonly #processes: readonly ConfiguredProcess[];
  /** Other systems that the cluster uses: object stores, ZooKeeper. */
  readonly #systems: readonly { readonly host: string; readonly port: number; readonly channel: ChannelId }[];
  readonly #discovered = new Map<string, { readonly channel: ChannelId; readonly component: Component | undefined }>();
  readonly #components = new Map<string, Set<Component>>();
  readonly #versions = new Map<string, number>();

  constructor(probes: readonly Probe[], configurations: readonly EffectiveConfiguration[] = []) {
    this.#probes = probes;
    this.#configurations = configurations;
    this.#processes = configurations.map((configuration) => processOf(configuration, probes));
    this.#systems = configurations.flatMap((configuration) => [
      ...storageEndpoints(configuration).flatMap(({ host, port }) =>
        host === undefined || port === undefined ? [] : [{ host, port, channel: 'checkpoint-storage' as const }],
      ),
      ...zookeeperServers(configuration).map((server) => ({ ...server, channel: 'high-availability' as const })),
    ]);
    for (const configuration of configurations) {
      this.#addConfiguration(configuration);
    }
  }

  /** Text in hosts-file syntax: an address, then names; `#` starts a comment. The first name is the member's. */
  addHosts(text: string): void {
    for (const line of text.split(/\r\n|\n|\r/)) {
      const [address, ...names] = line.split('#', 1)[0]!.trim().split(/\s+/);
      if (address !== undefined && address !== '') {
        for (const name of names) {
          this.#names.give(address, name, 'told');
        }
      }
    }
  }

  /** A name for an address, from a Name Resolution Block say. */
  addName(address: string, name: string): void {
    this.#names.give(address, name, 'told');
  }

  /** `hosts` and `ports` are those of the connection's two sides, `heard` when it was seen. */
  learn(hint: Hint, hosts: readonly [string, string], ports?: readonly [number, number], heard?: Heard): void {
    const address = hint.side === undefined ? hint.host : hosts[hint.side];
    const port = hint.port ?? portOfSide(hint.side, ports);
    switch (hint.kind) {
      case 'flink-version':
        if (hint.version !== undefined) {
          this.#versions.set(hint.version, (this.#versions.get(hint.version) ?? 0) + 1);
        }
        return;
      case 'member':
        this.#learnMember(hint, address, heard);
        return;
      case 'channel-port':
        if (address !== undefined && port !== undefined && hint.channel !== undefined) {
          this.#learnPort(address, port, hint.channel, hint.component);
          this.#learnMember(hint, address, heard);
        }
    }
  }

  /**
   * Finds the address of a JobManager that configurations name and nothing else does: where a single unnamed address
   * serves its configured port, that is it. `servers` are all listening endpoints that were seen.
   */
  nameSoleServers(servers: readonly { readonly host: string; readonly port: number }[]): void {
    for (const { name, port } of this.#configurations.flatMap(jobManagerOf)) {
      const isKnown = this.#names.aliases(name).length > 1;
      const hosts = new Set(servers.filter((one) => one.port === port).map((one) => one.host));
      const [host] = hosts;
      if (isKnown || host === undefined || hosts.size > 1 || this.#names.memberOf(host) !== undefined) continue;
      this.#names.give(host, name, 'learned', 'jobmanager');
    }
  }

  /** Name of the process at that address; undefined where nobody named it, or several processes share it. */
  member(host: string, _port?: number): string | undefined {
    return this.#names.memberOf(host);
  }

  component(host: string, port: number): Component | undefined {
    const meaning = this.#configuredPort(host, port) ?? this.#discoveredPort(host, port);
    if (meaning?.component !== undefined) {
      return meaning.component;
    }
    const components = new Set(this.#names.aliases(host).flatMap((name) => [...(this.#components.get(name) ?? [])]));
    return components.size === 1 ? [...components][0] : undefined;
  }

  /**
   * What listens at that port: by the configuration of that process (of any, where its address has no name), by what
   * the traffic named, or by Flink's default ports. Ports of other systems are no proof of Flink: never by default.
   */
  channelOf(host: string, port: number): PortMeaning | undefined {
    const configured = this.#configuredPort(host, port);
    if (configured !== undefined) {
      return { channel: configured.channel, basis: 'configuration' };
    }
    const system = this.#systemAt(host, port);
    if (system !== undefined) {
      return { channel: system, basis: 'configuration' };
    }
    const discovered = this.#discoveredPort(host, port);
    if (discovered !== undefined) {
      return { channel: discovered.channel, basis: 'discovery' };
    }
    const probe = this.#probes.find((one) => one.protection !== 'outside' && one.defaultPorts.includes(port));
    return probe === undefined ? undefined : { channel: probe.id, basis: 'port' };
  }

  /** Versions that the traffic named, the most frequent first. */
  flinkVersions(): readonly string[] {
    return [...this.#versions].sort(([, a], [, b]) => b - a).map(([version]) => version);
  }

  #addConfiguration(configuration: EffectiveConfiguration): void {
    const { member } = configuration;
    const host = configuration.setting('taskmanager.host')?.value.trim();
    if (member !== null && host !== undefined && !isLoopback(host)) {
      this.#names.give(host, member, 'configured');
    }
  }

  #learnMember(hint: Hint, address: string | undefined, heard: Heard | undefined): void {
    if (address === undefined) {
      return;
    }
    if (hint.component !== undefined) {
      const key = address.toLowerCase();
      this.#components.set(key, (this.#components.get(key) ?? new Set()).add(hint.component));
    }
    const name = hint.member ?? (hint.side === undefined ? undefined : hint.host);
    if (name !== undefined && !isLoopback(name)) {
      this.#names.give(address, name, 'learned', hint.component, heard);
    }
    // The traffic named a host, the connection its address: the same process.
    if (hint.side !== undefined && hint.host !== undefined && !isLoopback(hint.host) && hint.host !== name) {
      this.#names.give(address, hint.host, 'learned', hint.component, heard);
    }
  }

  #learnPort(address: string, port: number, channel: ChannelId, component: Component | undefined): void {
    const key = `${address.toLowerCase()} ${port}`;
    if (!this.#discovered.has(key) && this.#discovered.size < MAX_DISCOVERED) {
      this.#discovered.set(key, { channel, component });
    }
  }

  #configuredPort(host: string, port: number): ConfiguredPort | undefined {
    const names = new Set(this.#names.aliases(host));
    const isOwn = (one: ConfiguredProcess): boolean =>
      one.hosts !== 'any' && [...one.hosts].some((own) => names.has(own));
    const own = this.#processes.filter(isOwn);
    const common = this.#processes.filter((one) => one.hosts === 'any');
    const named = names.size > 1 || own.length > 0;
    // A process that has a name, but no configuration of its own, may still share the others' ports.
    const candidates = own.length > 0 ? [...own, ...common] : named ? [...common, ...this.#processes] : this.#processes;
    return candidates.map((one) => one.ports.get(port)).find((found) => found !== undefined);
  }

  #discoveredPort(host: string, port: number): { channel: ChannelId; component: Component | undefined } | undefined {
    for (const name of this.#names.aliases(host)) {
      const found = this.#discovered.get(`${name} ${port}`);
      if (found !== undefined) {
        return found;
      }
    }
    return undefined;
  }

  #systemAt(host: string, port: number): ChannelId | undefined {
    const names = this.#names.aliases(host);
    return this.#systems.find((one) => one.port === port && (names.includes(one.host) || names.length === 1))?.channel;
  }
}

function portOfSide(side: Side | undefined, ports: readonly [number, number] | undefined): number | undefined {
  return side === undefined || ports === undefined ? undefined : ports[side];
}

function processOf(configuration: EffectiveConfiguration, probes: readonly Probe[]): ConfiguredProcess {
  const ports = new Map<number, ConfiguredPort>();
  for (const probe of probes) {
    const port = probe.protection === 'outside' ? undefined : fixedPort(probe.port(configuration));
    if (port !== undefined && !ports.has(port)) {
      ports.set(port, { channel: probe.id, component: probe.component });
    }
  }
  const { member } = configuration;
  if (member === null) {
    return { hosts: 'any', ports };
  }
  const host = configuration.setting('taskmanager.host')?.value.trim().toLowerCase();
  const hosts = new Set([member.toLowerCase(), ...(host === undefined || isLoopback(host) ? [] : [host])]);
  return { hosts, ports };
}

/** Host and port at which a configuration says that the JobManager listens. */
function jobManagerOf(
  configuration: EffectiveConfiguration,
): readonly { readonly name: string; readonly port: number }[] {
  const name = configuration.setting('jobmanager.rpc.address')?.value.trim();
  const port = Number(configuration.settingOr('jobmanager.rpc.port', '6123').value);
  return name === undefined || name === '' || isLoopback(name) || !Number.isInteger(port) ? [] : [{ name, port }];
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '0.0.0.0' || host === '::' || host === '::1' || host.startsWith('127.');
}
