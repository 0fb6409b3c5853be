import type { ChannelId } from '../model/channel.ts';
import type { EffectiveConfiguration, Probe } from '../model/probe.ts';
import type { Expectation, Setting } from '../model/report.ts';
import { fixedPort, isOn, listOf } from './rest-tls.ts';
import { DEFAULT_SSL_PROTOCOL, defaultSslAlgorithms } from './version.ts';

/**
 * `security.ssl.internal.enabled`, with its fallback `security.ssl.enabled`, which Flink 2.0 removed (FLINK-33750): a
 * file that sets only the old key comes up wholly in clear there, without a warning.
 */
export function internalTlsSwitch(configuration: EffectiveConfiguration): Setting {
  const aliases = configuration.atLeast('2.0') ? [] : ['security.ssl.enabled'];
  return configuration.settingOr('security.ssl.internal.enabled', 'false', ...aliases);
}

/** Opt-out of RPC: `akka.ssl.enabled` up to 1.17, `pekko.ssl.enabled` with the old name as alias from 1.18 on. */
export function rpcTlsSwitch(configuration: EffectiveConfiguration): Setting {
  return configuration.atLeast('1.18')
    ? configuration.settingOr('pekko.ssl.enabled', 'true', 'akka.ssl.enabled')
    : configuration.settingOr('akka.ssl.enabled', 'true');
}

/** The first of these keys that is set, where it names one port; a range or 0 (any) names none. */
export function portOf(configuration: EffectiveConfiguration, ...keys: readonly string[]): Setting | undefined {
  for (const key of keys) {
    const setting = configuration.setting(key);
    if (setting !== undefined) {
      return fixedPort(setting) === undefined ? undefined : setting;
    }
  }
  return undefined;
}

/**
 * What the configuration promises for RPC, data or BLOB: TLS where the common switch and the channel's own are on, and
 * then always mutual (`PekkoUtils`, `SSLUtils`: client authentication is hard-coded). The servers of all three obey
 * protocol and suites; the BLOB client does not (FLINK-39969), but it meets a server that does.
 */
export function internalExpectation(
  channel: ChannelId,
  configuration: EffectiveConfiguration,
  optOut: Setting,
  port: Setting | undefined,
): Expectation {
  const number = fixedPort(port);
  const base = {
    channel,
    member: configuration.member,
    basis: 'configuration',
    ...(number === undefined ? {} : { port: number }),
  } as const;
  const switches = [internalTlsSwitch(configuration), optOut];
  const off = switches.filter((setting) => !isOn(setting));
  if (off.length > 0) {
    return { ...base, tls: 'forbidden', clientAuthentication: 'none', because: off };
  }
  const protocol = configuration.settingOr('security.ssl.protocol', DEFAULT_SSL_PROTOCOL);
  const algorithms = configuration.setting('security.ssl.algorithms');
  const cipherSuites = algorithms === undefined ? defaultSslAlgorithms(configuration.flinkVersion) : listOf(algorithms);
  const fingerprint = configuration.setting('security.ssl.internal.cert.fingerprint');
  const pins = pinsOf(fingerprint);
  return {
    ...base,
    tls: 'required',
    clientAuthentication: 'required',
    protocols: listOf(protocol),
    ...(cipherSuites === undefined ? {} : { cipherSuites }),
    ...(pins.length === 0 ? {} : { certificateSha1: pins }),
    because: [
      ...switches,
      ...(protocol.origin === 'default' ? [] : [protocol]),
      ...(algorithms === undefined ? [] : [algorithms]),
      ...(fingerprint === undefined || pins.length === 0 ? [] : [fingerprint]),
    ],
  };
}

/** SHA-1 pins as lower-case hex without colons; Flink takes no other hash (`FingerprintTrustManagerFactory`). */
function pinsOf(setting: Setting | undefined): readonly string[] {
  const pins = setting === undefined ? [] : listOf(setting);
  return pins.map((pin) => pin.replaceAll(':', '').toLowerCase()).filter((pin) => /^[0-9a-f]{40}$/.test(pin));
}

/** A channel for which Flink has no TLS, whatever is configured. */
export function clearExpectation(
  channel: ChannelId,
  configuration: EffectiveConfiguration,
  because: readonly Setting[],
  port: Setting | undefined,
): Expectation {
  const number = fixedPort(port);
  return {
    channel,
    member: configuration.member,
    tls: 'impossible',
    clientAuthentication: 'none',
    basis: 'configuration',
    ...(number === undefined ? {} : { port: number }),
    because,
  };
}

/**
 * What turns on internal TLS for one channel: the common switch, the stores that Flink cannot start without, and the
 * channel's own switch, which is on by default and may have been opted out.
 */
export function internalTlsRemedy(
  optOut: 'pekko.ssl.enabled' | 'taskmanager.data.ssl.enabled' | 'blob.service.ssl.enabled',
): Probe['remedy'] {
  const renamed = optOut === 'pekko.ssl.enabled' ? ' (up to Flink 1.17 its key is akka.ssl.enabled)' : '';
  return {
    text: `Turn on internal TLS on every process, with one keystore and one truststore for all, do not opt this channel out${renamed}, and restart JobManager and TaskManagers together.`,
    settings: {
      'security.ssl.internal.enabled': 'true',
      'security.ssl.internal.keystore': '/path/to/internal.p12',
      'security.ssl.internal.keystore-password': '<password>',
      'security.ssl.internal.key-password': '<password>',
      'security.ssl.internal.truststore': '/path/to/internal-trust.p12',
      'security.ssl.internal.truststore-password': '<password>',
      [optOut]: 'true',
    },
  };
}

/** Kind of high availability, lower case: `none`, `zookeeper`, `kubernetes`, or a class name. */
export function highAvailabilityType(configuration: EffectiveConfiguration): Setting {
  return configuration.settingOr('high-availability.type', 'NONE', 'high-availability', 'recovery.mode');
}
