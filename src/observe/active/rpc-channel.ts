import type { Observation } from '../../model/report.ts';
import { type Associate, readAssociate } from '../../protocols/pekko-frame.ts';

/** Why it cannot be told which of the three RPC channels a port is. */
export type RpcDoubt = 'not-associated' | 'not-answered' | 'associated';

const DOUBTS: Readonly<Record<RpcDoubt, string>> = {
  'not-associated': 'which of the three RPC channels this is cannot be told without --associate',
  'not-answered': 'which of the three RPC channels this is was not told: no answer to ASSOCIATE',
  associated: 'whether this is the RPC of a JobManager or of a TaskManager cannot be told',
};

/** The server's own ASSOCIATE, as its first frame. */
export function originOf(bytes: Uint8Array): Associate | undefined {
  if (bytes.length <= 4) return undefined;
  const end = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  return end > bytes.length ? undefined : readAssociate(bytes, 4, end);
}

/** What a process says of itself: its actor system, which only the metric query service has for itself, and its uid. */
export function withOrigin(seen: Observation, { protocol, system, host, port, uid }: Associate): Observation {
  const details = {
    ...seen.plaintext!.details,
    systems: [system],
    origins: [`${protocol}://${system}@${host}:${port} uid ${uid}`],
  };
  const called =
    system === 'flink-metrics' ? ({ channel: 'metrics-query-service', channelBasis: 'protocol' } as const) : {};
  return { ...seen, ...called, plaintext: { ...seen.plaintext!, details } };
}

/**
 * The observation of an RPC port that nobody named and that is nobody's by default. All RPC channels answer a HEARTBEAT
 * alike, and reading traffic takes one that never says more for the metric query service, as it is silent for hours. A
 * probe has heard no silence: TaskManager RPC is the one that listens on random ports and carries most. What is not sure
 * about it stands in the details (`channelDoubt`).
 */
export function withDoubt(seen: Observation, doubt: RpcDoubt): Observation {
  const { plaintext } = seen;
  const isGuess = seen.channel === 'metrics-query-service' && seen.channelBasis === 'port';
  if (plaintext?.protocol !== 'flink-rpc' || !isGuess) return seen;
  const details = { ...plaintext.details, channelDoubt: DOUBTS[doubt] };
  return { ...seen, channel: 'taskmanager-rpc', plaintext: { ...plaintext, details } };
}
