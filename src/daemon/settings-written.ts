import type { ChannelId } from '../model/channel.ts';
import type { Severity } from '../model/report.ts';

/** `flinkprobe.yaml` as it is written: durations and sizes are text. The schema beside it checks the same shape. */
export interface WrittenSettings {
  version: 1;
  web?: WrittenWeb | undefined;
  log?: { level?: 'debug' | 'info' | 'warn' | 'error' | undefined; format?: 'json' | 'text' | undefined } | undefined;
  state?:
    | {
        path?: string | undefined;
        retention?: string | undefined;
        retention_failing?: string | undefined;
        size?: string | undefined;
      }
    | undefined;
  connections?: number | undefined;
  defaults?: WrittenCommon | undefined;
  clusters: WrittenCluster[];
  notify?: WrittenSink[] | undefined;
  waivers?: string | undefined;
}

/** Where a secret stands. */
export type WrittenSecret = { file: string } | { credential: string } | { environment: string };

export interface WrittenStore {
  file: string;
  password?: WrittenSecret | undefined;
  key_password?: WrittenSecret | undefined;
}

export interface WrittenCredentials {
  identity?: WrittenStore | undefined;
  truststore?: WrittenStore | undefined;
}

export interface WrittenBasic {
  user: string;
  password: WrittenSecret;
}

export type WrittenSchedule =
  | { every: string; jitter?: string | undefined }
  | { cron: string; time_zone?: string | undefined }
  | 'none';

/** What clusters share, and each may set otherwise. */
export interface WrittenCommon {
  schedule?: WrittenSchedule | undefined;
  profile?: 'quick' | 'standard' | 'full' | undefined;
  fail_on?: Exclude<Severity, 'info'> | undefined;
  timeout?: string | undefined;
  run_timeout?: string | undefined;
  parallel?: number | undefined;
  policy?: string | undefined;
  flink_version?: string | undefined;
  resolve_after?: number | undefined;
  restart_watch?: { every?: string | undefined; verify_after?: string | undefined } | 'off' | undefined;
}

export interface WrittenCapture {
  interfaces?: string[] | undefined;
  folder?: string | undefined;
  filter?: string | undefined;
  every?: string | undefined;
  channels?: ChannelId[] | undefined;
  evidence?: { folder: string; bytes?: string | undefined } | undefined;
}

export interface WrittenKubernetes {
  namespace?: string | undefined;
  deployment?: string | undefined;
  selector?: string | undefined;
  api?: string | undefined;
  token?: WrittenSecret | undefined;
  ca?: string | undefined;
}

export interface WrittenCluster extends WrittenCommon {
  name: string;
  active?: 'on' | 'off' | undefined;
  rest?: { url: string; token?: WrittenSecret | undefined; basic?: WrittenBasic | undefined } | undefined;
  targets?: string[] | undefined;
  configurations?: string[] | undefined;
  names?: string | undefined;
  logs?: string[] | undefined;
  keystores?: WrittenStore[] | undefined;
  internal?: WrittenCredentials | undefined;
  rest_credentials?: WrittenCredentials | undefined;
  taskmanagers?: number | undefined;
  kubernetes?: WrittenKubernetes | undefined;
  capture?: WrittenCapture | undefined;
  captures?: string[] | undefined;
}

export interface WrittenWeb {
  listen?: string | undefined;
  tls_server_config?:
    | {
        cert_file: string;
        key_file: string;
        client_auth_type?:
          | 'NoClientCert'
          | 'RequestClientCert'
          | 'RequireAnyClientCert'
          | 'VerifyClientCertIfGiven'
          | 'RequireAndVerifyClientCert'
          | undefined;
        client_ca_file?: string | undefined;
        min_version?: 'TLS12' | 'TLS13' | undefined;
      }
    | undefined;
  basic_auth_users?: Record<string, { password_hash: string; role?: 'reader' | 'operator' | undefined }> | undefined;
  insecure?: 'refuse' | 'allow' | undefined;
  probe?: { allow_targets?: 'configured' | 'any' | string[] | undefined } | undefined;
}

interface WrittenSinkCommon {
  name?: string | undefined;
  min_severity?: Severity | undefined;
  on?: ('opened' | 'resolved' | 'worsened' | 'waiver-ending' | 'run-failed')[] | undefined;
  repeat?: string | undefined;
  group_wait?: string | undefined;
  timeout?: string | undefined;
}

export type WrittenSink = WrittenSinkCommon &
  (
    | { type: 'alertmanager'; urls: string[]; resend?: string | undefined; basic?: WrittenBasic | undefined }
    | { type: 'webhook'; url: string | WrittenSecret; bearer?: WrittenSecret | undefined }
    | { type: 'pagerduty'; url?: string | undefined; routing_key: WrittenSecret }
    | { type: 'slack'; url: WrittenSecret }
    | { type: 'exec'; command: string[] }
  );
