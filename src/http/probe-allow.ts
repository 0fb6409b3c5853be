import { BlockList, isIP } from 'node:net';
import type { Settings, WebSettings } from '../daemon/settings.ts';
import { HttpFault } from './fault.ts';
import { canonicalAddress, type ProbeTarget, parseProbeTarget } from './probe-target.ts';

/** Addresses of a name, all of them; rejects where it has none. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** `port` absent: every port. */
export interface NamedHost {
  /** As in a `ProbeTarget`. */
  readonly host: string;
  readonly port?: number;
}

/** One line of the allow-list. */
type Allowed =
  | ({ readonly kind: 'host' } & NamedHost)
  | { readonly kind: 'network'; readonly network: string; readonly bits: number };

const ANY_NETWORK = /^(?<network>[0-9A-Fa-f:.]+)\/(?<bits>\d{1,3})$/;

/** Targets that the settings name, and the hosts of their REST URLs; of clusters that may be asked. */
export function configuredTargets({ clusters }: Pick<Settings, 'clusters'>): readonly string[] {
  return namedBy(clusters.filter(({ active }) => active === 'on'));
}

/** Those of clusters that nobody may ask (`active: off`). */
export function untouchedTargets({ clusters }: Pick<Settings, 'clusters'>): readonly string[] {
  return namedBy(clusters.filter(({ active }) => active === 'off'));
}

function namedBy(clusters: Settings['clusters']): readonly string[] {
  return clusters.flatMap(({ targets, rest }) => [...targets, ...(rest === undefined ? [] : [authorityOf(rest.url)])]);
}

/** What the settings name. */
export interface NamedTargets {
  readonly configured: readonly string[];
  /** Their hosts are never asked, but on ports that `configured` names. */
  readonly untouched?: readonly string[];
}

function authorityOf(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
}

/**
 * What `/probe` may connect to. A name on the list stands for the addresses that it had when the list was made: where it
 * leads elsewhere later (DNS rebinding), it is refused until the settings are loaded again. An address on the list, or in
 * a network of it, is allowed whatever name leads there.
 */
export class ProbeAllowList {
  readonly #allow: WebSettings['probe']['allow'];
  readonly #entries: readonly Allowed[];
  readonly #named: readonly Allowed[];
  readonly #untouched: ReadonlySet<string>;
  readonly #networks = new BlockList();
  readonly #resolve: Resolve;
  readonly #addresses = new Map<string, Promise<ReadonlySet<string>>>();

  constructor(allow: WebSettings['probe']['allow'], { configured, untouched = [] }: NamedTargets, resolve: Resolve) {
    this.#allow = allow;
    this.#named = allowedOfAll(configured);
    this.#untouched = new Set(allowedOfAll(untouched).flatMap((one) => (one.kind === 'host' ? [one.host] : [])));
    this.#resolve = async (name) => (await resolve(name)).map(canonicalAddress);
    const written = allow === 'configured' ? configured : allow === 'any' ? [] : allow;
    this.#entries = allowedOfAll(written);
    for (const entry of this.#entries) {
      if (entry.kind === 'network') {
        this.#networks.addSubnet(entry.network, entry.bits, isIP(entry.network) === 6 ? 'ipv6' : 'ipv4');
      } else if (isIP(entry.host) === 0) void this.#addressesOf(entry.host);
    }
    for (const host of this.#untouched) if (isIP(host) === 0) void this.#addressesOf(host);
  }

  /**
   * The one address that may be asked. Names that are not on the list are not even looked up, unless a network is.
   *
   * @throws HttpFault 403
   */
  async addressOf(target: ProbeTarget): Promise<string> {
    if (this.#untouched.has(target.host) && !this.#isNamed(target)) throw untouched();
    const address = await this.#allowedAddressOf(target);
    if (!this.#isNamed(target) && (await this.#isUntouched(address))) throw untouched();
    return address;
  }

  #isNamed({ host, port }: ProbeTarget): boolean {
    return this.#named.some((one) => one.kind === 'host' && one.host === host && one.port === port);
  }

  async #isUntouched(address: string): Promise<boolean> {
    if (this.#untouched.has(address)) return true;
    const names = [...this.#untouched].filter((host) => isIP(host) === 0);
    const known = await Promise.all(names.map((host) => this.#addressesOf(host)));
    return known.some((addresses) => addresses.has(address));
  }

  async #allowedAddressOf({ host, port }: ProbeTarget): Promise<string> {
    const isAddress = isIP(host) > 0;
    const isListed = this.#entries.some((one) => one.kind === 'host' && one.host === host && isPort(one, port));
    if (isAddress) {
      if (isListed || this.#allow === 'any' || this.#isInNetworks(host)) return host;
      throw refused();
    }
    const mayLookUp = isListed || this.#allow === 'any' || this.#entries.some(({ kind }) => kind === 'network');
    if (!mayLookUp) throw refused();
    const addresses = await this.#lookUp(host);
    if (this.#allow === 'any') return addresses[0]!;
    const known = isListed ? await this.#addressesOf(host) : NONE;
    // All of them or none: which one a name answers with first is its owner's choice.
    if (addresses.every((one) => known.has(one) || this.#isInNetworks(one) || this.#isListedAddress(one, port))) {
      return addresses[0]!;
    }
    throw isListed
      ? new HttpFault(403, 'the target leads to another address than when the settings were loaded; reload them')
      : refused();
  }

  #isListedAddress(address: string, port: number): boolean {
    return this.#entries.some((one) => one.kind === 'host' && one.host === address && isPort(one, port));
  }

  #isInNetworks(address: string): boolean {
    return this.#networks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }

  async #lookUp(host: string): Promise<readonly string[]> {
    try {
      const addresses = await this.#resolve(host);
      if (addresses.length > 0) return addresses;
    } catch {
      // As below: the resolver's own words are for the log of the machine.
    }
    throw new HttpFault(403, 'the target has no address');
  }

  /** Kept while this list holds; a name that had none then is looked up until it has. */
  #addressesOf(host: string): Promise<ReadonlySet<string>> {
    const known = this.#addresses.get(host);
    if (known !== undefined) return known;
    const asked = this.#resolve(host).then(
      (found) => {
        if (found.length === 0) this.#addresses.delete(host);
        return new Set(found);
      },
      () => {
        this.#addresses.delete(host);
        return NONE;
      },
    );
    this.#addresses.set(host, asked);
    return asked;
  }
}

const NONE: ReadonlySet<string> = new Set();

function refused(): HttpFault {
  return new HttpFault(403, 'the target is not allowed (web.probe.allow_targets)');
}

function untouched(): HttpFault {
  return new HttpFault(403, 'the target is of a cluster that nobody may ask (active: off)');
}

function isPort({ port }: Extract<Allowed, { kind: 'host' }>, wanted: number): boolean {
  return port === undefined || port === wanted;
}

function allowedOfAll(written: readonly string[]): readonly Allowed[] {
  return written.map(allowedOf).filter((one) => one !== undefined);
}

/** Undefined: no target that `/probe` could be asked for (a host without a port may be any port of Flink's). */
function allowedOf(text: string): Allowed | undefined {
  const network = ANY_NETWORK.exec(text)?.groups;
  if (network !== undefined) {
    const family = isIP(network.network!);
    const bits = Number(network.bits);
    return family === 0 || bits > (family === 6 ? 128 : 32)
      ? undefined
      : { kind: 'network', network: network.network!, bits };
  }
  const named = hostNamed(text);
  return named === undefined ? undefined : { kind: 'host', ...named };
}

/** What a target of the settings, or of `/probe`, names. Undefined as {@link allowedOf}. */
export function hostNamed(text: string): NamedHost | undefined {
  try {
    const { host, port } = parseProbeTarget(text);
    return { host, port };
  } catch {
    const host = text.replace(/^[a-z0-9-]+=/, '').replace(/^\[(.*)\]$/, '$1');
    return /^[^\s/[\]]+$/.test(host) ? { host: canonicalAddress(host.toLowerCase()) } : undefined;
  }
}
