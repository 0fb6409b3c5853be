import type { StoreName } from './keystores.ts';
import { type ClusterMember, type Member, TASK_MANAGERS, type TaskManager } from './members.ts';

/** What a configuration dictates, from Flink's sources and documentation; never from what flinkprobe says. */

export type BedChannel =
  | 'rest'
  | 'jobmanager-rpc'
  | 'taskmanager-rpc'
  | 'taskmanager-data'
  | 'blob-server'
  | 'metrics-query-service'
  | 'history-server'
  | 'sql-gateway'
  | 'prometheus';

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

export interface TlsTruth {
  readonly kind: 'tls';
  readonly versions: readonly TlsVersion[];
  readonly suites: Readonly<Partial<Record<TlsVersion, readonly string[]>>>;
  /** The suites are a library's own: no configuration tells them, and a client's order may choose. */
  readonly suitesOf?: 'library';
  readonly clientAuthentication: 'required' | 'not-requested';
  readonly certificate: StoreName;
  /** Set where the server believes only one certificate, whatever its trust store says. */
  readonly pin?: 'right' | 'wrong';
}

/** `unusable`: TLS is configured and every handshake fails. */
export type ServerTruth =
  | TlsTruth
  | { readonly kind: 'clear' }
  | { readonly kind: 'unusable'; readonly certificate: StoreName }
  | { readonly kind: 'absent'; readonly reason: string };

export interface EndpointTruth {
  readonly channel: BedChannel;
  readonly member: ClusterMember;
  readonly served: ServerTruth;
}

/** What a recording has to show of one kind of connection. */
export type FlowOutcome =
  | { readonly kind: 'plaintext'; readonly answer: 'in-kind' | 'refused' }
  | { readonly kind: 'tls'; readonly outcome: 'established'; readonly server: TlsTruth; readonly mutual: boolean }
  | { readonly kind: 'tls'; readonly outcome: 'refused' };

export interface FlowTruth {
  readonly channel: BedChannel;
  readonly server: ClusterMember;
  readonly client: Member;
  /** `may-be-seen`: not every run has such a connection. */
  readonly presence: 'seen' | 'may-be-seen';
  readonly outcome: FlowOutcome;
}

export interface Truth {
  readonly endpoints: readonly EndpointTruth[];
  readonly flows: readonly FlowTruth[];
  /** TaskManagers that register. */
  readonly taskManagers: 0 | 1 | 2;
}

export const CLEAR: ServerTruth = { kind: 'clear' };

/** How a member speaks on the internal channels: the same settings make its servers and its clients. */
export interface Stance {
  readonly rpc: ServerTruth;
  readonly data: ServerTruth;
  readonly blob: ServerTruth;
  /** What its trust store holds; the certificate's own name where each is its own anchor. */
  readonly trusts?: StoreName;
}

export type Stances = Readonly<Record<ClusterMember, Stance>>;

export interface TruthParts {
  readonly stances: Stances;
  readonly rest: ServerTruth;
  readonly others?: readonly EndpointTruth[];
  /** TaskManagers on which the job's tasks run. */
  readonly jobOn: readonly TaskManager[];
}

/** What happens when a member with one stance connects to a member with another. */
export function outcomeOf(
  client: ServerTruth,
  clientTrusts: StoreName,
  server: ServerTruth,
  serverTrusts: StoreName,
): FlowOutcome {
  if (client.kind === 'absent' || server.kind === 'absent') throw new Error('nobody speaks there');
  if (client.kind === 'clear') return { kind: 'plaintext', answer: server.kind === 'clear' ? 'in-kind' : 'refused' };
  const refused: FlowOutcome = { kind: 'tls', outcome: 'refused' };
  if (server.kind !== 'tls' || client.kind !== 'tls') return refused;
  if (server.pin === 'wrong' || client.pin === 'wrong') return refused;
  if (server.certificate !== clientTrusts || client.certificate !== serverTrusts) return refused;
  return { kind: 'tls', outcome: 'established', server, mutual: server.clientAuthentication === 'required' };
}

const certificateOf = (stance: Stance): StoreName => {
  if (stance.trusts) return stance.trusts;
  for (const served of [stance.rpc, stance.data, stance.blob]) {
    if (served.kind === 'tls' || served.kind === 'unusable') return served.certificate;
  }
  return 'internal';
};

function flow(
  channel: BedChannel,
  stances: Stances,
  which: 'rpc' | 'data' | 'blob',
  client: ClusterMember,
  server: ClusterMember,
  presence: FlowTruth['presence'],
): FlowTruth {
  const [from, to] = [stances[client], stances[server]];
  const outcome = outcomeOf(from[which], certificateOf(from), to[which], certificateOf(to));
  return { channel, client, server, presence, outcome };
}

/** Whether both sides go on talking. */
export function works(outcome: FlowOutcome): boolean {
  if (outcome.kind === 'plaintext') return outcome.answer === 'in-kind';
  return outcome.outcome === 'established';
}

/** A JobManager that refuses its configuration has had its RPC port open for a moment, in clear. */
function briefly(client: TaskManager): readonly FlowTruth[] {
  const answers = ['in-kind', 'refused'] as const;
  return answers.map((answer) => ({
    channel: 'jobmanager-rpc',
    server: 'jm',
    client,
    presence: 'may-be-seen',
    outcome: { kind: 'plaintext', answer },
  }));
}

/** All endpoints and connections of a cluster of one JobManager and two TaskManagers. */
export function truthOf(input: TruthParts): Truth {
  const { stances, rest, others = [], jobOn } = input;
  const endpoints: EndpointTruth[] = [
    { channel: 'rest', member: 'jm', served: rest },
    { channel: 'jobmanager-rpc', member: 'jm', served: stances.jm.rpc },
    { channel: 'blob-server', member: 'jm', served: stances.jm.blob },
    { channel: 'metrics-query-service', member: 'jm', served: stances.jm.rpc },
  ];
  for (const member of TASK_MANAGERS) {
    endpoints.push(
      { channel: 'taskmanager-rpc', member, served: stances[member].rpc },
      { channel: 'taskmanager-data', member, served: stances[member].data },
      { channel: 'metrics-query-service', member, served: stances[member].rpc },
    );
  }
  if (rest.kind === 'absent') {
    return { endpoints: [...endpoints, ...others], flows: TASK_MANAGERS.flatMap(briefly), taskManagers: 0 };
  }

  const flows: FlowTruth[] = [
    { channel: 'rest', server: 'jm', client: 'prober', presence: 'seen', outcome: asked(rest) },
    ...others.map(
      ({ channel, member, served }): FlowTruth => ({
        channel,
        server: member,
        client: 'prober',
        presence: 'seen',
        outcome: asked(served),
      }),
    ),
  ];
  let registered = 0;
  for (const member of TASK_MANAGERS) {
    // JSSE without a suite that it may use gives up before it says a word.
    const says = stances[member].rpc.kind === 'unusable' ? 'may-be-seen' : 'seen';
    const joining = flow('jobmanager-rpc', stances, 'rpc', member, 'jm', says);
    flows.push(joining);
    if (!works(joining.outcome)) continue;
    registered++;
    const runs = jobOn.includes(member) ? 'seen' : 'may-be-seen';
    flows.push(flow('blob-server', stances, 'blob', member, 'jm', runs));
    flows.push(flow('taskmanager-rpc', stances, 'rpc', 'jm', member, 'may-be-seen'));
    flows.push(flow('metrics-query-service', stances, 'rpc', 'jm', member, 'may-be-seen'));
  }
  if (jobOn.length === 2) {
    flows.push(flow('taskmanager-data', stances, 'data', 'tm1', 'tm2', 'seen'));
    flows.push(flow('taskmanager-data', stances, 'data', 'tm2', 'tm1', 'seen'));
  }
  return { endpoints: [...endpoints, ...others], flows, taskManagers: registered as Truth['taskManagers'] };
}

/** What the prober's own asking looks like: it speaks as the server does and has what the server wants. */
function asked(served: ServerTruth): FlowOutcome {
  if (served.kind === 'clear') return { kind: 'plaintext', answer: 'in-kind' };
  if (served.kind !== 'tls') return { kind: 'tls', outcome: 'refused' };
  return { kind: 'tls', outcome: 'established', server: served, mutual: served.clientAuthentication === 'required' };
}
