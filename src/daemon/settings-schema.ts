import { z } from 'zod';
import { CHANNEL_IDS } from '../model/channel.ts';
import { SEVERITIES } from '../model/report.ts';
import { milliseconds, octets } from './quantities.ts';
import { cron } from './schedule.ts';
import type { WrittenCluster, WrittenSettings } from './settings-written.ts';

/**
 * The shape of `flinkprobe.yaml`. Every object is strict: an unknown key is an error. Durations and sizes stay text here,
 * so that the JSON Schema for editors says what people write.
 */
const durationFrom = (least: string, most: string): z.ZodString =>
  z
    .string()
    .regex(/^\d{1,9}(\.\d{1,9})?(ms|s|m|h|d)$/, 'is no duration, as 500ms, 20s, 5m, 2h or 90d')
    .refine((one) => isWithin(milliseconds, one, least, most), `is not from ${least} to ${most}`)
    .meta({ description: `A number and ms, s, m, h or d; from ${least} to ${most}.` });
const sizeFrom = (least: string, most: string): z.ZodString =>
  z
    .string()
    .regex(/^\d{1,9}(\.\d{1,9})?(B|kB|MB|GB|KiB|MiB|GiB)$/, 'is no size, as 500MB or 1GiB')
    .refine((one) => isWithin(octets, one, least, most), `is not from ${least} to ${most}`)
    .meta({ description: `A number and B, kB, MB, GB, KiB, MiB or GiB; from ${least} to ${most}.` });

/** What has another form is told as such. */
function isWithin(read: (text: string) => number | undefined, one: string, least: string, most: string): boolean {
  const value = read(one);
  return value === undefined || (value >= read(least)! && value <= read(most)!);
}

/** Of one connection or one notification. */
const wait = durationFrom('1ms', '10m');
/** Between two runs: what is shorter would do nothing else. */
const interval = durationFrom('1s', '366d');
/** Between two looks at what may change at any time. Timers wait for it, which hold 24 days at most. */
const looking = durationFrom('1s', '1d');
const age = durationFrom('1m', '36500d');
const jitter = durationFrom('0s', '366d');
const text = z.string().min(1);
const file = text
  .regex(/^(?!-$)/, 'is standard input, which a daemon does not have')
  .meta({ description: 'A path; relative ones begin at the folder of this file.' });
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
  .union(
    [
      z.strictObject({ every: interval, jitter: jitter.optional() }).superRefine((one, context) => {
        if (one.jitter === undefined || (milliseconds(one.jitter) ?? 0) <= (milliseconds(one.every) ?? 0)) return;
        context.addIssue({ code: 'custom', path: ['jitter'], message: `is longer than every (${one.every})` });
      }),
      z.strictObject({
        cron: text.superRefine((expression, context) => {
          const problem = cronProblem(expression);
          if (problem !== undefined) context.addIssue({ code: 'custom', message: `is no cron expression: ${problem}` });
        }),
        time_zone: text.refine(isTimeZone, 'is no time zone, as Europe/Berlin or UTC').optional(),
      }),
      z.literal('none'),
    ],
    'is none of { every, jitter }, { cron, time_zone } and none',
  )
  .meta({ description: '{ every, jitter }, { cron, time_zone } or none.' });

/** An expression that never comes true is a slip, too. */
function cronProblem(expression: string): string | undefined {
  try {
    const isSometime = cron({ expression }).nextRun() !== null;
    return isSometime ? undefined : 'it never comes true';
  } catch (error) {
    return (error as Error).message;
  }
}

function isTimeZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch {
    return false;
  }
}

const store = z.strictObject({ file, password: secret.optional(), key_password: secret.optional() });
/** One password opens all of it: Flink's own clients know no other. */
const credential = z.strictObject({ file, password: secret.optional() });
const credentials = z.strictObject({ identity: credential.optional(), truststore: credential.optional() });
const basic = z.strictObject({ user: text, password: secret });

const capture = z
  .strictObject({
    interfaces: z.array(text).min(1).optional(),
    folder: file.optional(),
    filter: text.optional(),
    every: looking.optional(),
    channels: z.array(z.enum(CHANNEL_IDS)).optional(),
    evidence: z.strictObject({ folder: file, bytes: sizeFrom('1kB', '1GB').optional() }).optional(),
  })
  .refine((one) => (one.interfaces === undefined) !== (one.folder === undefined), 'needs either interfaces or folder')
  .meta({ oneOf: [{ required: ['interfaces'] }, { required: ['folder'] }] });

/** RFC 1123: names of namespaces, and of what gives its name to a label. */
const objectName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'is no name of Kubernetes: small letters, digits and dashes');

const kubernetes = z
  .strictObject({
    namespace: objectName.optional().meta({ description: "Left out: the daemon's own." }),
    deployment: objectName.optional().meta({ description: 'Name of the FlinkDeployment, or kubernetes.cluster-id.' }),
    selector: text.max(1024).optional().meta({ description: 'Label selector, as kubectl -l has it.' }),
    api: url.optional().meta({ description: 'Left out: the API server of the cluster that the daemon runs in.' }),
    token: secret.optional(),
    ca: file.optional(),
  })
  .refine(
    (one) => (one.deployment === undefined) !== (one.selector === undefined),
    'needs either deployment or selector',
  )
  .meta({ oneOf: [{ required: ['deployment'] }, { required: ['selector'] }] });

/** What clusters share, and each may set otherwise. */
const common = {
  schedule: schedule.optional(),
  profile: z.enum(['quick', 'standard', 'full']).optional(),
  fail_on: failOn.optional(),
  timeout: wait.optional(),
  run_timeout: durationFrom('1s', '1d').optional(),
  parallel: count.max(1024).optional(),
  policy: text.optional(),
  flink_version: z
    .string()
    .regex(/^\d+\.\d+(\.\d+)?(-\w+)?$/, 'is no Flink version, as 1.20.3')
    .optional(),
  resolve_after: count.max(100).optional(),
  restart_watch: z
    .union([
      z.strictObject({ every: looking.optional(), verify_after: durationFrom('0s', '1d').optional() }),
      z.literal('off'),
    ])
    .optional(),
} as const;

const cluster = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'is no name: 1 to 63 letters, digits, dots, dashes and underscores'),
  ...common,
  active: z.enum(['on', 'off']).optional(),
  rest: z.strictObject({ url, token: secret.optional(), basic: basic.optional() }).optional(),
  targets: z.array(text).optional(),
  configurations: z.array(file).optional(),
  names: file.optional(),
  logs: z.array(file).optional(),
  keystores: z.array(store).optional(),
  internal: credentials.optional(),
  rest_credentials: credentials.optional(),
  taskmanagers: count.max(100_000).optional(),
  kubernetes: kubernetes.optional(),
  capture: capture.optional(),
  captures: z.array(file).optional(),
});

/** A cluster of which nothing could be looked at is a slip. */
const NOTHING_TO_ASK = 'stands for nothing to look at: give rest, targets, configurations, captures, logs or capture';
const NOTHING_TO_READ =
  'asks nobody, and nothing else is there to look at: give capture, captures, configurations or logs';
const LISTS_TO_READ = ['configurations', 'captures', 'logs'] as const;
const LISTS_TO_ASK = ['targets', ...LISTS_TO_READ] as const;

/** What can be looked at without asking anybody. */
function isReadable(one: WrittenCluster): boolean {
  return one.capture !== undefined || LISTS_TO_READ.some((list) => (one[list]?.length ?? 0) > 0);
}

const askable = cluster
  .refine(
    (one) =>
      one.rest !== undefined || one.capture !== undefined || LISTS_TO_ASK.some((list) => (one[list]?.length ?? 0) > 0),
    { path: ['name'], message: NOTHING_TO_ASK },
  )
  .refine((one) => one.active !== 'off' || isReadable(one), { path: ['active'], message: NOTHING_TO_READ })
  .meta({
    anyOf: [
      { required: ['rest'], properties: { active: { const: 'on' } } },
      { required: ['targets'], properties: { targets: { minItems: 1 }, active: { const: 'on' } } },
      { required: ['capture'] },
      ...LISTS_TO_READ.map((list) => ({ required: [list], properties: { [list]: { minItems: 1 } } })),
    ],
  });

const sink = {
  name: text.optional(),
  min_severity: severity.optional(),
  on: z.array(z.enum(['opened', 'resolved', 'worsened', 'waiver-ending', 'run-failed'])).optional(),
  repeat: age.optional(),
  group_wait: durationFrom('0s', '1h').optional(),
  timeout: wait.optional(),
} as const;

const notify = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('alertmanager'),
    ...sink,
    urls: z.array(url).min(1),
    resend: durationFrom('1s', '1d').optional(),
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

/** Ports up to 65535. */
const LISTEN = /^(\[[0-9A-Fa-f:.]+\]|[^[\]:\s]+):(\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/;

const web = z.strictObject({
  listen: z.string().regex(LISTEN, 'is no HOST:PORT').optional(),
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
        retention: age.optional(),
        retention_failing: age.optional(),
        size: sizeFrom('1MB', '1000GB').optional(),
      })
      .optional(),
    connections: count.max(65_535).optional(),
    defaults: z.strictObject(common).optional(),
    clusters: z.array(askable).min(1),
    notify: z.array(notify).optional(),
    waivers: file.optional(),
  })
  .meta({ title: 'flinkprobe.yaml' });

/** For editors. */
export function settingsJsonSchema(): object {
  return z.toJSONSchema(settingsSchema, { io: 'input' });
}
