import type { ChannelId } from '../../../src/model/channel.ts';
import type { ListeningEndpoint } from './flink-stand-in.ts';

export interface RestAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const JSON_TYPE = 'application/json; charset=UTF-8';
/** Of a real Flink 1.20.3. */
const CONFIG = {
  'refresh-interval': 3000,
  'timezone-name': 'Coordinated Universal Time',
  'timezone-offset': 0,
  'flink-version': '1.20.3',
  'flink-revision': '01e3a6d @ 2025-09-20T02:22:05+02:00',
  features: { 'web-submit': true, 'web-cancel': true, 'web-rescale': false, 'web-history': false },
};
const METRICS =
  '# HELP flink_taskmanager_Status_JVM_CPU_Load Load (scope: taskmanager_Status_JVM_CPU)\n' +
  '# TYPE flink_taskmanager_Status_JVM_CPU_Load gauge\nflink_taskmanager_Status_JVM_CPU_Load{host="tm",} 0.1\n';

/** What REST and the Prometheus reporter of the stand-in say; only GETs of paths that read are answered. */
export function restAnswer(
  channel: ChannelId,
  method: string,
  url: string,
  endpoints: readonly ListeningEndpoint[],
): RestAnswer {
  const path = url.replace(/^\/v1(?=\/)/, '').replace(/\?.*/, '');
  if (method !== 'GET') return { status: 405, type: JSON_TYPE, body: '{"errors":["Method not allowed."]}' };
  if (channel === 'prometheus') return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: METRICS };
  const body = page(path, endpoints);
  return body === undefined
    ? { status: 404, type: JSON_TYPE, body: '{"errors":["Not found."]}' }
    : { status: 200, type: JSON_TYPE, body: JSON.stringify(body) };
}

function page(path: string, endpoints: readonly ListeningEndpoint[]): unknown {
  const taskManagers = [...new Set(endpoints.map(({ member }) => member))].filter((one) => one.startsWith('tm'));
  switch (path) {
    case '/config':
      return CONFIG;
    case '/overview':
      return {
        ...{ taskmanagers: taskManagers.length, 'slots-total': taskManagers.length, 'slots-available': 0 },
        ...{ 'jobs-running': 1, 'jobs-finished': 0, 'jobs-cancelled': 0, 'jobs-failed': 0 },
        ...{ 'flink-version': '1.20.3', 'flink-commit': '01e3a6d' },
      };
    case '/jobmanager/config':
      return configuration(endpoints);
    case '/taskmanagers':
      return { taskmanagers: taskManagers.map((member) => taskManager(member, endpoints)) };
    case '/jobs/overview':
      return { jobs: [] };
    default:
      return undefined;
  }
}

function configuration(endpoints: readonly ListeningEndpoint[]): { key: string; value: string }[] {
  const of = (channel: ChannelId): ListeningEndpoint | undefined =>
    endpoints.find((one) => one.member === 'jm' && one.channel === channel);
  const internal = of('jobmanager-rpc')?.protection === 'mutual-tls';
  const settings = {
    'jobmanager.rpc.address': of('jobmanager-rpc')?.host,
    'jobmanager.rpc.port': of('jobmanager-rpc')?.port,
    'blob.server.port': of('blob-server')?.port,
    'metrics.internal.query-service.port': of('metrics-query-service')?.port,
    'rest.port': of('rest')?.port,
    'security.ssl.internal.enabled': internal,
    'security.ssl.rest.enabled': of('rest')?.protection !== 'clear',
  };
  return Object.entries(settings).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: `${value}` }]));
}

function taskManager(member: string, endpoints: readonly ListeningEndpoint[]): object {
  const of = (channel: ChannelId): ListeningEndpoint | undefined =>
    endpoints.find((one) => one.member === member && one.channel === channel);
  const rpc = of('taskmanager-rpc');
  const scheme = rpc?.protection === 'mutual-tls' ? 'pekko.ssl.tcp' : 'pekko.tcp';
  return {
    id: `${rpc?.host}:${rpc?.port}-${member}`,
    path: `${scheme}://flink@${rpc?.host}:${rpc?.port}/user/rpc/taskmanager_0`,
    dataPort: of('taskmanager-data')?.port,
    ...{ jmxPort: -1, timeSinceLastHeartbeat: Date.now(), slotsNumber: 1, freeSlots: 0 },
    totalResource: { cpuCores: 1, taskHeapMemory: 128, managedMemory: 64, networkMemory: 64, extendedResources: {} },
    freeResource: { cpuCores: 0, taskHeapMemory: 0, managedMemory: 0, networkMemory: 0, extendedResources: {} },
    hardware: { cpuCores: 2, physicalMemory: 25276502016, freeMemory: 405471232, managedMemory: 67108864 },
    memoryConfiguration: { totalFlinkMemory: 469762048, totalProcessMemory: 671088640 },
  };
}
