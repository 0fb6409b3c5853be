import { highAvailabilityType } from '../flink/internal-tls.ts';
import { fixedPort } from '../flink/rest-tls.ts';
import type { ChannelId } from '../model/channel.ts';
import type { EffectiveConfiguration, Probe } from '../model/probe.ts';
import type { Setting } from '../model/report.ts';
import { CollectSinkGuard } from './collect-sink-guard.ts';
import { isLoopback, isName, isWildcard, type NamedTarget } from './named-target.ts';
import { COMMON_CHANNELS, portsOfProcess } from './process-ports.ts';

/** What a configuration names. */
export interface ConfiguredTargets {
  readonly endpoints: readonly NamedTarget[];
  /** What it leaves open and what was guessed, one sentence each. */
  readonly notes: readonly string[];
}

const JOBMANAGER: readonly ChannelId[] = ['rest', 'jobmanager-rpc', 'blob-server', ...COMMON_CHANNELS];
const TASKMANAGER: readonly ChannelId[] = [
  'taskmanager-rpc',
  'taskmanager-data',
  'queryable-state',
  ...COMMON_CHANNELS,
];

/** Names that people give to JobManagers. */
const JOBMANAGER_NAME = /^(?:jm|job-?manager)(?![a-z])/i;

/**
 * The endpoints that a configuration names by host and port. Files of all processes look the same: a configuration
 * without a member is taken for all of them, one with a member for that process, which is the JobManager where
 * `jobmanager.rpc.address` or its name say so.
 *
 * Names are not looked up, and ports of collect sinks are left out.
 */
export function targetsOfConfiguration(
  configuration: EffectiveConfiguration,
  probes: readonly Probe[],
): ConfiguredTargets {
  const parts = [...flinkProcesses(configuration, probes), ...otherProcesses(configuration, probes)];
  const endpoints = parts.flatMap((part) => part.endpoints);
  const { allowed, refused } = new CollectSinkGuard([configuration]).divide(endpoints);
  return {
    endpoints: allowed,
    notes: [...new Set([...parts.flatMap((part) => part.notes), ...refused.map(({ reason }) => reason)])],
  };
}

function flinkProcesses(configuration: EffectiveConfiguration, probes: readonly Probe[]): ConfiguredTargets[] {
  const { member } = configuration;
  const jobManager = hostOf(configuration.setting('jobmanager.rpc.address'));
  const taskManager = hostOf(configuration.setting('taskmanager.host'));
  if (member === null) {
    const local = jobManager !== undefined && isLoopback(jobManager) ? jobManager : undefined;
    return [
      jobManagerTargets(configuration, probes, jobManager, JOBMANAGER),
      taskManagerTargets(configuration, probes, taskManager ?? local, local === undefined ? 'alone' : 'several'),
    ];
  }
  if (isJobManager(member, jobManager)) {
    return [jobManagerTargets(configuration, probes, jobManager ?? member, JOBMANAGER)];
  }
  const guess =
    taskManager === undefined ? [`taskmanager.host is not set: ${member} is taken for the host’s name`] : [];
  const own = taskManagerTargets(configuration, probes, taskManager ?? member, 'alone');
  // Of the JobManager's ports, a TaskManager has to know this one only.
  return [
    jobManagerTargets(configuration, probes, jobManager, ['jobmanager-rpc']),
    { endpoints: own.endpoints, notes: [...guess, ...own.notes] },
  ];
}

function isJobManager(member: string, address: string | undefined): boolean {
  const own = member.toLowerCase();
  const host = address?.toLowerCase();
  return own === host || own === host?.split('.')[0] || JOBMANAGER_NAME.test(own);
}

function jobManagerTargets(
  configuration: EffectiveConfiguration,
  probes: readonly Probe[],
  host: string | undefined,
  channels: readonly ChannelId[],
): ConfiguredTargets {
  if (host === undefined) {
    return { endpoints: [], notes: ['jobmanager.rpc.address is not set: where the JobManager is, REST may tell'] };
  }
  const member = memberAt(configuration, host);
  const place = { host, component: 'jobmanager', onHost: isLoopback(host) ? 'several' : 'alone', channels } as const;
  const { endpoints, notes } = portsOfProcess(configuration, { ...place, ...member }, probes);
  const restHost = hostOf(configuration.setting('rest.address', 'jobmanager.web.address', 'web.address')) ?? host;
  const type = highAvailabilityType(configuration).value.toLowerCase();
  const elected =
    type === 'none' ? [] : [`high-availability.type is ${type}: the leading JobManager may be another than ${host}`];
  return {
    endpoints: endpoints.map((one) => (one.channel === 'rest' ? { ...one, name: restHost } : one)),
    notes: [...notes, ...elected],
  };
}

/** A configuration's member where it is the JobManager's own, else the host, where that is a name. */
function memberAt(configuration: EffectiveConfiguration, host: string): { readonly member?: string } {
  const { member } = configuration;
  if (member !== null && isJobManager(member, host)) return { member };
  return isName(host) ? { member: host } : {};
}

function taskManagerTargets(
  configuration: EffectiveConfiguration,
  probes: readonly Probe[],
  host: string | undefined,
  onHost: 'alone' | 'several',
): ConfiguredTargets {
  if (host === undefined) {
    return { endpoints: [], notes: ['the configuration names no TaskManager’s host: REST lists them'] };
  }
  const member = configuration.member ?? (isName(host) ? host : undefined);
  const place = { host, component: 'taskmanager', channels: TASKMANAGER, onHost } as const;
  return portsOfProcess(configuration, { ...place, ...(member === undefined ? {} : { member }) }, probes);
}

/** History server and SQL gateway: where their own addresses are given. */
export function otherProcesses(
  configuration: EffectiveConfiguration,
  probes: readonly Probe[],
): readonly ConfiguredTargets[] {
  return (['history-server', 'sql-gateway'] as const).map((id) => {
    const probe = probes.find((one) => one.id === id);
    if (probe?.ask === undefined || probe.expect(configuration) === undefined) return { endpoints: [], notes: [] };
    const [addressKey, portKeys, usual] = OTHERS[id];
    const host = hostOf(configuration.setting(addressKey));
    const port = fixedPort(configuration.settingOr(portKeys[0]!, usual, ...portKeys.slice(1)));
    if (host === undefined || port === undefined) {
      return {
        endpoints: [],
        notes: [`${id}: ${addressKey} names no single host with one port: give ${id}=HOST:PORT`],
      };
    }
    return { endpoints: [{ name: host, port, channel: id, channelBasis: 'configuration', component: id }], notes: [] };
  });
}

const OTHERS: Readonly<
  Record<'history-server' | 'sql-gateway', readonly [address: string, ports: readonly string[], usual: string]>
> = {
  'history-server': ['historyserver.web.address', ['historyserver.web.port'], '8082'],
  'sql-gateway': [
    'sql-gateway.endpoint.rest.address',
    ['sql-gateway.endpoint.rest.bind-port', 'sql-gateway.endpoint.rest.port'],
    '8083',
  ],
};

/** A host that can be connected to: wildcards are none. */
function hostOf(setting: Setting | undefined): string | undefined {
  const host = setting?.value.trim().replace(/^\[|\]$/g, '');
  return host === undefined || isWildcard(host) ? undefined : host;
}
