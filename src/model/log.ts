import type { Component } from './channel.ts';

/** What a line of Flink's own log tells. */
export type LogEvent =
  | 'process-started'
  | 'configuration-loaded'
  | 'configuration-differs'
  | 'actor-system-started'
  | 'remoting-started'
  | 'data-server-configured'
  | 'data-server-listening'
  | 'blob-server-started'
  | 'blob-client-connects'
  | 'rest-endpoint-listening'
  | 'web-frontend-listening'
  | 'history-server-tls'
  | 'prometheus-started'
  | 'jmx-started'
  | 'queryable-state-started'
  | 'collect-sink-started'
  | 'hiveserver2-started'
  | 'checkpoint-storage'
  | 'zookeeper-client'
  | 'resource-manager-address'
  | 'taskmanager-registered'
  | 'handshake-failed'
  | 'start-failed'
  | 'secret-written';

/**
 * Why a connection failed, as the log of one side tells it.
 *
 * `peer-in-clear`: the other side sent clear text, or answered a ClientHello with none. `peer-in-tls`: it spoke TLS to
 * clear text. `alert`: it refused with an alert. All others: this side refused, or gave up.
 */
export type HandshakeFailure =
  | 'peer-in-clear'
  | 'peer-in-tls'
  | 'alert'
  | 'untrusted'
  | 'empty-client-certificate'
  | 'client-pin-differs'
  | 'server-pin-differs'
  | 'no-common-suite'
  | 'no-common-protocol'
  | 'nothing-enabled'
  | 'expired'
  | 'not-yet-valid'
  | 'name-mismatch'
  | 'algorithm-constraints'
  | 'key-usage'
  | 'timeout'
  | 'closed'
  | 'other';

/** Why TLS could not be set up when a process started. */
export type StartFailure =
  | 'option-missing'
  | 'malformed-pin'
  | 'wrong-store-password'
  | 'wrong-key-password'
  | 'store-missing'
  | 'wrong-store-type'
  | 'empty-truststore'
  | 'unknown-suite'
  | 'unknown-protocol'
  | 'no-openssl'
  | 'other';

export interface LogFailure {
  readonly reason: HandshakeFailure | StartFailure;
  /** Role of the process that wrote the line, on the connection that failed; absent for failures at start. */
  readonly side?: 'client' | 'server';
  /** `likely`: other faults write the same line. */
  readonly certainty: 'proven' | 'likely';
  /** IANA name, of the alert that was received. */
  readonly alert?: string;
  /** Name that the peer gave itself in the clear bytes that were logged. */
  readonly claimed?: string;
  /** Configuration key, suite or protocol that the line names. */
  readonly subject?: string;
}

/** A configuration property as a process logged it. What Flink calls sensitive is masked, here as there. */
export interface LoggedSetting {
  readonly key: string;
  readonly value: string;
  readonly line: number;
  /** `dynamic`: from the command line (`-D`). */
  readonly origin: 'file' | 'dynamic';
}

/** A property that a process did not start with as its configuration has it now. */
export interface SettingDifference {
  readonly key: string;
  /** `null`: not logged. */
  readonly logged: string | null;
  /** Line of the log; absent where nothing was logged. */
  readonly line?: number;
  /** `null`: not configured. */
  readonly configured: string | null;
  readonly file?: string;
  readonly configuredLine?: number;
}

/** A line of a log, as the witness `record`. */
export interface LogLine {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Empty where the pattern of the log has none. */
  readonly logger: string;
  readonly event?: LogEvent;
  /** Last line that tells the same. */
  readonly lastLine?: number;
  /** What the line says of the channel. */
  readonly says?: 'tls' | 'clear';
  /** Of several processes that wrote into one file, the last one or one before. */
  readonly process?: 'current' | 'earlier';
  /** `assumed`: the line has a time without a zone, taken for UTC. `none`: it has no time. */
  readonly zone?: 'written' | 'assumed' | 'none';
  /** What it tells, in words of ours; nothing of the line is repeated but names and addresses. */
  readonly text?: string;
  readonly failure?: LogFailure;
  readonly started?: {
    readonly component?: Component;
    readonly version?: string;
    readonly revision?: string;
    readonly java?: string;
  };
  /** TLS, addresses, ports and storage: the other properties are not kept. */
  readonly loaded?: readonly LoggedSetting[];
  readonly differences?: readonly SettingDifference[];
}
