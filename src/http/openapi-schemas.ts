import { LIVE_EVENTS } from '../daemon/live-events.ts';
import { HAPPENINGS, TRIGGERS } from '../daemon/types.ts';
import { CHANNELS } from '../model/channel.ts';
import { SEVERITIES } from '../model/report.ts';
import { reportJsonSchema } from '../report/schema.ts';
import { CELL_VERDICTS, CERTIFICATE_ROLES } from './lists.ts';

/** JSON Schema, draft 2020-12. */
export type Schema = Readonly<Record<string, unknown>>;

export const text: Schema = { type: 'string' };
const time: Schema = { type: 'string', format: 'date-time' };
const truth: Schema = { type: 'boolean' };
const whole: Schema = { type: 'integer', minimum: 0 };
const number: Schema = { type: 'number', minimum: 0 };
export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
export const list = (items: Schema): Schema => ({ type: 'array', items });
export const words = (values: readonly string[]): Schema => ({ type: 'string', enum: values });
const nullable = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });

/** `required` first, then what may be absent. */
function object(required: Readonly<Record<string, Schema>>, optional: Readonly<Record<string, Schema>> = {}): Schema {
  return { type: 'object', properties: { ...required, ...optional }, required: Object.keys(required) };
}

export function pageOf(items: Schema): Schema {
  return object({ items: list(items), next: nullable(text) });
}

const bySeverity = object(Object.fromEntries(SEVERITIES.map((severity) => [severity, whole])));
const runVerdict = words(['pass', 'fail', 'inconclusive']);
const runId: Schema = { type: 'string', pattern: '^[0-9A-Z]{26}$' };

/** Everything that an answer of the API holds, by hand; the report and its parts are those of `--format json`. */
const OWN: Readonly<Record<string, Schema>> = {
  Error: object({ error: text }),
  Reloaded: object({ ok: { const: true } }),
  Readiness: object({ ready: truth, lateSeconds: number, problems: list(text), count: whole }),
  RunRequest: { ...object({ cluster: { type: 'string', minLength: 1, maxLength: 200 } }), additionalProperties: false },
  RunStarted: object({ id: runId, cluster: text }),
  RunSummary: object(
    {
      id: runId,
      cluster: text,
      trigger: words(TRIGGERS),
      startedAt: time,
      finishedAt: time,
      verdict: runVerdict,
      complete: truth,
      failed: bySeverity,
      inconclusive: whole,
      waived: whole,
    },
    { leftOut: whole },
  ),
  FindingRecord: object(
    {
      cluster: text,
      finding: ref('Finding'),
      firstSeenAt: time,
      lastSeenAt: time,
      lastRun: runId,
      openings: whole,
    },
    { resolvedAt: time },
  ),
  CertificateRecord: object(
    {
      cluster: text,
      certificate: ref('Certificate'),
      role: words(CERTIFICATE_ROLES),
      source: words(['served', 'disk']),
      channel: words(CHANNELS),
      firstSeenAt: time,
      lastSeenAt: time,
    },
    { member: text, endpoint: ref('Endpoint'), path: text, goneAt: time },
  ),
  ObservationRecord: object({ cluster: text, run: runId, observation: ref('Observation') }),
  ChannelCell: object(
    { cluster: text, channel: words(CHANNELS), member: text, verdict: words(CELL_VERDICTS), findings: list(text) },
    {
      endpoint: ref('Endpoint'),
      served: words(['tls', 'mutual-tls', 'clear', 'mixed']),
      version: text,
      certificate: text,
      notAfter: time,
    },
  ),
  Happening: object({ cluster: nullable(text), kind: words(HAPPENINGS), at: time, text }, { member: text }),
  WaiverStatus: object({
    id: text,
    owner: text,
    reason: text,
    until: { type: 'string', format: 'date' },
    scope: { type: 'object', additionalProperties: text },
    state: words(['active', 'ending', 'expired']),
    matched: whole,
  }),
  WireStatus: object(
    {
      cluster: text,
      interfaces: list(text),
      state: words(['running', 'restarting', 'failed', 'stopped']),
      since: time,
      packets: whole,
      drops: whole,
      clearBytes: whole,
      tlsBytes: whole,
      connections: whole,
    },
    { problem: text },
  ),
  ClusterStatus: object(
    {
      cluster: text,
      state: words(['idle', 'waiting', 'running']),
      lateMs: number,
      missedRuns: whole,
      open: bySeverity,
    },
    {
      lastRun: ref('RunSummary'),
      nextRunAt: time,
      problem: text,
      failOn: words(SEVERITIES.filter((one) => one !== 'info')),
      asks: words(['nobody']),
      wire: ref('WireStatus'),
    },
  ),
  DaemonStatus: object(
    {
      version: text,
      startedAt: time,
      now: time,
      lastReload: object({ at: time, ok: truth }, { problem: text }),
      store: object({ path: text, state: words(['open', 'failing']), bytes: whole }, { problem: text }),
      clusters: list(ref('ClusterStatus')),
      outbox: whole,
      eventLoopLagMs: object({ p50: number, p99: number }),
    },
    {
      configuration: object({ path: text, sha256: text }),
      notifications: object(
        { superseded: whole, held: whole },
        { down: list(object({ name: text, since: time, waiting: whole, problem: text })) },
      ),
    },
  ),
  LiveEvent: object({ seq: whole, at: time, event: words(LIVE_EVENTS), data: { type: 'object' } }),
};

/** Parts of the report that stand for themselves in the API. */
export function schemas(): Readonly<Record<string, unknown>> {
  const { $schema: _, $defs, title, ...report } = reportJsonSchema();
  const parts = relocated({ ...($defs as Record<string, unknown>), Report: { title, ...report } });
  return { ...(parts as Record<string, unknown>), ...OWN };
}

/** References of a schema of its own, as they are within the document. */
function relocated(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relocated);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [
      key,
      key === '$ref' && typeof child === 'string'
        ? child.replace('#/$defs/', '#/components/schemas/')
        : relocated(child),
    ]),
  );
}
