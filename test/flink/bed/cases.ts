import {
  ECDSA_SUITES,
  everythingTls,
  GCM,
  GCM_SUITES,
  internalTls,
  restTls,
  type Settings,
  TLS13_SUITES,
} from './configuration.ts';
import { type KeyStores, pin, type StoreName } from './keystores.ts';
import { CLUSTER_MEMBERS, type ClusterMember, PORTS, type Site, TASK_MANAGERS } from './members.ts';
import {
  type BedChannel,
  CLEAR,
  type EndpointTruth,
  type ServerTruth,
  type Stance,
  type Stances,
  type TlsTruth,
  type TlsVersion,
  type Truth,
  truthOf,
} from './truth.ts';
import { type FlinkVersion, since } from './versions.ts';

export type Extra = 'history-server' | 'sql-gateway';

export interface Case {
  readonly name: string;
  readonly what: string;
  settings(member: ClusterMember, stores: KeyStores, site: Site, version: FlinkVersion): Settings;
  /** Where the configuration comes from, in words of Flink: what it dictates. */
  truth(version: FlinkVersion): Truth;
  readonly extras?: readonly Extra[];
  readonly ports?: 'random';
  /** Whether the JVM refuses `TLS_RSA_*`, as JDK 17.0.18, 21.0.10 and 24 do by default. */
  readonly jdk?: 'refuses-static-rsa';
  /** Sites on which the case cannot be had, with the reason. */
  readonly not?: Readonly<Partial<Record<Site['kind'], string>>>;
}

const OLD_DEFAULT = ['TLS_RSA_WITH_AES_128_CBC_SHA'] as const;

function defaultSuites(version: FlinkVersion): readonly string[] {
  return version.defaultSuites === 'rsa-cbc' ? OLD_DEFAULT : GCM_SUITES;
}

function mutual(suites: readonly string[], certificate: StoreName, version: TlsVersion = 'TLSv1.2'): TlsTruth {
  return {
    kind: 'tls',
    versions: [version],
    suites: { [version]: suites },
    clientAuthentication: 'required',
    certificate,
  };
}

const same = (served: ServerTruth): Stance => ({ rpc: served, data: served, blob: served });
const everywhere = (stance: Stance): Stances => ({ jm: stance, tm1: stance, tm2: stance });

function internalOnly(served: ServerTruth): Truth {
  return truthOf({ stances: everywhere(same(served)), rest: CLEAR, jobOn: TASK_MANAGERS });
}

/** Netty's own (`SslUtils.DEFAULT_CIPHER_SUITES`), those of ECDSA left out: the certificates of REST have RSA keys. */
const NETTY_SUITES: readonly string[] = [
  ...['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
  ...['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA'],
  ...['TLS_RSA_WITH_AES_128_GCM_SHA256', 'TLS_RSA_WITH_AES_128_CBC_SHA', 'TLS_RSA_WITH_AES_256_CBC_SHA'],
];
const OF_NETTY = { suites: { 'TLSv1.2': NETTY_SUITES }, suitesOf: 'library' } as const;

/**
 * REST without client authentication. 1.18 and later ignore protocol and algorithms there (FLINK-32035, FLINK-39969) and
 * serve the defaults of Netty and the JVM; 1.17 honours both (FLINK-30983); 1.16 honours the protocol alone.
 */
function restServed(version: FlinkVersion, suites: readonly string[], certificate: StoreName = 'rest'): TlsTruth {
  const common = { kind: 'tls', clientAuthentication: 'not-requested', certificate } as const;
  if (since(version.version, '1.18')) {
    const both = { 'TLSv1.2': NETTY_SUITES, 'TLSv1.3': TLS13_SUITES };
    return { ...common, ...OF_NETTY, versions: ['TLSv1.2', 'TLSv1.3'], suites: both };
  }
  if (since(version.version, '1.17')) return { ...common, versions: ['TLSv1.2'], suites: { 'TLSv1.2': suites } };
  return { ...common, ...OF_NETTY, versions: ['TLSv1.2'] };
}

/** REST with client authentication and a trust store: protocol and algorithms apply, but for the algorithms on 1.16. */
function restMutual(version: FlinkVersion, suites: readonly string[]): TlsTruth {
  const served = mutual(suites, 'rest');
  return since(version.version, '1.17') ? served : { ...served, ...OF_NETTY };
}

const AUTHENTICATION: Settings = { 'security.ssl.rest.authentication-enabled': 'true' };

/** `pekko.*` from 1.18, `akka.*` before. */
function rpcOptOut(version: FlinkVersion): Settings {
  return { [since(version.version, '1.18') ? 'pekko.ssl.enabled' : 'akka.ssl.enabled']: 'false' };
}

/** Internal TLS with GCM suites and one channel left out. */
function optOut(name: string, key: string | 'rpc', left: 'rpc' | 'data' | 'blob'): Case {
  return {
    name,
    what: `internal TLS, ${key === 'rpc' ? 'pekko.ssl.enabled (before 1.18 akka.ssl.enabled)' : key}: false`,
    settings: (_, stores, __, version) => ({
      ...internalTls(stores.internal),
      ...GCM,
      ...(key === 'rpc' ? rpcOptOut(version) : { [key]: 'false' }),
    }),
    truth: () => {
      const stance: Stance = { ...same(mutual(GCM_SUITES, 'internal')), [left]: CLEAR };
      return truthOf({ stances: everywhere(stance), rest: CLEAR, jobOn: TASK_MANAGERS });
    },
  };
}

/** Internal TLS with another certificate. */
function certificate(name: string, store: StoreName, what: string, suites: readonly string[] = GCM_SUITES): Case {
  return {
    name,
    what,
    settings: (_, stores) => ({ ...internalTls(stores[store]), 'security.ssl.algorithms': suites.join(',') }),
    truth: () => internalOnly(mutual(suites, store)),
  };
}

function caSigned(pinned: 'right' | 'wrong' | undefined): Stance {
  const served: TlsTruth = { ...mutual(GCM_SUITES, 'ca-signed'), ...(pinned ? { pin: pinned } : {}) };
  return { ...same(served), trusts: 'ca-signed' };
}

const WRONG_PIN = 'aa'.repeat(20);

function defaultJdk(name: string, jdk: Case['jdk'], what: string): Case {
  return {
    name,
    what,
    settings: (_, stores) => internalTls(stores.internal),
    truth: (version) => {
      const works = jdk === undefined || version.defaultSuites === 'ecdhe-gcm';
      if (works) return internalOnly(mutual(defaultSuites(version), 'internal'));
      const unusable: ServerTruth = { kind: 'unusable', certificate: 'internal' };
      return truthOf({ stances: everywhere(same(unusable)), rest: CLEAR, jobOn: [] });
    },
    ...(jdk ? { jdk } : {}),
  };
}

/** The same cluster, where the clients of a channel break off: what is served stays as it is. */
function refusing(truth: Truth, channel: BedChannel): Truth {
  const outcome = { kind: 'tls', outcome: 'refused' } as const;
  return { ...truth, flows: truth.flows.map((flow) => (flow.channel === channel ? { ...flow, outcome } : flow)) };
}

const GCM_INTERNAL = mutual(GCM_SUITES, 'internal');

export const CASES: readonly Case[] = [
  {
    name: 'off',
    what: 'nothing is configured',
    settings: () => ({}),
    truth: () => internalOnly(CLEAR),
  },
  defaultJdk('internal-default', undefined, 'internal TLS, default algorithms, which the JDK allows'),
  certificate('internal-gcm', 'internal', 'internal TLS, ECDHE with AES-GCM'),
  {
    name: 'internal-tls13',
    what: 'internal TLS, security.ssl.protocol: TLSv1.3',
    settings: (_, stores) => ({
      ...internalTls(stores.internal),
      'security.ssl.protocol': 'TLSv1.3',
      'security.ssl.algorithms': TLS13_SUITES.join(','),
    }),
    truth: () => internalOnly(mutual(TLS13_SUITES, 'internal', 'TLSv1.3')),
  },
  optOut('rpc-opt-out', 'rpc', 'rpc'),
  optOut('data-opt-out', 'taskmanager.data.ssl.enabled', 'data'),
  optOut('blob-opt-out', 'blob.service.ssl.enabled', 'blob'),
  {
    name: 'rest-tls',
    what: 'REST TLS without client authentication, default algorithms',
    settings: (_, stores) => restTls(stores.rest),
    truth: (version) =>
      truthOf({
        stances: everywhere(same(CLEAR)),
        rest: restServed(version, defaultSuites(version)),
        jobOn: TASK_MANAGERS,
      }),
  },
  {
    name: 'rest-mtls',
    what: 'REST TLS with client authentication and a trust store, default algorithms',
    settings: (_, stores) => ({ ...restTls(stores.rest), ...AUTHENTICATION }),
    truth: (version) =>
      truthOf({
        stances: everywhere(same(CLEAR)),
        rest: restMutual(version, defaultSuites(version)),
        jobOn: TASK_MANAGERS,
      }),
  },
  {
    name: 'rest-mtls-no-truststore',
    what: 'REST client authentication without a trust store: from 1.18 open to all, before that no start',
    settings: (_, stores) => ({ ...restTls(stores.rest, 'no-truststore'), ...AUTHENTICATION }),
    truth: (version) => {
      if (since(version.version, '1.18')) {
        const rest = restServed(version, defaultSuites(version));
        return truthOf({ stances: everywhere(same(CLEAR)), rest, jobOn: TASK_MANAGERS });
      }
      const reason = 'before 1.18 the JobManager refuses to start without security.ssl.rest.truststore';
      const absent: ServerTruth = { kind: 'absent', reason };
      const stances: Stances = { jm: same(absent), tm1: same(CLEAR), tm2: same(CLEAR) };
      return truthOf({ stances, rest: absent, jobOn: [] });
    },
  },
  {
    name: 'all',
    what: 'internal TLS and REST TLS with client authentication, ECDHE with AES-GCM',
    settings: (_, stores) => ({ ...internalTls(stores.internal), ...restTls(stores.rest), ...AUTHENTICATION, ...GCM }),
    truth: (version) =>
      truthOf({ stances: everywhere(same(GCM_INTERNAL)), rest: restMutual(version, GCM_SUITES), jobOn: TASK_MANAGERS }),
  },
  certificate('certificate-weak', 'weak', 'internal certificate of RSA 1024, signed with SHA-1'),
  certificate('certificate-expired', 'expired', 'internal certificate that expired a month ago'),
  certificate('certificate-not-yet-valid', 'not-yet-valid', 'internal certificate that begins in two months'),
  {
    name: 'certificate-nameless',
    what: 'internal certificate without names: 2.3 checks them between TaskManagers, others nowhere inside',
    settings: (_, stores) => ({ ...internalTls(stores.nameless), ...GCM }),
    truth: (version) => {
      const truth = internalOnly(mutual(GCM_SUITES, 'nameless'));
      return since(version.version, '2.3') ? refusing(truth, 'taskmanager-data') : truth;
    },
  },
  certificate('certificate-ecdsa', 'ecdsa', 'internal certificate with a P-256 key, ECDSA suites', ECDSA_SUITES),
  {
    name: 'pin-right',
    what: 'internal certificate of an authority, its fingerprint pinned on all members',
    settings: (_, stores) => ({
      ...internalTls(stores['ca-signed']),
      ...GCM,
      'security.ssl.internal.cert.fingerprint': pin(stores['ca-signed'].sha1),
    }),
    truth: () => truthOf({ stances: everywhere(caSigned('right')), rest: CLEAR, jobOn: TASK_MANAGERS }),
  },
  {
    name: 'pin-wrong',
    what: 'the same, with another fingerprint on the JobManager: no TaskManager can join',
    settings: (member, stores) => ({
      ...internalTls(stores['ca-signed']),
      ...GCM,
      'security.ssl.internal.cert.fingerprint': pin(member === 'jm' ? WRONG_PIN : stores['ca-signed'].sha1),
    }),
    truth: () =>
      truthOf({
        stances: { jm: caSigned('wrong'), tm1: caSigned('right'), tm2: caSigned('right') },
        rest: CLEAR,
        jobOn: [],
      }),
  },
  {
    name: 'ssl-enabled-alone',
    what: 'security.ssl.enabled and the keys without internal or rest: TLS everywhere on 1.x, nothing on 2.x',
    settings: (_, stores) => ({ ...everythingTls(stores.internal), ...GCM }),
    truth: (version) => {
      if (since(version.version, '2.0')) return internalOnly(CLEAR);
      const rest = restServed(version, GCM_SUITES, 'internal');
      return truthOf({ stances: everywhere(same(GCM_INTERNAL)), rest, jobOn: TASK_MANAGERS });
    },
  },
  {
    name: 'one-clear',
    what: 'internal TLS on all but tm2',
    settings: (member, stores) => (member === 'tm2' ? {} : { ...internalTls(stores.internal), ...GCM }),
    truth: () =>
      truthOf({
        stances: { jm: same(GCM_INTERNAL), tm1: same(GCM_INTERNAL), tm2: same(CLEAR) },
        rest: CLEAR,
        jobOn: ['tm1'],
      }),
  },
  {
    name: 'one-other-certificate',
    what: 'internal TLS, tm2 with a key and trust store of its own',
    settings: (member, stores) => ({ ...internalTls(member === 'tm2' ? stores.other : stores.internal), ...GCM }),
    truth: () =>
      truthOf({
        stances: { jm: same(GCM_INTERNAL), tm1: same(GCM_INTERNAL), tm2: same(mutual(GCM_SUITES, 'other')) },
        rest: CLEAR,
        jobOn: ['tm1'],
      }),
  },
  defaultJdk(
    'jdk-refuses-default',
    'refuses-static-rsa',
    'internal TLS, default algorithms, TLS_RSA_* disabled in the JDK',
  ),
  {
    name: 'beside',
    what: 'internal and REST TLS with history server, SQL gateway and Prometheus reporter beside them',
    settings: (_, stores, site) => ({
      ...internalTls(stores.internal),
      ...restTls(stores.rest),
      ...GCM,
      'historyserver.web.ssl.enabled': 'true',
      'historyserver.web.address': site.name.jm,
      'historyserver.web.port': String(PORTS.history),
      'sql-gateway.endpoint.rest.address': site.name.jm,
      'sql-gateway.endpoint.rest.bind-address': site.address.jm,
      'sql-gateway.endpoint.rest.port': String(PORTS.gateway),
      'metrics.reporter.prom.factory.class': 'org.apache.flink.metrics.prometheus.PrometheusReporterFactory',
      'metrics.reporter.prom.port': String(PORTS.prometheus),
    }),
    truth: (version) => {
      const rest = restServed(version, GCM_SUITES);
      // The gateway sees security.ssl.rest.* from 1.19.1 and 1.20 on (FLINK-31223).
      const gateway = since(version.version, '1.19.1') ? rest : CLEAR;
      const others: EndpointTruth[] = [
        { channel: 'history-server', member: 'jm', served: rest },
        { channel: 'sql-gateway', member: 'jm', served: gateway },
        ...CLUSTER_MEMBERS.map((member): EndpointTruth => ({ channel: 'prometheus', member, served: CLEAR })),
      ];
      return truthOf({ stances: everywhere(same(GCM_INTERNAL)), rest, others, jobOn: TASK_MANAGERS });
    },
    extras: ['history-server', 'sql-gateway'],
    not: { loopback: 'the Prometheus reporter binds all addresses, so three of them cannot share one host' },
  },
  {
    name: 'random-ports',
    what: 'internal TLS, ports of BLOB server, TaskManagers and metrics left to chance: found by REST',
    settings: (_, stores) => ({ ...internalTls(stores.internal), ...GCM }),
    truth: () => internalOnly(GCM_INTERNAL),
    ports: 'random',
  },
];

/** One of each kind: clear, internal TLS, everything, one member left behind. */
export const QUICK_CASES: readonly string[] = ['off', 'internal-default', 'all', 'one-clear'];

/** @throws Error when there is no such case */
export function caseNamed(name: string): Case {
  const found = CASES.find((one) => one.name === name);
  if (found) return found;
  throw new Error(`no case ${name}: see --list`);
}
