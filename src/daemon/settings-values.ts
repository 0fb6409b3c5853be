import path from 'node:path';
import { milliseconds, octets } from './quantities.ts';
import type {
  CaptureSettings,
  ClusterSettings,
  Credentials,
  KubernetesSettings,
  Schedule,
  SecretSetting,
  Settings,
  SinkSettings,
  StoreSetting,
  WebSettings,
} from './settings.ts';
import type {
  WrittenCapture,
  WrittenCluster,
  WrittenCommon,
  WrittenCredentials,
  WrittenKubernetes,
  WrittenSchedule,
  WrittenSecret,
  WrittenSettings,
  WrittenSink,
  WrittenStore,
} from './settings-written.ts';
import { nameOfSink } from './sink-name.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
type NumberDefault =
  | 'connections'
  | 'timeoutMs'
  | 'runTimeoutMs'
  | 'parallel'
  | 'resolveAfter'
  | 'retentionMs'
  | 'retentionFailingMs'
  | 'storeOctets'
  | 'captureEveryMs'
  | 'evidenceOctets'
  | 'repeatMs'
  | 'groupWaitMs'
  | 'alertmanagerGroupWaitMs'
  | 'notifyTimeoutMs'
  | 'resendMs';

/** What holds where the file says nothing. */
export const DEFAULTS: {
  readonly schedule: Schedule;
} & Readonly<Record<NumberDefault, number>> & {
    readonly listen: string;
    readonly restartWatch: NonNullable<ClusterSettings['restartWatch']>;
  } = {
  listen: '127.0.0.1:9799',
  connections: 256,
  schedule: { kind: 'every', everyMs: 5 * MINUTE_MS, jitterMs: 20_000 },
  timeoutMs: 5000,
  runTimeoutMs: 5 * MINUTE_MS,
  parallel: 64,
  resolveAfter: 1,
  retentionMs: 90 * DAY_MS,
  retentionFailingMs: 365 * DAY_MS,
  storeOctets: 2 ** 30,
  restartWatch: { everyMs: 5000, verifyAfterMs: 15_000 },
  captureEveryMs: 30_000,
  evidenceOctets: 256 * 1024,
  repeatMs: 4 * 3_600_000,
  groupWaitMs: 10_000,
  /** Alertmanager groups by itself (`group_wait` of its route): it is told what one run changed, at once. */
  alertmanagerGroupWaitMs: 1000,
  notifyTimeoutMs: 10_000,
  resendMs: 60_000,
};

/** `folder`: where relative paths begin. `stateFolder`: where the history is kept unless the file says so. */
export interface Places {
  readonly folder: string;
  readonly stateFolder: string;
}

/** The settings that a file means: durations and sizes as numbers, paths absolute, defaults put in. */
export function settingsOf(written: WrittenSettings, places: Places): Settings {
  const at = (file: string): string => path.resolve(places.folder, file);
  const { state, log, waivers } = written;
  return {
    web: webOf(written, at),
    log: { level: log?.level ?? 'info', format: log?.format ?? 'json' },
    state: {
      path: state?.path === undefined ? path.join(places.stateFolder, 'history.db') : at(state.path),
      passingMs: milliseconds(state?.retention) ?? DEFAULTS.retentionMs,
      failingMs: milliseconds(state?.retention_failing) ?? DEFAULTS.retentionFailingMs,
      bytes: octets(state?.size) ?? DEFAULTS.storeOctets,
    },
    clusters: written.clusters.map((one) => clusterOf(one, written.defaults ?? {}, at)),
    notify: (written.notify ?? []).map((one) => sinkOf(one, at)),
    ...(waivers === undefined ? {} : { waivers: at(waivers) }),
    connections: written.connections ?? DEFAULTS.connections,
  };
}

type At = (file: string) => string;

const CLIENT_AUTHENTICATION = {
  NoClientCert: 'none',
  RequestClientCert: 'request',
  RequireAnyClientCert: 'require-any',
  VerifyClientCertIfGiven: 'verify-if-given',
  RequireAndVerifyClientCert: 'require-and-verify',
} as const;

function webOf({ web }: WrittenSettings, at: At): WebSettings {
  const [, host, port] = /^(.*):(\d+)$/.exec(web?.listen ?? DEFAULTS.listen)!;
  const tls = web?.tls_server_config;
  return {
    host: host!.replace(/^\[|\]$/g, ''),
    port: Number(port),
    ...(tls === undefined
      ? {}
      : {
          tls: {
            certFile: at(tls.cert_file),
            keyFile: at(tls.key_file),
            clientAuthentication: CLIENT_AUTHENTICATION[tls.client_auth_type ?? 'NoClientCert'],
            ...(tls.client_ca_file === undefined ? {} : { clientCaFile: at(tls.client_ca_file) }),
            minVersion: tls.min_version === 'TLS13' ? 'TLSv1.3' : 'TLSv1.2',
          },
        }),
    users: Object.entries(web?.basic_auth_users ?? {}).map(([name, user]) => ({
      name,
      passwordHash: user.password_hash,
      role: user.role ?? 'reader',
    })),
    insecure: web?.insecure ?? 'refuse',
    probe: { allow: web?.probe?.allow_targets ?? 'configured' },
  };
}

function scheduleOf(written: WrittenSchedule | undefined): Schedule {
  if (written === undefined) return DEFAULTS.schedule;
  if (written === 'none') return { kind: 'none' };
  if ('cron' in written) {
    return {
      kind: 'cron',
      expression: written.cron,
      ...(written.time_zone === undefined ? {} : { timeZone: written.time_zone }),
    };
  }
  return { kind: 'every', everyMs: milliseconds(written.every)!, jitterMs: milliseconds(written.jitter) ?? 0 };
}

function clusterOf(own: WrittenCluster, shared: WrittenCommon, at: At): ClusterSettings {
  const written = { ...shared, ...own };
  const {
    rest,
    restart_watch: watch,
    policy,
    flink_version: flinkVersion,
    taskmanagers,
    capture,
    kubernetes,
  } = written;
  const isActive = (written.active ?? 'on') === 'on';
  return {
    name: written.name,
    schedule: scheduleOf(written.schedule),
    profile: written.profile ?? 'standard',
    failOn: written.fail_on ?? 'medium',
    timeoutMs: milliseconds(written.timeout) ?? DEFAULTS.timeoutMs,
    runTimeoutMs: milliseconds(written.run_timeout) ?? DEFAULTS.runTimeoutMs,
    parallel: written.parallel ?? DEFAULTS.parallel,
    ...(rest === undefined
      ? {}
      : {
          rest: {
            url: rest.url,
            ...(rest.token === undefined ? {} : { token: secretOf(rest.token, at) }),
            ...(rest.basic === undefined ? {} : { basic: basicOf(rest.basic, at) }),
          },
        }),
    targets: written.targets ?? [],
    configurations: (written.configurations ?? []).map((one) => configurationAt(one, at)),
    ...(flinkVersion === undefined ? {} : { flinkVersion }),
    ...(policy === undefined ? {} : { policy: /[./\\]/.test(policy) ? at(policy) : policy }),
    ...(written.names === undefined ? {} : { names: at(written.names) }),
    logs: (written.logs ?? []).map((one) => configurationAt(one, at)),
    keystores: (written.keystores ?? []).map((one) => storeOf(one, at)),
    internal: credentialsOf(written.internal, at),
    restCredentials: credentialsOf(written.rest_credentials, at),
    ...(taskmanagers === undefined ? {} : { expectedTaskManagers: taskmanagers }),
    ...(watch === 'off' || (kubernetes === undefined && (rest === undefined || !isActive))
      ? {}
      : {
          restartWatch: {
            everyMs: milliseconds(watch?.every) ?? DEFAULTS.restartWatch.everyMs,
            verifyAfterMs: milliseconds(watch?.verify_after) ?? DEFAULTS.restartWatch.verifyAfterMs,
          },
        }),
    ...(kubernetes === undefined ? {} : { kubernetes: kubernetesOf(kubernetes, at) }),
    resolveAfter: written.resolve_after ?? DEFAULTS.resolveAfter,
    active: isActive ? 'on' : 'off',
    ...(capture === undefined ? {} : { capture: captureOf(capture, at) }),
    captures: (written.captures ?? []).map(at),
  };
}

/**
 * Labels that Flink gives the pods of one cluster (`Constants.LABEL_APP_KEY`: `kubernetes.cluster-id`), and its operator
 * too: there it is the name of the FlinkDeployment.
 */
function kubernetesOf(written: WrittenKubernetes, at: At): KubernetesSettings {
  const { namespace, deployment, api, token, ca } = written;
  return {
    ...(namespace === undefined ? {} : { namespace }),
    selector: written.selector ?? `app=${deployment},component in (jobmanager,taskmanager)`,
    ...(api === undefined ? {} : { api }),
    ...(token === undefined ? {} : { token: secretOf(token, at) }),
    ...(ca === undefined ? {} : { ca: at(ca) }),
  };
}

/** `MEMBER=PATH`, as `--conf` and `--log` have it. */
function configurationAt(text: string, at: At): string {
  const equals = text.indexOf('=');
  return equals > 0 ? `${text.slice(0, equals)}=${at(text.slice(equals + 1))}` : at(text);
}

function captureOf(written: WrittenCapture, at: At): CaptureSettings {
  const { folder, filter, evidence, channels } = written;
  return {
    interfaces: written.interfaces ?? [],
    ...(folder === undefined ? {} : { folder: at(folder) }),
    ...(filter === undefined ? {} : { filter }),
    ...(evidence === undefined
      ? {}
      : { evidence: { folder: at(evidence.folder), bytes: octets(evidence.bytes) ?? DEFAULTS.evidenceOctets } }),
    everyMs: milliseconds(written.every) ?? DEFAULTS.captureEveryMs,
    ...(channels === undefined ? {} : { channels }),
  };
}

function secretOf(written: WrittenSecret, at: At): SecretSetting {
  if ('file' in written) return { kind: 'file', path: at(written.file) };
  if ('credential' in written) return { kind: 'credential', name: written.credential };
  return { kind: 'environment', name: written.environment };
}

function basicOf(
  { user, password }: { readonly user: string; readonly password: WrittenSecret },
  at: At,
): { readonly user: string; readonly password: SecretSetting } {
  return { user, password: secretOf(password, at) };
}

function storeOf(written: WrittenStore, at: At): StoreSetting {
  const { password, key_password: keyPassword } = written;
  return {
    file: at(written.file),
    ...(password === undefined ? {} : { password: secretOf(password, at) }),
    ...(keyPassword === undefined ? {} : { keyPassword: secretOf(keyPassword, at) }),
  };
}

function credentialsOf(written: WrittenCredentials | undefined, at: At): Credentials {
  return {
    ...(written?.identity === undefined ? {} : { identity: storeOf(written.identity, at) }),
    ...(written?.truststore === undefined ? {} : { truststore: storeOf(written.truststore, at) }),
  };
}

/** PagerDuty's own address (Events API v2). */
const PAGERDUTY_URL = 'https://events.pagerduty.com/v2/enqueue';

function sinkOf(written: WrittenSink, at: At): SinkSettings {
  const common = {
    name: written.name ?? nameOfSink(written),
    minSeverity: written.min_severity ?? 'medium',
    on: written.on ?? ['opened', 'resolved', 'worsened'],
    repeatMs: milliseconds(written.repeat) ?? DEFAULTS.repeatMs,
    groupWaitMs:
      milliseconds(written.group_wait) ??
      (written.type === 'alertmanager' ? DEFAULTS.alertmanagerGroupWaitMs : DEFAULTS.groupWaitMs),
    timeoutMs: milliseconds(written.timeout) ?? DEFAULTS.notifyTimeoutMs,
  } as const;
  switch (written.type) {
    case 'alertmanager': {
      const { basic } = written;
      return {
        ...common,
        type: 'alertmanager',
        urls: written.urls,
        resendMs: milliseconds(written.resend) ?? DEFAULTS.resendMs,
        ...(basic === undefined ? {} : { basic: basicOf(basic, at) }),
      };
    }
    case 'webhook': {
      const { url, bearer } = written;
      return {
        ...common,
        type: 'webhook',
        url: typeof url === 'string' ? { kind: 'text', text: url } : secretOf(url, at),
        ...(bearer === undefined ? {} : { bearer: secretOf(bearer, at) }),
      };
    }
    case 'pagerduty':
      return {
        ...common,
        type: 'pagerduty',
        url: written.url ?? PAGERDUTY_URL,
        routingKey: secretOf(written.routing_key, at),
      };
    case 'slack':
      return { ...common, type: 'slack', url: secretOf(written.url, at) };
    case 'exec':
      return { ...common, type: 'exec', command: written.command };
  }
}
