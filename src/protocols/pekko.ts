import { copyOf } from '../bytes/copy.ts';
import type { Certainty, Side } from '../bytes/stream.ts';
import type { ChannelId, Component } from '../model/channel.ts';
import type { ClearFollower, ClearProtocol, ClearReading, Hint, StreamStart } from '../model/probe.ts';
import { firstClassOf } from './java-serialization.ts';
import { type Associate, latin1, type PayloadHead } from './pekko-frame.ts';
import { type PekkoEvents, PekkoSide } from './pekko-side.ts';
import { NameCounts, TransferLog } from './sightings.ts';

/** Distinct names kept a connection; more than Flink's gateways have methods. */
const MAX_NAMES = 64;

const MAX_USER_CLASSES = 16;

/** Flink's RPC over Akka or Pekko classic remoting, of JobManager, TaskManager and metric query service. */
export const pekko: ClearProtocol = {
  name: 'flink-rpc',
  order: 10,
  follow: (start) => new PekkoFollower(start),
};

/** Actors of `/user/rpc/` and gateways, and the process that has them. */
const JOBMANAGER = /^(?:jobmanager|resourcemanager|dispatcher)(?:_|$)/;
const JOBMANAGER_GATEWAYS: ReadonlySet<string> = new Set([
  'ResourceManagerGateway',
  'JobMasterGateway',
  'JobMasterOperatorEventGateway',
  'CheckpointCoordinatorGateway',
  'DispatcherGateway',
]);
const TASKMANAGER = /^taskmanager_/;
const METRICS = /^MetricQueryService/;
const SELECTED = /(?:jobmanager_|resourcemanager_|dispatcher_|taskmanager_|MetricQueryService)[\w*.:-]*/;

/** Path of a recipient: scheme, actor system, host, port, actor. */
const RECIPIENT = /^((?:akka|pekko)\.(?:ssl\.)?tcp):\/\/(flink(?:-metrics)?)@([\w.:%[\]-]{1,253}):(\d{1,5})(\/.*)$/s;
/** Names that may stand in a report. */
const ACTOR = /^[\w*.$:-]{1,128}$/;

/** What is known of the process at one end. */
interface Process {
  associate?: Associate;
  component?: Component;
  address?: { readonly system: string; readonly host: string; readonly port: number };
}

class PekkoFollower implements ClearFollower {
  readonly #start: StreamStart;
  readonly #sides: readonly [PekkoSide, PekkoSide];
  readonly #processes: readonly [Process, Process] = [{}, {}];
  readonly #transfers = new TransferLog();
  readonly #methods = new NameCounts(MAX_NAMES);
  readonly #endpoints = new NameCounts(MAX_NAMES);
  readonly #messages = new NameCounts(MAX_NAMES);
  readonly #userClasses = new NameCounts(MAX_USER_CLASSES);
  readonly #jobIds = new NameCounts(MAX_NAMES);
  readonly #systems = new Set<string>();
  readonly #commands = new NameCounts(MAX_NAMES);
  #scheme: string | undefined;
  #firstSide: Side | undefined;
  #firstBytes: Uint8Array | undefined;

  constructor(start: StreamStart) {
    this.#start = start;
    this.#sides = [new PekkoSide(this.#events(0), start), new PekkoSide(this.#events(1), start)];
  }

  get certainty(): Certainty {
    const [a, b] = this.#sides;
    if (a.confirmed || b.confirmed || this.#controlDialogue()) {
      return 'sure';
    }
    // The client speaks first: where side 0 is the sender of the SYN, its first bytes decide.
    const given = this.#start === 'syn' ? a.phase === 'other' : a.phase === 'other' && b.phase === 'other';
    return given ? 'no' : 'maybe';
  }

  /** A control message of eight bytes proves nothing alone, but with a neighbour on either side. */
  #controlDialogue(): boolean {
    const [a, b] = this.#sides;
    return a.controls + b.controls > 0 && a.frames + b.frames > 1;
  }

  feed(side: Side, bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    this.#sides[side].feed(bytes, start, end, streamOffset, frame);
  }

  gap(side: Side, length: number): void {
    this.#sides[side].gap(length);
  }

  close(side: Side): void {
    this.#sides[side].close();
  }

  #events(side: Side): PekkoEvents {
    const other: Side = side === 0 ? 1 : 0;
    const transfers = this.#transfers;
    return {
      header: (bytes, start, end) => {
        this.#firstSide ??= side;
        this.#firstBytes ??= copyOf(bytes, start, end);
      },
      associate: (associate) => this.#associated(side, associate),
      control: (command) => this.#commands.add(command),
      payload: (head, bytes, end) => this.#payload(other, head, bytes, end),
      call: (gateway, method) => {
        this.#methods.add(method);
        this.#roleOfGateway(other, gateway);
      },
      inlineState: (kind, offset, frame, length) =>
        transfers.add(kind === undefined ? 'state-inline' : `${kind}-inline`, side, frame, offset, length),
      stateObject: (kind, name, offset, frame) =>
        transfers.add(kind === 'handle' ? 'state-handle' : 'restore-state', side, frame, offset, 0, name),
      jobId: (id) => this.#jobIds.add(id),
      userClass: (name) => this.#userClasses.add(name),
    };
  }

  #associated(side: Side, associate: Associate): void {
    this.#systems.add(associate.system);
    this.#processes[side].associate ??= associate;
    this.#processes[side].address = associate;
  }

  /** A message for an actor of the other side. */
  #payload(receiver: Side, head: PayloadHead, bytes: Uint8Array, end: number): void {
    const match = RECIPIENT.exec(head.path);
    if (match === null) {
      return;
    }
    const [, scheme, system, host, port, path] = match as unknown as [string, string, string, string, string, string];
    this.#scheme ??= scheme;
    this.#systems.add(system);
    this.#processes[receiver].address ??= { system, host, port: Number(port) };
    const messageEnd = Math.min(end, head.messageEnd);
    const className = firstClassOf(bytes, head.messageStart, messageEnd);
    if (className !== undefined) {
      this.#messages.add(className.slice(className.lastIndexOf('.') + 1));
    }
    const actor = path.startsWith('/user/rpc/')
      ? path.slice('/user/rpc/'.length).replace(/#.*$/, '')
      : path === '/'
        ? SELECTED.exec(latin1(bytes, head.messageStart, messageEnd))?.[0]
        : undefined;
    if (actor !== undefined && ACTOR.test(actor)) {
      this.#endpoints.add(actor);
      this.#roleOfActor(receiver, actor);
    }
  }

  #roleOfActor(receiver: Side, actor: string): void {
    if (METRICS.test(actor)) {
      this.#systems.add('flink-metrics');
      this.#processes[receiver].component ??= actor === 'MetricQueryService' ? 'jobmanager' : 'taskmanager';
    } else if (JOBMANAGER.test(actor)) {
      this.#setRole(receiver, 'jobmanager');
    } else if (TASKMANAGER.test(actor)) {
      this.#setRole(receiver, 'taskmanager');
    }
  }

  #roleOfGateway(receiver: Side, gateway: string): void {
    if (gateway === 'TaskExecutorGateway') {
      this.#setRole(receiver, 'taskmanager');
    } else if (JOBMANAGER_GATEWAYS.has(gateway)) {
      this.#setRole(receiver, 'jobmanager');
    }
  }

  #setRole(side: Side, component: Component): void {
    this.#processes[side].component ??= component;
  }

  /** The client associates first; without the start of the connection, content cannot tell who dialled. */
  #clientSide(): Side | undefined {
    return this.#start === 'syn' ? this.#firstSide : undefined;
  }

  reading(): ClearReading {
    const clientSide = this.#clientSide();
    // Unknown ends are told by hints with their side: the one whose TCP port is its own listening port is the server.
    const serverComponent = clientSide === undefined ? undefined : this.#componentOf(clientSide === 0 ? 1 : 0);
    const clientComponent = clientSide === undefined ? undefined : this.#componentOf(clientSide);
    const channel = this.#channel(serverComponent);
    for (const id of this.#jobIds.names()) {
      this.#transfers.name('keyed-state-inline', id);
      this.#transfers.name('operator-state-inline', id);
      this.#transfers.name('state-inline', id);
    }
    return {
      protocol: pekko.name,
      ...(channel === undefined ? {} : { channel }),
      ...(clientSide === undefined ? {} : { clientSide }),
      ...(serverComponent === undefined ? {} : { serverComponent }),
      ...(clientComponent === undefined ? {} : { clientComponent }),
      details: this.#details(),
      firstBytes: this.#firstBytes ?? new Uint8Array(0),
      stateTransfer: this.#transfers.list(),
      credentials: [],
      hints: this.#hints(),
      answered: this.#speaks(0) && this.#speaks(1),
    };
  }

  #speaks(side: Side): boolean {
    const it = this.#sides[side];
    return it.frames > 0 || it.onlyEmptyFrame;
  }

  /** Flink's processes come in two kinds: where one end is a JobManager, the other is a TaskManager. */
  #componentOf(side: Side): Component | undefined {
    const own = this.#processes[side].component;
    if (own !== undefined) {
      return own;
    }
    const other = this.#processes[side === 0 ? 1 : 0].component;
    if (other === undefined) {
      return undefined;
    }
    return other === 'jobmanager' ? 'taskmanager' : 'jobmanager';
  }

  #channel(serverComponent: Component | undefined): ChannelId | undefined {
    if (this.#systems.has('flink-metrics')) {
      return 'metrics-query-service';
    }
    if (serverComponent === undefined) {
      return undefined;
    }
    return serverComponent === 'jobmanager' ? 'jobmanager-rpc' : 'taskmanager-rpc';
  }

  #details(): ClearReading['details'] {
    const [a, b] = this.#sides;
    const details: Record<string, string | number | readonly string[]> = { frames: a.frames + b.frames };
    const origins = this.#processes.flatMap(({ associate: o }) =>
      o === undefined ? [] : [`${o.protocol}://${o.system}@${o.host}:${o.port} uid ${o.uid}`],
    );
    const lists = {
      systems: [...this.#systems].sort(),
      origins,
      endpoints: this.#endpoints.names(),
      methods: this.#methods.list(),
      messages: this.#messages.list(),
      commands: this.#commands.list(),
      jobIds: this.#jobIds.names(),
      userClasses: this.#userClasses.names(),
    };
    if (this.#scheme !== undefined) {
      details.scheme = this.#scheme;
    }
    for (const [key, list] of Object.entries(lists)) {
      if (list.length > 0) {
        details[key] = list;
      }
    }
    const resynchronisations = a.resynchronisations + b.resynchronisations;
    if (resynchronisations > 0) {
      details.resynchronisations = resynchronisations;
    }
    return details;
  }

  #hints(): readonly Hint[] {
    const hints: Hint[] = [];
    for (const side of [0, 1] as const) {
      const { associate, address } = this.#processes[side];
      const known = associate ?? address;
      const component = this.#componentOf(side);
      const role = component === undefined ? {} : { component };
      if (known === undefined) {
        continue;
      }
      const member = /^[\d.]+$|:/.test(known.host) ? {} : { member: known.host };
      hints.push({ kind: 'member', side, host: known.host, ...member, ...role });
      const channel = this.#channel(component);
      if (channel !== undefined && known.port > 0) {
        hints.push({ kind: 'channel-port', side, host: known.host, port: known.port, channel, ...member, ...role });
      }
    }
    return hints;
  }
}
