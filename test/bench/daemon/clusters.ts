import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type FlinkStandIn, flinkStandIn } from '../../support/targets/flink-stand-in.ts';

/** Addresses are 127.101.0.1 and on for the first cluster, 127.102.0.1 and on for the second. */
const FIRST_NETWORK = 101;
const LAST_NETWORK = 254;
/** Stand-ins that begin at the same time: each mints a key and listens on dozens of ports. */
const AT_ONCE = 4;

export interface Cluster {
  readonly name: string;
  readonly flink: FlinkStandIn;
  readonly url: string;
  /** PEM: what REST is verified by. */
  readonly truststore: string;
}

/** Clusters of stand-ins, each in a process of its own: JobManager with REST, RPC and BLOB, TaskManagers with RPC and data. */
export async function startClusters(count: number, taskManagers: number, folder: string): Promise<readonly Cluster[]> {
  if (count > LAST_NETWORK - FIRST_NETWORK + 1) throw new Error(`${count} clusters need more networks than there are`);
  mkdirSync(folder, { recursive: true });
  const clusters: Cluster[] = [];
  const numbers = Array.from({ length: count }, (_, index) => index);
  const work = async (): Promise<void> => {
    for (let next = numbers.shift(); next !== undefined; next = numbers.shift()) {
      clusters.push(await startCluster(next, taskManagers, folder));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return clusters;
}

async function startCluster(number: number, taskManagers: number, folder: string): Promise<Cluster> {
  const flink = await flinkStandIn({
    taskManagers,
    hosts: 'apart',
    network: FIRST_NETWORK + number,
    jobManagerChannels: ['jobmanager-rpc', 'blob-server', 'rest'],
    taskManagerChannels: ['taskmanager-rpc', 'taskmanager-data'],
  });
  const name = `cluster-${String(number + 1).padStart(3, '0')}`;
  const truststore = path.join(folder, `${name}.pem`);
  writeFileSync(truststore, flink.identity.pem);
  const { host, port } = flink.endpoint('jm', 'rest');
  return { name, flink, url: `https://${host}:${port}`, truststore };
}

/** `flinkprobe.yaml` for them, and for one more cluster whose captures are analysed. */
export function settingsText(
  clusters: readonly Cluster[],
  { profile, capture, every }: { readonly profile: string; readonly capture: string; readonly every: string },
): string {
  const text = (value: string): string => JSON.stringify(value);
  return [
    'version: 1',
    'web: { listen: "127.0.0.1:0" }',
    'log: { level: warn, format: json }',
    'state: { path: history.db }',
    'defaults:',
    `  schedule: { every: ${every}, jitter: ${Math.floor(Number.parseInt(every, 10) * JITTER)}s }`,
    `  profile: ${profile}`,
    'clusters:',
    ...clusters.map(
      ({ name, url, truststore }) =>
        `  - { name: ${name}, rest: { url: ${text(url)} }, rest_credentials: { truststore: { file: ${text(truststore)} } } }`,
    ),
    `  - { name: ${CAPTURED}, schedule: none, captures: [${text(capture)}] }`,
    '',
  ].join('\n');
}

/** The cluster whose captures are analysed. */
export const CAPTURED = 'captured';
/** Of the interval: so that not all are due in the same second. */
const JITTER = 0.8;
