import type { ChannelId } from '../model/channel.ts';
import type { EffectiveConfiguration } from '../model/probe.ts';
import type { Expectation, Setting } from '../model/report.ts';
import { DEFAULT_SSL_PROTOCOL, defaultSslAlgorithms } from './version.ts';

/** Flink reads booleans without regard to case (`ConfigurationUtils.convertToBoolean`). */
export function isOn(setting: Setting): boolean {
  return setting.value.trim().toLowerCase() === 'true';
}

/**
 * `security.ssl.rest.enabled`, with its fallback `security.ssl.enabled`, which Flink 2.0 removed (FLINK-33750): there
 * the old key is not read, and all is in clear.
 */
export function restTlsSwitch(configuration: EffectiveConfiguration): Setting {
  const aliases = configuration.atLeast('2.0') ? [] : ['security.ssl.enabled'];
  return configuration.settingOr('security.ssl.rest.enabled', 'false', ...aliases);
}

/** A port as configured. `0` (any) and ranges give none. */
export function fixedPort(setting: Setting | undefined): number | undefined {
  const port = setting !== undefined && /^\d{1,5}$/.test(setting.value.trim()) ? Number(setting.value) : 0;
  return port > 0 && port < 65536 ? port : undefined;
}

/**
 * What the configuration promises for a server that takes its TLS from `security.ssl.rest.*`.
 *
 * `switches`: all have to be on. Client authentication is `required` where it is configured, because that is what the
 * operator was promised; without a truststore, Flink 1.18 and later serve everybody (FLINK-32035), which only the wire
 * shows.
 */
export function restExpectation(
  channel: ChannelId,
  configuration: EffectiveConfiguration,
  switches: readonly Setting[],
  port: Setting | undefined,
): Expectation {
  const number = fixedPort(port);
  const base = {
    channel,
    member: configuration.member,
    basis: 'configuration',
    ...(number === undefined ? {} : { port: number }),
  } as const;
  const off = switches.filter((setting) => !isOn(setting));
  if (off.length > 0) {
    return { ...base, tls: 'forbidden', clientAuthentication: 'none', because: off };
  }
  const authentication = configuration.settingOr('security.ssl.rest.authentication-enabled', 'false');
  if (!isOn(authentication)) {
    return {
      ...base,
      tls: 'required',
      clientAuthentication: 'none',
      ...obeyed(configuration, 'one-way'),
      because: switches,
    };
  }
  const pins = configuration.setting('security.ssl.rest.cert.fingerprint');
  const trusts = !configuration.atLeast('1.18') || hasRestTruststore(configuration);
  const sha1 = trusts ? pinsOf(pins) : [];
  return {
    ...base,
    tls: 'required',
    clientAuthentication: 'required',
    ...obeyed(configuration, 'mutual'),
    ...(sha1.length > 0 ? { certificateSha1: sha1 } : {}),
    because: [...switches, authentication, ...(pins !== undefined && sha1.length > 0 ? [pins] : [])],
  };
}

/**
 * Protocol and suites where Flink's REST server obeys them: with client authentication and a truststore always; up to
 * 1.16 the protocol alone, in 1.17 both (FLINK-30983); without client authentication from 1.18 on neither
 * (FLINK-39969).
 */
function obeyed(
  configuration: EffectiveConfiguration,
  mode: 'one-way' | 'mutual',
): Pick<Expectation, 'protocols' | 'cipherSuites'> {
  const since118 = configuration.atLeast('1.18');
  if (since118 && (mode === 'one-way' || !hasRestTruststore(configuration))) {
    return {};
  }
  const protocols = listOf(configuration.settingOr('security.ssl.protocol', DEFAULT_SSL_PROTOCOL));
  if (!configuration.atLeast('1.17')) {
    return { protocols };
  }
  const algorithms = configuration.setting('security.ssl.algorithms');
  const cipherSuites = algorithms === undefined ? defaultSslAlgorithms(configuration.flinkVersion) : listOf(algorithms);
  return { protocols, ...(cipherSuites === undefined ? {} : { cipherSuites }) };
}

/** `SSLUtils.getTrustManagerFactory`: the REST keys, else the common ones. */
export function hasRestTruststore(configuration: EffectiveConfiguration): boolean {
  return configuration.setting('security.ssl.rest.truststore', 'security.ssl.truststore') !== undefined;
}

/** A comma list; brackets of a YAML list are taken away. */
export function listOf(setting: Setting): readonly string[] {
  return setting.value
    .replace(/^\[|\]$/g, '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** SHA-1 pins as lower-case hex without colons; others are none that Flink takes (`FingerprintTrustManagerFactory`). */
function pinsOf(setting: Setting | undefined): readonly string[] {
  const pins = setting === undefined ? [] : listOf(setting);
  return pins.map((pin) => pin.replaceAll(':', '').toLowerCase()).filter((pin) => /^[0-9a-f]{40}$/.test(pin));
}
