/**
 * Keys of `flinkprobe.yaml` that are also flags and variables: all scalar ones that stand in no list and no map of names.
 * `web.listen` is `--web.listen` and `FLINKPROBE_WEB_LISTEN`: dots and letters as they are, or upper case and underscores.
 */
export interface SettingKey {
  readonly key: string;
  readonly kind: 'text' | 'number' | 'path';
}

const text = (...keys: readonly string[]): readonly SettingKey[] => keys.map((key) => ({ key, kind: 'text' }));
const paths = (...keys: readonly string[]): readonly SettingKey[] => keys.map((key) => ({ key, kind: 'path' }));
const numbers = (...keys: readonly string[]): readonly SettingKey[] => keys.map((key) => ({ key, kind: 'number' }));

export const SETTING_KEYS: readonly SettingKey[] = [
  ...text('web.listen', 'web.insecure', 'web.probe.allow_targets'),
  ...paths('web.tls_server_config.cert_file', 'web.tls_server_config.key_file', 'web.tls_server_config.client_ca_file'),
  ...text('web.tls_server_config.client_auth_type', 'web.tls_server_config.min_version'),
  ...text('log.level', 'log.format'),
  ...paths('state.path'),
  ...text('state.retention', 'state.retention_failing', 'state.size'),
  ...numbers('connections'),
  ...paths('waivers'),
  ...text('defaults.schedule', 'defaults.schedule.every', 'defaults.schedule.jitter'),
  ...text('defaults.schedule.cron', 'defaults.schedule.time_zone'),
  ...text('defaults.profile', 'defaults.fail_on', 'defaults.timeout', 'defaults.run_timeout'),
  ...numbers('defaults.parallel', 'defaults.resolve_after'),
  ...text('defaults.policy', 'defaults.flink_version'),
  ...text('defaults.restart_watch', 'defaults.restart_watch.every', 'defaults.restart_watch.verify_after'),
];
