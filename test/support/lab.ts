import type { Channel, ChannelId, Protection } from '../../src/model/channel.ts';
import type { Probe } from '../../src/model/probe.ts';
import type { Endpoint } from '../../src/model/report.ts';

/** When the connections of the tests were captured, and the run's time a day later. */
export const CAPTURED_AT = '2026-11-22T13:00:00.000000Z';
export const NOW: number = Date.parse('2026-11-23T13:00:00Z');

/** The lab: a JobManager, two TaskManagers, and a stranger. */
export const JM = { host: '10.77.0.1', member: 'jm', component: 'jobmanager' } as const;
export const TM1 = { host: '10.77.0.2', member: 'tm1', component: 'taskmanager' } as const;
export const TM2 = { host: '10.77.0.3', member: 'tm2', component: 'taskmanager' } as const;
export const PROBER = { host: '10.77.0.9' } as const;

export type Process = Omit<Endpoint, 'port'>;

const CHANNELS: readonly (readonly [ChannelId, Protection, number])[] = [
  ['rest', 'rest', 8081],
  ['jobmanager-rpc', 'internal', 6123],
  ['taskmanager-rpc', 'internal', 6122],
  ['taskmanager-data', 'internal', 6121],
  ['blob-server', 'internal', 6124],
  ['metrics-query-service', 'internal', 6126],
  ['history-server', 'rest', 8082],
  ['sql-gateway', 'rest', 8083],
  ['hiveserver2', 'never', 10000],
  ['queryable-state', 'never', 9067],
  ['collect-sink', 'never', 6130],
  ['prometheus', 'never', 9249],
  ['jmx', 'never', 8789],
  ['checkpoint-storage', 'outside', 9000],
  ['high-availability', 'outside', 2181],
];

/** Stand-ins for the real probes, so that a rule's test rests on the rule alone. */
export const PROBES: readonly Probe[] = CHANNELS.map(([id, protection, port]) => ({
  id,
  title: `title of ${id}`,
  protection,
  component: 'jobmanager',
  carries: `What ${id} carries.`,
  defaultPorts: [port],
  settings: { port: [], tls: [] },
  remedy: { text: `Mend ${id}.`, settings: { [`${id}.ssl`]: 'true' } },
  protocols: [],
  port: () => undefined,
  expect: () => undefined,
}));

export function defaultPort(channel: Channel): number {
  return CHANNELS.find(([id]) => id === channel)?.[2] ?? 4444;
}
