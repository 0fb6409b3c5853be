import { highAvailabilityType } from '../flink/internal-tls.ts';
import { fixedPort } from '../flink/rest-tls.ts';
import type { ChannelId } from '../model/channel.ts';
import type { EffectiveConfiguration, Probe } from '../model/probe.ts';
import type { Setting } from '../model/report.ts';
import { type NamedTarget, placeOf } from './named-target.ts';

/** What a configuration gives to one process. */
export interface ProcessPorts {
  readonly endpoints: readonly NamedTarget[];
  /** What could not be derived, one sentence each. */
  readonly notes: readonly string[];
}

/** Where a process runs, and what is wanted of it. */
export interface ProcessPlace {
  readonly host: string;
  readonly component: 'jobmanager' | 'taskmanager';
  readonly member?: string;
  readonly channels: readonly ChannelId[];
  /** `several`: other processes of the same configuration share the host, so a range says nothing of this one. */
  readonly onHost: 'alone' | 'several';
}

/** Channels that JobManagers and TaskManagers both have, by settings of the same names. */
export const COMMON_CHANNELS: readonly ChannelId[] = ['metrics-query-service', 'prometheus', 'jmx'];

/**
 * The ports that a configuration names for a process. Of a range the first, where the process is alone on its host;
 * of what is random nothing, but a note.
 */
export function portsOfProcess(
  configuration: EffectiveConfiguration,
  place: ProcessPlace,
  probes: readonly Probe[],
): ProcessPorts {
  const endpoints: NamedTarget[] = [];
  const notes: string[] = [];
  for (const probe of probes.filter(({ id, ask }) => place.channels.includes(id) && ask !== undefined)) {
    // Nothing is promised where no reporter, no JMX server, no queryable state is switched on.
    if (probe.expect(configuration) === undefined) continue;
    for (const setting of portSettings(configuration, probe)) {
      const found = portOf(setting, place);
      if (found.port === undefined) {
        // Without the process: of a hundred TaskManagers it would be said a hundred times.
        notes.push(`${probe.id}: ${found.note}`);
        continue;
      }
      const target: NamedTarget = {
        name: place.host,
        port: found.port,
        channel: probe.id,
        channelBasis: 'configuration',
        ...ownerOf(probe.id, place),
      };
      endpoints.push(target);
      if (found.note !== undefined) notes.push(`${probe.id} at ${placeOf(target)}: ${found.note}`);
    }
  }
  return { endpoints, notes };
}

/** Of processes that share host and setting, one only can have the port: which, nobody knows. */
function ownerOf(
  channel: ChannelId,
  { component, member, onHost }: ProcessPlace,
): Pick<NamedTarget, 'component' | 'member'> {
  if (onHost === 'several' && COMMON_CHANNELS.includes(channel)) return {};
  return { component, ...(member === undefined ? {} : { member }) };
}

/** Settings that give a listening port of this channel, one for each listener. Flink's default where one holds. */
function portSettings(configuration: EffectiveConfiguration, probe: Probe): readonly Setting[] {
  const own = probe.port(configuration);
  switch (probe.id) {
    case 'queryable-state':
      return [
        configuration.settingOr('queryable-state.proxy.ports', '9069', 'query.proxy.ports'),
        configuration.settingOr('queryable-state.server.ports', '9067', 'query.server.ports'),
      ];
    case 'prometheus':
      return reporterPorts(configuration, 'Prometheus', '9249');
    case 'jmx':
      return distinct([
        ...[configuration.setting('jmx.server.port')].filter((one) => one !== undefined),
        ...reporterPorts(configuration, 'JMX', undefined),
      ]);
    case 'jobmanager-rpc': {
      // Where an election decides, `jobmanager.rpc.port` does not (`ClusterEntrypoint.getRPCPortRange`).
      const isElected = highAvailabilityType(configuration).value.toLowerCase() !== 'none';
      return [
        own ??
          (isElected
            ? configuration.settingOr('high-availability.jobmanager.port', '0', 'recovery.jobmanager.port')
            : configuration.settingOr('jobmanager.rpc.bind-port', '0', 'jobmanager.rpc.port')),
      ];
    }
    case 'rest':
      return [own ?? configuration.settingOr('rest.bind-port', '8081', 'rest.port', 'web.port', 'jobmanager.web.port')];
    default: {
      const [first, ...others] = probe.settings.port;
      return [own ?? configuration.settingOr(first!, '0', ...others)];
    }
  }
}

/** Ports of the reporters of one kind (`…prometheus.PrometheusReporterFactory`, `…jmx.JMXReporterFactory`). */
function reporterPorts(
  configuration: EffectiveConfiguration,
  kind: 'Prometheus' | 'JMX',
  fallback: string | undefined,
): readonly Setting[] {
  const names = configuration.keys().flatMap((key) => {
    const name = /^metrics\.reporter\.([^.]+)\.(?:factory\.)?class$/.exec(key)?.[1];
    const type = configuration.setting(key)?.value.trim().split('.').at(-1) ?? '';
    return name !== undefined && new RegExp(`^${kind}Reporter(?:Factory)?$`).test(type) ? [name] : [];
  });
  return [...new Set(names)].flatMap((name) => {
    const key = `metrics.reporter.${name}.port`;
    const setting = configuration.setting(key);
    if (setting !== undefined) return [setting];
    return fallback === undefined ? [] : [{ key, value: fallback, origin: 'default' as const }];
  });
}

function distinct(settings: readonly Setting[]): readonly Setting[] {
  return [...new Map(settings.map((setting) => [setting.value.trim(), setting])).values()];
}

function portOf(setting: Setting, place: ProcessPlace): { readonly port?: number; readonly note?: string } {
  const fixed = fixedPort(setting);
  if (fixed !== undefined) return { port: fixed };
  const said = `${setting.key} is ${setting.value.trim()}`;
  const first = /^(\d{1,5})\s*[-,]/.exec(setting.value.trim())?.[1];
  const range = fixedPort(first === undefined ? undefined : { ...setting, value: first });
  if (range === undefined) return { note: `random port (${said}), not known from the configuration` };
  if (place.onHost === 'several') return { note: `${said}, and several processes share the host: not asked` };
  return { port: range, note: `${said}: the first port is asked` };
}
