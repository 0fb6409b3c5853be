import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KeyStore, PASSWORD } from './keystores.ts';
import { type ClusterMember, PORTS, type Site } from './members.ts';
import { type FlinkVersion, since } from './versions.ts';

/** Flink configuration, flat keys. */
export type Settings = Readonly<Record<string, string>>;

export const GCM_SUITES = ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'] as const;
export const TLS13_SUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'] as const;
export const ECDSA_SUITES = [
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
] as const;
export const GCM: Settings = { 'security.ssl.algorithms': GCM_SUITES.join(',') };

/** What every member has in common, whatever the case. */
export function baseSettings(member: ClusterMember, site: Site, folder: string, ports: 'fixed' | 'random'): Settings {
  const name = site.name[member];
  const bind = site.kind === 'loopback' ? site.address[member] : '0.0.0.0';
  const fixed: Settings = {
    'blob.server.port': String(PORTS.blob),
    'metrics.internal.query-service.port': String(PORTS.metrics),
    'taskmanager.rpc.port': String(PORTS.taskManagerRpc),
    'taskmanager.data.port': String(PORTS.data),
  };
  return {
    'jobmanager.rpc.address': site.name.jm,
    'jobmanager.rpc.port': String(PORTS.rpc),
    'jobmanager.bind-host': bind,
    'rest.address': site.name.jm,
    'rest.bind-address': bind,
    'rest.port': String(PORTS.rest),
    'taskmanager.bind-host': bind,
    'taskmanager.host': name,
    'taskmanager.resource-id': member,
    'taskmanager.numberOfTaskSlots': '2',
    'parallelism.default': '4',
    'execution.checkpointing.interval': '1 s',
    // A TaskManager that was up before its JobManager would try again only after ten seconds.
    'cluster.registration.error-delay': '500',
    'jobmanager.memory.process.size': '900m',
    'io.tmp.dirs': join(folder, 'tmp'),
    ...(ports === 'fixed' ? fixed : {}),
  };
}

export function internalTls(store: KeyStore): Settings {
  return {
    'security.ssl.internal.enabled': 'true',
    'security.ssl.internal.keystore': store.keyStore,
    'security.ssl.internal.keystore-password': PASSWORD,
    'security.ssl.internal.key-password': PASSWORD,
    'security.ssl.internal.truststore': store.trustStore,
    'security.ssl.internal.truststore-password': PASSWORD,
  };
}

export function restTls(store: KeyStore, truststore: 'truststore' | 'no-truststore' = 'truststore'): Settings {
  const trust: Settings = {
    'security.ssl.rest.truststore': store.trustStore,
    'security.ssl.rest.truststore-password': PASSWORD,
  };
  return {
    'security.ssl.rest.enabled': 'true',
    'security.ssl.rest.keystore': store.keyStore,
    'security.ssl.rest.keystore-password': PASSWORD,
    'security.ssl.rest.key-password': PASSWORD,
    ...(truststore === 'truststore' ? trust : {}),
  };
}

/** The old keys without `internal` or `rest`, which both fall back to. */
export function everythingTls(store: KeyStore): Settings {
  return {
    'security.ssl.enabled': 'true',
    'security.ssl.keystore': store.keyStore,
    'security.ssl.keystore-password': PASSWORD,
    'security.ssl.key-password': PASSWORD,
    'security.ssl.truststore': store.trustStore,
    'security.ssl.truststore-password': PASSWORD,
  };
}

/** Name of the configuration file: `config.yaml` from 1.19. */
export function configurationFile(version: FlinkVersion): string {
  return since(version.version, '1.19') ? 'config.yaml' : 'flink-conf.yaml';
}

/** Flat `key: value` lines, which both the standard and the old parser of Flink read. */
export function configurationText(settings: Settings): string {
  const lines = Object.entries(settings).map(([key, value]) => {
    if (/[\n\r]/.test(key + value)) throw new Error(`${key}: a value has to stand on one line`);
    return `${key}: ${value}\n`;
  });
  return lines.join('');
}

export function writeConfiguration(folder: string, version: FlinkVersion, settings: Settings): void {
  mkdirSync(folder, { recursive: true });
  // It has passwords.
  writeFileSync(join(folder, configurationFile(version)), configurationText(settings), { mode: 0o600 });
}
