import { z } from 'zod';
import { CHANNEL_IDS } from '../model/channel.ts';
import { SEVERITIES } from '../model/report.ts';
import { cron } from './schedule.ts';
import type { WrittenSettings } from './settings-written.ts';

/**
 * The shape of `flinkprobe.yaml`. Every object is strict: an unknown key is an error. Durations and sizes stay text here,
 * so that the JSON Schema for editors says what people write.
 */
const duration = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'is no duration, as 500ms, 20s, 5m, 2h or 90d')
  .meta({ description: 'A number and ms, s, m, h or d.' });
const size = z
  .string()
  .regex(/^\d+(\.\d+)?(B|kB|MB|GB|KiB|MiB|GiB)$/, 'is no size, as 500MB or 1GiB')
  .meta({ description: 'A number and B, kB, MB, GB, KiB, MiB or GiB.' });
const text = z.string().min(1);
const file = text.meta({ description: 'A path; relative ones begin at the folder of this file.' });
const url = z.url({ protocol: /^https?$/, error: 'is no http or https URL' });
const count = z.int().min(1);
const severity = z.enum(SEVERITIES);
const failOn = z.enum(['critical', 'high', 'medium', 'low']);

/** Where a secret stands. Its value never stands in this file. */
const secret = z
  .union([
    z.strictObject({ file }),
    z.strictObject({ credential: text.meta({ description: 'Name of a credential that systemd passes on.' }) }),
    z.strictObject({ environment: text.meta({ description: 'Name of an environment variable.' }) }),
  ])
  .meta({ description: 'Where a secret stands: { file }, { credential } or { environment }.' });

const schedule = z
  .union([
    z.strictObject({ every: duration, jitter: duration.optional() }),
    z.strictObject({
      cron: text.superRefine((expression, context) => {
        try {
          cron({ kind: 'cron', expression });
        } catch (error) {
          context.addIssue({ code: 'custom', message: `is no cron expression: ${(error as Error).message}` });
        }
      }),
      time_zone: text.optional(),
    }),
    z.literal('none'),
  ])
  .meta({ description: '{ every, jitter }, { cron, time_zone } or none.' });

const store = z.strictObject({ file, password: secret.optional(), key_password: secret.optional() });
const credentials = z.strictObject({ identity: store.optional(), truststore: store.optional() });
const basic = z.strictObject({ user: text, password: secret });

const capture = z
  .strictObject({
    interfaces: z.array(text).optional(),
    folder: file.optional(),
    filter: text.optional(),
    every: duration.optional(),
    channels: z.array(z.enum(CHANNEL_IDS)).optional(),
    evidence: z.strictObject({ folder: file, bytes: size.optional() }).optional(),
  })
  .refine((one) => (one.interfaces === undefined) !== (one.folder === undefined), 'needs either interfaces or folder');

/** What clusters share, and each may set otherwise. */
const common = {
  schedule: schedule.optional(),
  profile: z.enum(['quick', 'standard', 'full']).optional(),
  fail_on: failOn.optional(),
  timeout: duration.optional(),
  parallel: count.optional(),
  policy: text.optional(),
  flink_version: z
    .string()
    .regex(/^\d+\.\d+(\.\d+)?(-\w+)?$/, 'is no Flink version, as 1.20.3')
    .optional(),
  resolve_after: count.max(100).optional(),
  restart_watch: z
    .union([z.strictObject({ every: duration.optional(), verify_after: duration.optional() }), z.literal('off')])
    .optional(),
} as const;

const cluster = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'is no name: letters, digits, dot, dash and underscore'),
  ...common,
  active: z.enum(['on', 'off']).optional(),
  rest: z.strictObject({ url, token: secret.optional(), basic: basic.optional() }).optional(),
  targets: z.array(text).optional(),
  configurations: z.array(text).optional(),
  names: file.optional(),
  logs: z.array(file).optional(),
  keystores: z.array(store).optional(),
  internal: credentials.optional(),
  rest_credentials: credentials.optional(),
  taskmanagers: count.optional(),
  capture: capture.optional(),
  captures: z.array(file).optional(),
});

const sink = {
  name: text.optional(),
  min_severity: severity.optional(),
  on: z.array(z.enum(['opened', 'resolved', 'worsened', 'waiver-ending', 'run-failed'])).optional(),
  repeat: duration.optional(),
  group_wait: duration.optional(),
  timeout: duration.optional(),
} as const;

const notify = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('alertmanager'),
    ...sink,
    urls: z.array(url).min(1),
    resend: duration.optional(),
    basic: basic.optional(),
  }),
  z.strictObject({
    type: z.literal('webhook'),
    ...sink,
    url: z.union([url, secret]),
    bearer: secret.optional(),
  }),
  z.strictObject({ type: z.literal('pagerduty'), ...sink, url: url.optional(), routing_key: secret }),
  z.strictObject({ type: z.literal('slack'), ...sink, url: secret }),
  z.strictObject({ type: z.literal('exec'), ...sink, command: z.array(text).min(1) }),
]);

const PASSWORD_HASH = /^scrypt\$\d+\$\d+\$\d+\$[A-Za-z0-9+/]+=*\$[A-Za-z0-9+/]+=*$/;
const user = z.strictObject({
  password_hash: z.string().regex(PASSWORD_HASH, 'is no scrypt hash (flinkprobe config hash-password)'),
  role: z.enum(['reader', 'operator']).optional(),
});

const web = z.strictObject({
  listen: z
    .string()
    .regex(/^(\[[0-9A-Fa-f:.]+\]|[^[\]:]+):\d{1,5}$/, 'is no HOST:PORT')
    .optional(),
  tls_server_config: z
    .strictObject({
      cert_file: file,
      key_file: file,
      client_auth_type: z
        .enum([
          'NoClientCert',
          'RequestClientCert',
          'RequireAnyClientCert',
          'VerifyClientCertIfGiven',
          'RequireAndVerifyClientCert',
        ])
        .optional(),
      client_ca_file: file.optional(),
      min_version: z.enum(['TLS12', 'TLS13']).optional(),
    })
    .optional(),
  basic_auth_users: z.record(text, user).optional(),
  insecure: z.enum(['refuse', 'allow']).optional(),
  probe: z
    .strictObject({ allow_targets: z.union([z.enum(['configured', 'any']), z.array(text)]).optional() })
    .optional(),
});

export const settingsSchema: z.ZodType<WrittenSettings> = z
  .strictObject({
    version: z.literal(1),
    web: web.optional(),
    log: z
      .strictObject({
        level: z.enum(['debug', 'info', 'warn', 'error']).optional(),
        format: z.enum(['json', 'text']).optional(),
      })
      .optional(),
    state: z
      .strictObject({
        path: file.optional(),
        retention: duration.optional(),
        retention_failing: duration.optional(),
        size: size.optional(),
      })
      .optional(),
    connections: count.optional(),
    defaults: z.strictObject(common).optional(),
    clusters: z.array(cluster).min(1),
    notify: z.array(notify).optional(),
    waivers: file.optional(),
  })
  .meta({ title: 'flinkprobe.yaml' });

/** For editors. */
export function settingsJsonSchema(): object {
  return z.toJSONSchema(settingsSchema, { io: 'input' });
}
