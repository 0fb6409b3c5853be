import type { Channel } from '../../../src/model/channel.ts';
import { CLUSTER_MEMBERS, type ClusterMember } from './members.ts';
import type { EndpointTruth, Truth } from './truth.ts';
import { type FlinkVersion, since } from './versions.ts';

/**
 * What files and logs of a case prove, for whoever reads them: written from what Flink does with them (sources,
 * documentation, issue numbers), in the names of rules; never from what flinkprobe says.
 */
export interface AuditTruth {
  /** Findings of medium and above that have to be there. */
  readonly told: readonly Dictated[];
  /** Rules that may tell the same once more, or something of the machine. Any other finding of medium and above is wrong. */
  readonly also: readonly string[];
  /** Set where the file asks for another client authentication than the one that Flink makes of it. */
  readonly asked?: { readonly channel: Channel; readonly clientAuthentication: 'required' };
}

export interface Dictated {
  readonly rule: string;
  /** On each of these channels; absent: on whichever. */
  readonly channels?: readonly Channel[];
  /** In the files or logs of each of these members, and of no other; absent: of whichever. */
  readonly members?: readonly ClusterMember[];
}

export const INTERNAL_CHANNELS = [
  'jobmanager-rpc',
  'taskmanager-rpc',
  'metrics-query-service',
  'taskmanager-data',
  'blob-server',
] as const;

/** Of the machine, not of the case: whether the volume that the bed works on is encrypted. */
const OF_THE_MACHINE = ['state-readable-at-rest'];

type Told = (version: FlinkVersion) => readonly Dictated[];

const internal = (rule: string, members: readonly ClusterMember[] = CLUSTER_MEMBERS): Dictated => ({
  rule,
  channels: INTERNAL_CHANNELS,
  members,
});

/** Without `security.ssl.internal.enabled` Flink speaks clear text on every internal channel. */
const INTERNAL_OFF = internal('clear-by-configuration');

/** A key is in the file that this member alone reads, or all read the same one. */
const optedOut = (...channels: readonly Channel[]): Told => {
  return () => [{ rule: 'channel-opted-out', channels, members: CLUSTER_MEMBERS }];
};

const nothing: Told = () => [];

/** `TLS_RSA_WITH_AES_128_CBC_SHA` was the default before FLINK-39022: no forward secrecy. */
function oldDefault({ defaultSuites }: FlinkVersion, channels: readonly Channel[]): readonly Dictated[] {
  return defaultSuites === 'rsa-cbc' ? [{ rule: 'weak-suite-configured', channels, members: CLUSTER_MEMBERS }] : [];
}

/** A certificate in the one key store that all members use. */
const stored = (rule: string): Told => {
  return () => [{ rule }];
};

/** Members that cannot agree: both sides log it at every try. */
const LOGGED: Dictated = { rule: 'log-tells-handshake-failures' };

/** By case, what is told beside a REST port in clear, which {@link auditTruth} adds. */
const TOLD: Readonly<Record<string, Told>> = {
  off: () => [INTERNAL_OFF],
  'internal-default': (version) => oldDefault(version, INTERNAL_CHANNELS),
  'internal-gcm': nothing,
  'internal-tls13': nothing,
  // One actor system of each process for RPC, another one for metrics: both read akka.ssl.enabled, pekko.ssl.enabled.
  'rpc-opt-out': optedOut('jobmanager-rpc', 'taskmanager-rpc', 'metrics-query-service'),
  'data-opt-out': optedOut('taskmanager-data'),
  'blob-opt-out': optedOut('blob-server'),
  // REST without client authentication obeys security.ssl.algorithms in 1.17 alone (FLINK-30983, FLINK-32035).
  'rest-tls': (version) => [INTERNAL_OFF, ...(isOnly(version, '1.17') ? oldDefault(version, ['rest']) : [])],
  'rest-mtls': (version) => [INTERNAL_OFF, ...(since(version.version, '1.17') ? oldDefault(version, ['rest']) : [])],
  'rest-mtls-no-truststore': (version) => [
    INTERNAL_OFF,
    { rule: 'rest-open-by-configuration', channels: ['rest'], members: CLUSTER_MEMBERS },
    // Up to 1.17 SSLUtils wants a trust store and the JobManager ends; from 1.18 on it asks nobody (FLINK-39969).
    ...(since(version.version, '1.18') ? [] : [{ rule: 'log-tells-failed-start', members: ['jm'] } as const]),
    ...(isOnly(version, '1.17') ? oldDefault(version, ['rest']) : []),
  ],
  all: nothing,
  'certificate-weak': stored('stored-certificate-weak'),
  'certificate-expired': stored('stored-certificate-expired'),
  'certificate-not-yet-valid': stored('stored-certificate-not-yet-valid'),
  // 2.3 checks names between TaskManagers (FLINK-40727): the consumer breaks the handshake off and logs it.
  'certificate-nameless': ({ version }) =>
    since(version, '2.3') ? [{ ...LOGGED, channels: ['taskmanager-data'] }] : [],
  'certificate-ecdsa': nothing,
  'pin-right': nothing,
  'pin-wrong': () => [
    { rule: 'pin-does-not-match-keystore', members: ['jm'] },
    internal('configurations-disagree', ['jm']),
    { ...LOGGED, channels: ['jobmanager-rpc'] },
  ],
  // 2.0 removed security.ssl.enabled (FLINK-33750); before it is the fallback of both switches.
  'ssl-enabled-alone': ({ version }) =>
    since(version, '2.0') ? [INTERNAL_OFF, { rule: 'removed-tls-switch', members: CLUSTER_MEMBERS }] : [],
  'one-clear': () => [
    internal('clear-by-configuration', ['tm2']),
    internal('configurations-disagree', ['tm2']),
    { ...LOGGED, channels: ['jobmanager-rpc'] },
  ],
  'one-other-certificate': () => [
    { rule: 'keystores-differ', members: ['tm2'] },
    { ...LOGGED, channels: ['jobmanager-rpc'] },
  ],
  'jdk-refuses-default': (version) => [
    ...oldDefault(version, INTERNAL_CHANNELS),
    ...(version.defaultSuites === 'rsa-cbc' ? [internal('suites-refused-by-jdk')] : []),
  ],
  beside: nothing,
  'random-ports': nothing,
};

const isOnly = ({ version }: FlinkVersion, minor: string): boolean => version.startsWith(`${minor}.`);

/** Rules that may tell the fault of a case once more. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  // JSSE without a suite says so before the first byte; whether Flink logs it depends on the channel and its version.
  'jdk-refuses-default': ['log-tells-handshake-failures'],
};

/** @throws Error when nobody wrote down what an audit has to say of the case */
export function auditTruth(name: string, version: FlinkVersion, truth: Truth): AuditTruth {
  const told = TOLD[name];
  if (!told) throw new Error(`no truth of an audit for the case ${name}`);
  return {
    told: [...told(version), ...restInClear(truth), ...stateInClear(truth)],
    also: [...(ALSO[name] ?? []), ...OF_THE_MACHINE],
    ...(name === 'rest-mtls-no-truststore'
      ? { asked: { channel: 'rest', clientAuthentication: 'required' } as const }
      : {}),
  };
}

/**
 * The bed names no directory for checkpoints: JobManagerCheckpointStorage sends the state itself within the
 * acknowledgement, an RPC message. With RPC in clear, whoever listens has the state.
 */
function stateInClear({ endpoints }: Truth): readonly Dictated[] {
  const members = endpoints
    .filter(({ channel, served }) => /^(?:job|task)manager-rpc$/.test(channel) && served.kind !== 'tls')
    .filter(({ served }) => served.kind !== 'unusable')
    .map(({ member }) => member);
  return members.length > 0 ? [{ rule: 'state-rides-rpc', channels: ['jobmanager-rpc'], members }] : [];
}

/** REST in clear on all addresses, with the upload of jars on, as Flink comes. */
function restInClear({ endpoints }: Truth): readonly Dictated[] {
  const rest = endpoints.find((one) => one.channel === 'rest');
  if (rest?.served.kind !== 'clear') return [];
  const common = { channels: ['rest'], members: CLUSTER_MEMBERS } as const;
  return [
    { rule: 'clear-by-configuration', ...common },
    { rule: 'job-submission-in-clear', ...common },
  ];
}

/** What a configuration promises of an endpoint, whoever reads it by Flink's rules. */
export function promised({ served, channel }: EndpointTruth): 'required' | 'not-required' | undefined {
  // A JobManager that refuses its configuration: what it asked for is TLS on REST.
  if (served.kind === 'absent') return channel === 'rest' ? 'required' : undefined;
  return served.kind === 'clear' ? 'not-required' : 'required';
}

/** Channels of which a process says in its log, at INFO, whether they are over TLS. */
export const RECORDED: readonly Channel[] = [
  'rest',
  'jobmanager-rpc',
  'taskmanager-rpc',
  'taskmanager-data',
  'metrics-query-service',
];
