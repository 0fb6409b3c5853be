import type { ConnectionRecord } from './record.ts';

/**
 * Connections that are kept one by one, by weight (see {@link weightOf}). Protects memory: beyond it, connections that
 * are like a kept one are counted with it.
 */
export const MAX_KEPT_WEIGHT = 8000;

/** A connection that was kept, and how many more there were like it. */
export interface KeptConnection {
  readonly record: ConnectionRecord;
  repeats: number;
}

interface Group {
  readonly members: KeptConnection[];
  /** Whose turn it is to stand for one more. */
  next: number;
}

/**
 * Keeps what tells connections apart: all of them while there is room; then one that is like a kept one is counted
 * with it, and one of a new kind takes the place of a connection of which there are others.
 */
export class KeptConnections {
  readonly #limit: number;
  readonly #groups = new Map<string, Group>();
  /** Groups that could give a place away. */
  readonly #crowded: Group[] = [];
  #weight = 0;
  #folded = 0;

  constructor(limit: number = MAX_KEPT_WEIGHT) {
    this.#limit = limit;
  }

  /** Connections that are not listed by themselves. */
  get folded(): number {
    return this.#folded;
  }

  add(record: ConnectionRecord): void {
    const kind = kindOf(record);
    const weight = weightOf(record);
    const group = this.#groups.get(kind);
    if (this.#weight + weight <= this.#limit) {
      this.#weight += weight;
      this.#join(kind, group, record);
      return;
    }
    this.#folded++;
    if (group !== undefined) {
      group.next = (group.next + 1) % group.members.length;
      group.members[group.next]!.repeats++;
      return;
    }
    if (this.#makeRoom(weight)) {
      this.#weight += weight;
      this.#join(kind, undefined, record);
    }
  }

  /** In the order of their first packets. */
  list(): KeptConnection[] {
    return [...this.#groups.values()]
      .flatMap(({ members }) => members)
      .sort((a, b) => a.record.first.frame - b.record.first.frame);
  }

  #join(kind: string, group: Group | undefined, record: ConnectionRecord): void {
    const kept = { record, repeats: 0 };
    if (group === undefined) {
      this.#groups.set(kind, { members: [kept], next: 0 });
      return;
    }
    if (group.members.push(kept) === 2) this.#crowded.push(group);
  }

  #makeRoom(weight: number): boolean {
    while (this.#weight + weight > this.#limit) {
      const group = this.#crowded.at(-1);
      if (group === undefined) return false;
      const given = group.members.pop()!;
      if (group.members.length < 2) this.#crowded.pop();
      group.members[0]!.repeats += given.repeats + 1;
      group.next = 0;
      this.#weight -= weightOf(given.record);
    }
    return true;
  }
}

/** Readings of clear traffic name paths, processes and state; TLS readings share what clients and servers repeat. */
export function weightOf({ speech }: ConnectionRecord): number {
  return speech.kind === 'clear' ? 3 : 1;
}

/** What was asked of which server and how it went, whoever the client was. */
export function kindOf({ hosts, ports, encapsulation, synAck, speech }: ConnectionRecord): string {
  const server = `${hosts[1]} ${ports[1]} ${encapsulation} ${synAck}`;
  if (speech.kind === 'tls') {
    const { outcome, version, cipherSuite, resumed, clientAuthentication, alerts, ja3, refusal } = speech.reading;
    const { verdict, presented } = clientAuthentication;
    return `${server} tls ${outcome} ${version} ${cipherSuite} ${resumed} ${verdict} ${presented} ${alerts[0]?.code} ${refusal?.how} ${ja3}`;
  }
  if (speech.kind === 'clear') {
    const { protocol, channel, answered, stateTransfer, credentials } = speech.reading;
    const carried = [...stateTransfer, ...credentials].map(({ kind }) => kind).join(',');
    return `${server} ${protocol} ${channel} ${answered} ${carried}`;
  }
  return `${server} ${speech.kind}`;
}
