import type { Side } from '../bytes/stream.ts';
import type { CredentialSighting, StateTransfer, StateTransferKind } from '../model/report.ts';
import type { Place } from './http-body.ts';

/** Names kept for one kind of transfer. */
const MAX_NAMES = 8;
const MAX_NAME_LENGTH = 200;
/** Different credentials kept for one connection. */
const MAX_CREDENTIALS = 32;

export type SidedTransfer = Omit<StateTransfer, 'from'> & { readonly side: Side };
export type SidedCredential = Omit<CredentialSighting, 'from'> & { readonly side: Side };

/** Sums up what crossed one connection: one entry a kind and side, the place is the first one's. */
export class Sightings {
  readonly #transfers = new Map<string, SidedTransfer>();
  readonly #credentials = new Map<string, SidedCredential>();

  transfer(kind: StateTransferKind, side: Side, place: Place, bytes: number, names: readonly string[] = []): void {
    const id = `${kind} ${side}`;
    const known = this.#transfers.get(id);
    const bounded = names.filter((name) => name !== '').map((name) => name.slice(0, MAX_NAME_LENGTH));
    const all = [...new Set([...(known?.names ?? []), ...bounded])].slice(0, MAX_NAMES);
    this.#transfers.set(id, {
      kind,
      side,
      frame: known?.frame ?? place.frame,
      streamOffset: known?.streamOffset ?? place.streamOffset,
      bytes: (known?.bytes ?? 0) + bytes,
      count: (known?.count ?? 0) + 1,
      ...(all.length > 0 ? { names: all } : {}),
    });
  }

  /** `name` is the header or the key: never hand in a value. */
  credential(kind: CredentialSighting['kind'], side: Side, place: Place, name: string): void {
    const id = `${kind} ${side} ${name}`;
    const known = this.#credentials.get(id);
    if (known === undefined && this.#credentials.size >= MAX_CREDENTIALS) {
      return;
    }
    const count = (known?.count ?? 0) + 1;
    this.#credentials.set(id, {
      kind,
      side,
      frame: known?.frame ?? place.frame,
      streamOffset: known?.streamOffset ?? place.streamOffset,
      count,
      name: name.slice(0, MAX_NAME_LENGTH),
    });
  }

  transfers(): readonly SidedTransfer[] {
    return [...this.#transfers.values()];
  }

  credentials(): readonly SidedCredential[] {
    return [...this.#credentials.values()];
  }
}
