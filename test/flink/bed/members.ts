/** The processes of a cluster of the bed, their addresses and ports. */

export const CLUSTER_MEMBERS = ['jm', 'tm1', 'tm2'] as const;
export type ClusterMember = (typeof CLUSTER_MEMBERS)[number];
export const MEMBERS = ['jm', 'tm1', 'tm2', 'prober'] as const;
export type Member = (typeof MEMBERS)[number];

export const TASK_MANAGERS = ['tm1', 'tm2'] as const;
export type TaskManager = (typeof TASK_MANAGERS)[number];

export const PORTS = {
  rest: 8081,
  rpc: 6123,
  blob: 6124,
  taskManagerRpc: 6122,
  data: 6121,
  metrics: 6126,
  history: 8082,
  gateway: 8083,
  prometheus: 9249,
} as const;

/** Names and addresses that the members use for each other. */
export interface Site {
  readonly kind: 'namespaces' | 'loopback';
  readonly address: Readonly<Record<Member, string>>;
  /** What stands in configurations: a name of the hosts file in namespaces, the address itself on loopback. */
  readonly name: Readonly<Record<Member, string>>;
}

export const NAMESPACE_SITE: Site = {
  kind: 'namespaces',
  address: { jm: '10.77.0.1', tm1: '10.77.0.2', tm2: '10.77.0.3', prober: '10.77.0.9' },
  name: { jm: 'jm', tm1: 'tm1', tm2: 'tm2', prober: 'prober' },
};

const LOOPBACK = { jm: '127.77.0.1', tm1: '127.77.0.2', tm2: '127.77.0.3', prober: '127.77.0.9' } as const;

export const LOOPBACK_SITE: Site = { kind: 'loopback', address: LOOPBACK, name: LOOPBACK };
