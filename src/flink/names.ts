import type { Component } from '../model/channel.ts';

/** How a name is known; the first in this order wins. */
export type NameBasis = 'told' | 'configured' | 'learned';

/** Seconds of packet time: of the first and the last packet of who told the name. */
export interface Heard {
  readonly from: number;
  readonly until: number;
}

interface Given {
  readonly name: string;
  readonly basis: NameBasis;
  readonly component: Component | undefined;
  heard: Heard | undefined;
}

const RANK: Readonly<Record<NameBasis, number>> = { told: 0, configured: 1, learned: 2 };
/** Names kept for one address, and addresses kept at all: bounds for captures that name endless ones. */
const MAX_NAMES = 16;
const MAX_ADDRESSES = 65_536;

/** Names that were last heard so long before others were first heard are those of a process that had the address then. */
const REPLACED_AFTER_SECONDS = 30;

function isAddress(host: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host) || host.includes(':');
}

/** Which names belong to which address, and which of them is the member's. */
export class Names {
  readonly #given = new Map<string, Given[]>();
  readonly #addressesOf = new Map<string, Set<string>>();

  give(host: string, name: string, basis: NameBasis, component?: Component, heard?: Heard): void {
    if (host === '' || name === '') {
      return;
    }
    const key = host.toLowerCase();
    const known = this.#given.get(key) ?? [];
    if (known.length === 0 && this.#given.size >= MAX_ADDRESSES) {
      return;
    }
    const same = known.find((one) => one.name === name && RANK[one.basis] <= RANK[basis]);
    if (same !== undefined) {
      same.heard = joined(same.heard, heard);
      return;
    }
    const given = [...known, { name, basis, component, heard }];
    if (given.length > MAX_NAMES) {
      const gone = given.find((one) => one.basis === 'learned' && !ofPresent(given).includes(one));
      if (gone === undefined) return;
      given.splice(given.indexOf(gone), 1);
      this.#addressesOf.get(gone.name.toLowerCase())?.delete(key);
    }
    this.#given.set(key, given);
    const lower = name.toLowerCase();
    this.#addressesOf.set(lower, (this.#addressesOf.get(lower) ?? new Set()).add(key));
  }

  /** The host itself and every name or address of the same process, in lower case. */
  aliases(host: string): readonly string[] {
    const found = new Set([host.toLowerCase()]);
    // A set that grows while it is walked: names of names are followed, each once.
    for (const one of found) {
      for (const { name } of this.#given.get(one) ?? []) {
        found.add(name.toLowerCase());
      }
      if (!isAddress(one)) {
        for (const address of this.#addressesOf.get(one) ?? []) {
          found.add(address);
        }
      }
    }
    return [...found];
  }

  /** Undefined where nothing names the host, or where different processes share its address. */
  memberOf(host: string): string | undefined {
    const given = this.#given.get(host.toLowerCase()) ?? [];
    const best = Math.min(...given.map((one) => RANK[one.basis]));
    const first = ofPresent(given.filter((one) => RANK[one.basis] === best));
    const chosen = first[0];
    if (chosen === undefined) {
      return isAddress(host) ? undefined : host;
    }
    const names = new Set(first.map((one) => one.name));
    const components = new Set(first.map((one) => one.component).filter((one) => one !== undefined));
    if (chosen.basis === 'learned' && names.size > 1 && components.size > 1) {
      return undefined;
    }
    // `10.0.0.1` is called `tm1`, and `tm1` is what a configuration calls `taskmanager-1`.
    const further = this.#given.get(chosen.name.toLowerCase())?.find((one) => one.basis === 'configured');
    return further !== undefined && chosen.basis !== 'told' ? further.name : chosen.name;
  }
}

function joined(one: Heard | undefined, other: Heard | undefined): Heard | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return { from: Math.min(one.from, other.from), until: Math.max(one.until, other.until) };
}

/**
 * Without the names of a process that had the address before: those that ended well before all of the others began. What
 * nobody knows the time of stays.
 */
function ofPresent(given: readonly Given[]): readonly Given[] {
  const heard = given.flatMap((one) => one.heard ?? []).sort((a, b) => b.from - a.from);
  let since = heard[0]?.from ?? 0;
  for (const { from, until } of heard) if (until + REPLACED_AFTER_SECONDS >= since) since = Math.min(since, from);
  return given.filter((one) => one.heard === undefined || one.heard.until + REPLACED_AFTER_SECONDS >= since);
}
