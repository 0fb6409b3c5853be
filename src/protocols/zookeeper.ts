import type { Certainty, Side } from '../bytes/stream.ts';
import type { ClearFollower, ClearProtocol, ClearReading, Hint } from '../model/probe.ts';
import { type LengthFrame, LengthFrames } from './length-frames.ts';
import { latin1 } from './pekko-frame.ts';
import { NameCounts } from './sightings.ts';

/** ZooKeeper's client protocol, as Flink's high availability speaks it. */
export const zookeeper: ClearProtocol = {
  name: 'zookeeper',
  order: 31,
  follow: () => new ZooKeeperFollower(),
};

/** `jute.maxbuffer` is 1 MiB by default; some raise it. */
const MAX_FRAME = 64 * 1024 * 1024;
/** Header, path, and the start of a znode's data, which holds the leader's address. */
const HEAD_BYTES = 1024;
const MAX_PATHS = 16;
const MAX_ADDRESSES = 16;

/** Connect request without and with the read-only flag; the same of its answer. */
const CONNECT_LENGTHS = [44, 45];
const CONNECTED_LENGTHS = [36, 37];

const AUTH_XID = 0xfffffffc;
const AUTH_TYPE = 100;

const LEADER_ADDRESS = /(?:akka|pekko)\.((?:ssl\.)?tcp):\/\/flink@([\w.:%[\]-]{1,253}):(\d{1,5})\/user\/rpc\/(\w+)/;
/** Nodes that Flink makes under its root, whatever the root is called. */
const FLINK_PATH =
  /^\/flink\/|\/leader\/(?:dispatcher|resource_manager|rest_server|job-)|\/(?:jobgraphs|execution-plans)\/|\/checkpoint_id_counter/;

function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** protocolVersion 4, lastZxid 8, timeout 4, session 8, password 4 + 16, read-only 1. */
function isConnect(frame: LengthFrame): boolean {
  const { head } = frame;
  return CONNECT_LENGTHS.includes(frame.length) && uint32(head, 0) === 0 && uint32(head, 24) === 16;
}

/** protocolVersion 4, timeout 4, session 8, password 4 + 16, read-only 1. */
function isConnected(frame: LengthFrame): boolean {
  const { head } = frame;
  return CONNECTED_LENGTHS.includes(frame.length) && uint32(head, 0) === 0 && uint32(head, 16) === 16;
}

interface Password {
  readonly side: Side;
  readonly frame: number;
  readonly streamOffset: number;
}

class ZooKeeperFollower implements ClearFollower {
  readonly #sides: readonly [LengthFrames, LengthFrames];
  readonly #paths = new NameCounts(MAX_PATHS);
  readonly #leaders = new Map<string, Hint>();
  #connected: [boolean, boolean] = [false, false];
  #passwords: Password[] = [];
  #authentication: Password | undefined;
  #authentications = 0;
  #flink = false;
  #refuted = false;
  #firstBytes: Uint8Array | undefined;

  constructor() {
    const frames = (side: Side): LengthFrames =>
      new LengthFrames(
        MAX_FRAME,
        HEAD_BYTES,
        (frame) => this.#frame(side, frame),
        (length, _head, _headLength, index) =>
          index > 0 || (side === 0 ? CONNECT_LENGTHS : CONNECTED_LENGTHS).includes(length),
      );
    this.#sides = [frames(0), frames(1)];
  }

  get certainty(): Certainty {
    if (this.#connected[0] && this.#connected[1]) {
      return 'sure';
    }
    const lost = !this.#connected[0] && !this.#sides[0].inStep;
    return this.#refuted || lost ? 'no' : 'maybe';
  }

  feed(side: Side, bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    if (!this.#refuted) {
      this.#sides[side].feed(bytes, start, end, streamOffset, frame);
    }
  }

  gap(side: Side, length: number): void {
    this.#sides[side].gap(length);
  }

  close(): void {
    // Nothing is held that the end of the stream would decide.
  }

  #frame(side: Side, frame: LengthFrame): void {
    if (!this.#connected[side]) {
      this.#first(side, frame);
      return;
    }
    const { head, headLength } = frame;
    if (side === 0 && headLength >= 12) {
      this.#request(frame);
    }
    const text = latin1(head, 0, headLength);
    const leader = LEADER_ADDRESS.exec(text);
    if (leader !== null) {
      this.#flink = true;
      this.#leader(leader[2]!, Number(leader[3]), leader[4]!);
    }
  }

  /** Connect request and its answer: the session's password stands in both. */
  #first(side: Side, frame: LengthFrame): void {
    if (!(side === 0 ? isConnect(frame) : isConnected(frame))) {
      this.#refuted ||= side === 0 || this.#connected[0];
      this.#sides[side].inStep = false;
      return;
    }
    this.#connected[side] = true;
    const at = side === 0 ? 28 : 20;
    if (side === 0) {
      this.#firstBytes = frame.head.slice(0, 16);
    }
    if (frame.head.subarray(at, at + 16).some((byte) => byte !== 0)) {
      this.#passwords.push({ side, frame: frame.frame, streamOffset: frame.streamOffset + 4 + at });
    }
  }

  /** xid 4, type 4, then for most operations the path. `addauth` carries scheme and secret. */
  #request(frame: LengthFrame): void {
    const { head, headLength } = frame;
    if (uint32(head, 0) === AUTH_XID && uint32(head, 4) === AUTH_TYPE) {
      this.#authentication ??= { side: 0, frame: frame.frame, streamOffset: frame.streamOffset };
      this.#authentications++;
      return;
    }
    const length = uint32(head, 8);
    if (length < 1 || length > 512 || 12 + length > headLength || head[12] !== 0x2f) {
      return;
    }
    const path = latin1(head, 12, 12 + length);
    if (/^[\x20-\x7e]+$/.test(path)) {
      this.#paths.add(path);
      this.#flink ||= FLINK_PATH.test(path);
    }
  }

  #leader(host: string, port: number, actor: string): void {
    const jobmanager = /^(?:dispatcher|resourcemanager|jobmanager)/.test(actor);
    if (!jobmanager || port > 65535 || this.#leaders.size >= MAX_ADDRESSES) {
      return;
    }
    const hint: Hint = { kind: 'channel-port', host, port, channel: 'jobmanager-rpc', component: 'jobmanager' };
    this.#leaders.set(`${host}:${port}`, /^[\d.]+$|:/.test(host) ? hint : { ...hint, member: host });
  }

  reading(): ClearReading {
    const paths = this.#paths.names();
    const leaders = [...this.#leaders.keys()].sort();
    const authentication = this.#authentication;
    return {
      protocol: zookeeper.name,
      ...(this.#flink ? { channel: 'high-availability' as const } : {}),
      clientSide: 0,
      serverComponent: 'zookeeper',
      details: {
        frames: this.#sides[0].frames + this.#sides[1].frames,
        ...(paths.length > 0 ? { paths } : {}),
        ...(leaders.length > 0 ? { leaderAddresses: leaders } : {}),
      },
      firstBytes: this.#firstBytes ?? new Uint8Array(0),
      stateTransfer: [],
      credentials: [
        ...this.#passwords.map((p) => ({
          kind: 'session-password' as const,
          ...p,
          count: 1,
          name: 'session password',
        })),
        ...(authentication === undefined
          ? []
          : [
              {
                kind: 'other-authorization' as const,
                ...authentication,
                count: this.#authentications,
                name: 'ZooKeeper addauth',
              },
            ]),
      ],
      hints: [...this.#leaders.values()],
      answered: this.#connected[1],
    };
  }
}
