import type { Encapsulation } from '../model/report.ts';

export type Tunnel = NonNullable<Encapsulation['tunnel']>;
export type EncapsulationKind = 'vlan' | Tunnel;

/** One layer around a packet. `value`: VLAN id, VNI, GRE key, ERSPAN or PPPoE session id; absent where it has none. */
export interface EncapsulationStep {
  readonly kind: EncapsulationKind;
  readonly value?: number;
}

/** Distinct paths that are told apart; a capture of random VNIs must not fill the memory. */
export const MAX_ENCAPSULATIONS = 65_536;

const NO_VALUE = -1;
const KINDS: readonly EncapsulationKind[] = [
  'vlan',
  'vxlan',
  'geneve',
  'gre',
  'erspan',
  'ipip',
  '6in4',
  'mpls',
  'pppoe',
];
/** A step as one number: its kind above its value plus 1 (33 bits). */
const VALUE_RANGE = 2 ** 33;
/** A path's key in the index: its parent above its last step (4 + 33 bits); with 16 bits of parent, 53 in all. */
const STEP_RANGE = VALUE_RANGE * 16;

interface Path {
  readonly parent: number;
  readonly kind: EncapsulationKind;
  readonly value: number;
  /** The step taken last from here and where it led: almost every packet takes the same one. */
  lastKind: EncapsulationKind | undefined;
  lastValue: number;
  lastChild: number;
}

/**
 * Gives every path of VLAN ids and tunnels, outermost first, a small integer; 0 is no encapsulation.
 *
 * Outer addresses and MPLS labels are not part of a path: they differ between the two directions of a connection.
 */
export class Encapsulations {
  readonly #paths: Path[] = [newPath(0, 'vlan', NO_VALUE)];
  readonly #index = new Map<number, number>();
  /** Steps that were left out of a path because of {@link MAX_ENCAPSULATIONS}. */
  overflows = 0;

  get size(): number {
    return this.#paths.length;
  }

  /** The path `parent` and one step more. */
  enter(parent: number, kind: EncapsulationKind, value: number = NO_VALUE): number {
    const from = this.#paths[parent]!;
    if (from.lastKind === kind && from.lastValue === value) return from.lastChild;
    const key = parent * STEP_RANGE + KINDS.indexOf(kind) * VALUE_RANGE + (value + 1);
    let child = this.#index.get(key);
    if (child === undefined) {
      if (this.#paths.length >= MAX_ENCAPSULATIONS) {
        this.overflows += 1;
        return parent;
      }
      child = this.#paths.push(newPath(parent, kind, value)) - 1;
      this.#index.set(key, child);
    }
    from.lastKind = kind;
    from.lastValue = value;
    from.lastChild = child;
    return child;
  }

  intern(path: readonly EncapsulationStep[]): number {
    return path.reduce((parent, step) => this.enter(parent, step.kind, step.value), 0);
  }

  /** All steps of a path, outermost first. */
  steps(id: number): readonly EncapsulationStep[] {
    const steps: EncapsulationStep[] = [];
    for (let at = id; at > 0; ) {
      const path = this.#paths[at];
      if (path === undefined) break;
      steps.unshift(path.value === NO_VALUE ? { kind: path.kind } : { kind: path.kind, value: path.value });
      at = path.parent;
    }
    return steps;
  }

  /** For the report: every VLAN id, outermost first, and the innermost tunnel. */
  describe(id: number): Encapsulation {
    const vlans: number[] = [];
    let tunnel: Tunnel | undefined;
    let vni: number | undefined;
    for (const { kind, value } of this.steps(id)) {
      if (kind === 'vlan') {
        if (value !== undefined) vlans.push(value);
      } else {
        tunnel = kind;
        vni = value;
      }
    }
    return { vlans, ...(tunnel !== undefined && { tunnel }), ...(vni !== undefined && { vni }) };
  }
}

function newPath(parent: number, kind: EncapsulationKind, value: number): Path {
  return { parent, kind, value, lastKind: undefined, lastValue: NO_VALUE, lastChild: 0 };
}
