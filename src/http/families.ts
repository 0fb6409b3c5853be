import type { Family } from './prometheus.ts';

const CELL = ['flink_cluster', 'channel', 'member'] as const;

export type FamilyName =
  | 'flinkprobe_check_status'
  | 'flinkprobe_findings'
  | 'flinkprobe_channel_up'
  | 'flinkprobe_plaintext_accepted'
  | 'flinkprobe_client_cert_required'
  | 'flinkprobe_tls_protocol_accepted'
  | 'flinkprobe_tls_info'
  | 'flinkprobe_cert_not_after_timestamp_seconds'
  | 'flinkprobe_cert_series_left_out'
  | 'flinkprobe_cert_served_matches_disk'
  | 'flinkprobe_handshake_duration_seconds'
  | 'flinkprobe_probes_total'
  | 'flinkprobe_probe_failures_total'
  | 'flinkprobe_run_duration_seconds'
  | 'flinkprobe_last_run_timestamp_seconds'
  | 'flinkprobe_run_complete'
  | 'flinkprobe_run_failed'
  | 'flinkprobe_run_late_seconds'
  | 'flinkprobe_missed_runs_total'
  | 'flinkprobe_last_restart_seen_timestamp_seconds'
  | 'flinkprobe_waiver_expiry_timestamp_seconds'
  | 'flinkprobe_capture_up'
  | 'flinkprobe_capture_packets_total'
  | 'flinkprobe_capture_drops_total'
  | 'flinkprobe_clear_bytes_total'
  | 'flinkprobe_tls_bytes_total'
  | 'flinkprobe_config_last_reload_successful'
  | 'flinkprobe_config_last_reload_success_timestamp_seconds'
  | 'flinkprobe_ready'
  | 'flinkprobe_store_up'
  | 'flinkprobe_store_bytes'
  | 'flinkprobe_outbox_messages'
  | 'flinkprobe_notifications_superseded_total'
  | 'flinkprobe_notifications_held'
  | 'flinkprobe_event_loop_lag_seconds'
  | 'flinkprobe_live_readers'
  | 'flinkprobe_live_readers_dropped_total'
  | 'flinkprobe_build_info'
  | 'process_resident_memory_bytes'
  | 'process_cpu_seconds_total'
  | 'process_start_time_seconds';

/** What `/metrics` tells: the public contract. Base units; times are Unix times, never what is left until then. */
export const FAMILIES: Readonly<Record<FamilyName, Family>> = {
  flinkprobe_check_status: {
    kind: 'gauge',
    help: 'One for the status of a check in the last run of a cluster, zero for its other statuses',
    labels: ['flink_cluster', 'check', 'severity', 'status'],
  },
  flinkprobe_findings: {
    kind: 'gauge',
    help: 'Open findings that are not waived',
    labels: ['flink_cluster', 'severity'],
  },
  flinkprobe_channel_up: {
    kind: 'gauge',
    help: 'Whether the endpoint was seen or answered in the last run',
    labels: CELL,
  },
  flinkprobe_plaintext_accepted: { kind: 'gauge', help: 'Whether the endpoint speaks in clear', labels: CELL },
  flinkprobe_client_cert_required: {
    kind: 'gauge',
    help: 'Whether the endpoint refuses clients without a certificate',
    labels: CELL,
  },
  flinkprobe_tls_protocol_accepted: {
    kind: 'gauge',
    help: 'Whether the endpoint accepted the protocol version when it was offered',
    labels: [...CELL, 'version'],
  },
  flinkprobe_tls_info: {
    kind: 'gauge',
    help: 'Always one: the version and cipher suite that were negotiated',
    labels: [...CELL, 'version', 'cipher'],
  },
  flinkprobe_cert_not_after_timestamp_seconds: {
    kind: 'gauge',
    help: 'When a certificate ends, also where it has ended',
    labels: [...CELL, 'role', 'source', 'subject_cn', 'serial'],
  },
  flinkprobe_cert_series_left_out: {
    kind: 'gauge',
    help: 'Certificates without a series of their own, as the cluster has too many; the first to end of their kind stands for them',
    labels: ['flink_cluster'],
  },
  flinkprobe_cert_served_matches_disk: {
    kind: 'gauge',
    help: 'Whether the certificate served is the one in the keystore',
    labels: CELL,
  },
  flinkprobe_handshake_duration_seconds: {
    kind: 'histogram',
    help: "Time from a ClientHello of ours to the end of the server's flight, of runs that ask",
    labels: ['flink_cluster', 'channel'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  },
  flinkprobe_probes_total: {
    kind: 'counter',
    help: 'Endpoints that were asked',
    labels: ['flink_cluster', 'channel'],
  },
  flinkprobe_probe_failures_total: {
    kind: 'counter',
    help: 'Endpoints that were asked and gave no answer',
    labels: ['flink_cluster', 'channel', 'reason'],
  },
  flinkprobe_run_duration_seconds: { kind: 'gauge', help: 'How long the last run took', labels: ['flink_cluster'] },
  flinkprobe_last_run_timestamp_seconds: {
    kind: 'gauge',
    help: 'When the last run ended',
    labels: ['flink_cluster'],
  },
  flinkprobe_run_complete: {
    kind: 'gauge',
    help: 'Whether the last run that asked was complete; zero where it was interrupted',
    labels: ['flink_cluster'],
  },
  flinkprobe_run_failed: {
    kind: 'gauge',
    help: 'One where the last run could not be made, or only in part',
    labels: ['flink_cluster'],
  },
  flinkprobe_run_late_seconds: {
    kind: 'gauge',
    help: 'By how much the run that is due is late',
    labels: ['flink_cluster'],
  },
  flinkprobe_missed_runs_total: {
    kind: 'counter',
    help: 'Runs of the schedule that were not made',
    labels: ['flink_cluster'],
  },
  flinkprobe_last_restart_seen_timestamp_seconds: {
    kind: 'gauge',
    help: 'When a process of the cluster was last seen to come back',
    labels: ['flink_cluster'],
  },
  flinkprobe_waiver_expiry_timestamp_seconds: { kind: 'gauge', help: 'When a waiver ends', labels: ['waiver'] },
  flinkprobe_capture_up: {
    kind: 'gauge',
    help: 'Whether the wire is watched and what it shows is judged, of clusters whose wire is to be',
    labels: ['flink_cluster'],
  },
  flinkprobe_capture_packets_total: {
    kind: 'counter',
    help: 'Packets of the wire that were read since its watch began',
    labels: ['flink_cluster'],
  },
  flinkprobe_capture_drops_total: {
    kind: 'counter',
    help: 'Packets of the wire that were lost since its watch began',
    labels: ['flink_cluster'],
  },
  flinkprobe_clear_bytes_total: {
    kind: 'counter',
    help: 'Payload bytes that crossed the watched wire in clear',
    labels: ['flink_cluster'],
  },
  flinkprobe_tls_bytes_total: {
    kind: 'counter',
    help: 'Payload bytes that crossed the watched wire in TLS',
    labels: ['flink_cluster'],
  },
  flinkprobe_config_last_reload_successful: {
    kind: 'gauge',
    help: 'Whether the settings could be loaded when they last were',
    labels: [],
  },
  flinkprobe_config_last_reload_success_timestamp_seconds: {
    kind: 'gauge',
    help: 'When the settings were last loaded',
    labels: [],
  },
  flinkprobe_ready: { kind: 'gauge', help: 'Whether the store is open and the schedule kept', labels: [] },
  flinkprobe_store_up: { kind: 'gauge', help: 'Whether the history can be read and written', labels: [] },
  flinkprobe_store_bytes: { kind: 'gauge', help: 'Size of the history with its log', labels: [] },
  flinkprobe_outbox_messages: { kind: 'gauge', help: 'Notifications that no sink has taken yet', labels: [] },
  flinkprobe_notifications_superseded_total: {
    kind: 'counter',
    help: 'Alerts that waited so long for a sink that a later one of the same finding took their place',
    labels: [],
  },
  flinkprobe_notifications_held: {
    kind: 'gauge',
    help: 'Changes that are to be told and have no room in the outbox',
    labels: [],
  },
  flinkprobe_event_loop_lag_seconds: {
    kind: 'gauge',
    help: 'How late timers are since the start',
    labels: ['percentile'],
  },
  flinkprobe_live_readers: { kind: 'gauge', help: 'Readers of the live events', labels: [] },
  flinkprobe_live_readers_dropped_total: {
    kind: 'counter',
    help: 'Readers of the live events that could not keep up',
    labels: [],
  },
  flinkprobe_build_info: {
    kind: 'gauge',
    help: 'Always one: what runs',
    labels: ['version', 'revision', 'node_version'],
  },
  process_resident_memory_bytes: { kind: 'gauge', help: 'Memory that the process has of the machine', labels: [] },
  process_cpu_seconds_total: { kind: 'counter', help: 'Time that the process spent working', labels: [] },
  process_start_time_seconds: { kind: 'gauge', help: 'When the process started', labels: [] },
};

/** What only a run changes. */
export const RUN_FAMILY_NAMES = [
  'flinkprobe_check_status',
  'flinkprobe_channel_up',
  'flinkprobe_plaintext_accepted',
  'flinkprobe_client_cert_required',
  'flinkprobe_tls_protocol_accepted',
  'flinkprobe_tls_info',
  'flinkprobe_cert_not_after_timestamp_seconds',
  'flinkprobe_cert_series_left_out',
  'flinkprobe_cert_served_matches_disk',
] as const;
export type RunFamilyName = (typeof RUN_FAMILY_NAMES)[number];
