import { z } from 'zod';
import { CHANNEL_IDS } from '../model/channel.ts';
import { type Report, SCHEMA_VERSION, SETTING_ORIGINS, SEVERITIES } from '../model/report.ts';
import type { Assignable, Keys, Mutable } from './schema-check.ts';
import { fixPlan } from './schema-fix-plan.ts';
import { logLine } from './schema-log.ts';
import { headerBytes, sha1, side, text, texts, time, whole } from './schema-scalars.ts';
import { tls } from './schema-tls.ts';
import {
  COMPONENTS,
  CREDENTIAL_KINDS,
  NO_ANSWER_REASONS,
  PROBLEM_REASONS,
  STATE_TRANSFER_KINDS,
  UNDECIDED_REASONS,
} from './schema-values.ts';

const channelId = z.enum(CHANNEL_IDS);
const channel = z.enum([...CHANNEL_IDS, 'unknown']);
const component = z.enum(COMPONENTS);
const runVerdict = z.enum(['pass', 'fail', 'inconclusive']);
const noAnswerReason = z.enum(NO_ANSWER_REASONS);
const undecidedReason = z.enum(UNDECIDED_REASONS);

const endpoint = z
  .strictObject({
    host: text,
    port: z.number().int().min(0).max(65_535),
    component: component.exactOptional(),
    member: text.exactOptional(),
  })
  .meta({ id: 'Endpoint' });

const stateTransfer = z.strictObject({
  kind: z.enum(STATE_TRANSFER_KINDS),
  from: side,
  frame: whole,
  streamOffset: whole,
  bytes: whole,
  count: whole,
  names: texts.exactOptional(),
});

const credential = z.strictObject({
  kind: z.enum(CREDENTIAL_KINDS),
  from: side,
  frame: whole,
  streamOffset: whole,
  count: whole,
  name: text,
});

const frames = z.strictObject({ first: whole, last: whole });

const asked = z
  .strictObject({
    profile: z.enum(['quick', 'standard', 'full']),
    name: text.exactOptional(),
    connections: whole,
    complete: z.boolean(),
    reason: z
      .enum(['connection-limit', 'interrupted', 'contradictory', 'no-answer', 'budget', 'defect'])
      .exactOptional(),
    logLines: whole,
    clear: z.strictObject({ request: text, outcome: z.enum(['answered', 'not-answered']), text }).exactOptional(),
    attempts: z.array(z.strictObject({ purpose: text, result: text, frames: frames.exactOptional() })),
    contradictions: texts.exactOptional(),
  })
  .meta({ id: 'Asked' });

const reach = z.enum(['owner', 'group', 'others', 'unknown']);

const fileSighting = z
  .strictObject({
    path: text,
    mode: text,
    owner: text,
    content: text,
    directory: text.exactOptional(),
    offset: whole.exactOptional(),
    proof: text.exactOptional(),
    readableBy: reach.exactOptional(),
    writableBy: reach.exactOptional(),
    details: z.record(text, z.union([text, z.number(), z.boolean(), texts])).exactOptional(),
    volume: z
      .strictObject({
        mountPoint: text,
        fileSystem: text,
        device: text,
        protection: z.enum(['encrypted', 'none-seen', 'memory', 'remote', 'hidden']),
        transport: z.enum(['protected', 'clear', 'unknown']).exactOptional(),
        evidence: texts,
      })
      .exactOptional(),
  })
  .meta({ id: 'FileSighting' });

const observation = z
  .strictObject({
    id: text,
    vantage: z.enum(['passive', 'active', 'disk', 'log']),
    observedAt: time,
    lastSeenAt: time,
    channel,
    channelBasis: z.enum(['protocol', 'configuration', 'argument', 'discovery', 'port']),
    roleBasis: z.enum(['syn', 'hello', 'protocol', 'port']),
    server: endpoint,
    client: endpoint.exactOptional(),
    encapsulation: z
      .strictObject({
        interface: whole.exactOptional(),
        vlans: z.array(whole),
        tunnel: z.enum(['vxlan', 'geneve', 'gre', 'erspan', 'ipip', '6in4', 'mpls', 'pppoe']).exactOptional(),
        vni: whole.exactOptional(),
      })
      .exactOptional(),
    kind: z.enum(['tls', 'plaintext', 'no-answer', 'undecided', 'file', 'log-line']),
    because: z.union([noAnswerReason, undecidedReason]).exactOptional(),
    bytes: z.strictObject({ client: whole, server: whole }),
    frames: frames.extend({ file: text.exactOptional() }).exactOptional(),
    answer: z
      .strictObject({
        kind: z.enum(['tls', 'plaintext', 'alert', 'fin', 'reset', 'silence']),
        text,
        firstBytes: headerBytes.exactOptional(),
      })
      .exactOptional(),
    tls: tls.exactOptional(),
    plaintext: z
      .strictObject({
        protocol: text,
        details: z.record(text, z.union([text, z.number(), z.boolean(), texts])),
        firstBytes: headerBytes,
        stateTransfer: z.array(stateTransfer),
        credentials: z.array(credential),
      })
      .exactOptional(),
    file: fileSighting.exactOptional(),
    log: logLine.exactOptional(),
    asked: asked.exactOptional(),
    repeats: whole.exactOptional(),
    quality: z
      .strictObject({
        gapBytes: whole.exactOptional(),
        cutBytes: whole.exactOptional(),
        oneSided: z.enum(['client-only', 'server-only']).exactOptional(),
        midstream: z.boolean().exactOptional(),
        limits: texts.exactOptional(),
      })
      .exactOptional(),
  })
  .meta({ id: 'Observation' });

const expectation = z
  .strictObject({
    channel: channelId,
    member: text.nullable(),
    tls: z.enum(['required', 'forbidden', 'optional', 'impossible']),
    clientAuthentication: z.enum(['required', 'optional', 'none']),
    basis: z.enum(['configuration', 'policy']),
    protocols: texts.exactOptional(),
    cipherSuites: texts.exactOptional(),
    certificateSha1: z.array(sha1).exactOptional(),
    port: whole.exactOptional(),
    because: z.array(
      z.strictObject({
        key: text,
        value: text,
        file: text.exactOptional(),
        line: whole.exactOptional(),
        origin: z.enum(SETTING_ORIGINS).exactOptional(),
      }),
    ),
  })
  .meta({ id: 'Expectation' });

const witness = z.enum(['pass', 'fail', 'inconclusive', 'not-heard']);

const saying = z.strictObject({ wire: witness, handshake: witness, promise: witness, record: witness });

const finding = z
  .strictObject({
    ruleId: text,
    severity: z.enum(SEVERITIES),
    verdict: z.enum(['fail', 'inconclusive', 'error']),
    channel,
    endpoint: endpoint.exactOptional(),
    file: z.strictObject({ path: text, line: whole.exactOptional(), member: text.exactOptional() }).exactOptional(),
    title: text,
    message: text,
    expected: text,
    observed: text,
    evidence: z.array(
      z.strictObject({
        observation: text.exactOptional(),
        text,
        frame: whole.exactOptional(),
        streamOffset: whole.exactOptional(),
        file: text.exactOptional(),
      }),
    ),
    witnesses: saying,
    remediation: z.strictObject({ text, settings: z.record(text, text), command: text.nullable() }),
    references: texts,
    fingerprint: text,
    waived: z.strictObject({ id: text, until: text, owner: text, reason: text }).nullable(),
    firstSeen: text.exactOptional(),
    change: z.enum(['new', 'unchanged', 'fixed', 'weaker']).exactOptional(),
  })
  .meta({ id: 'Finding' });

const coverage = z
  .strictObject({
    channel: channelId,
    member: text.exactOptional(),
    expectedEndpoints: whole,
    seenEndpoints: whole,
    verdict: z.enum(['pass', 'fail', 'inconclusive', 'not-seen', 'not-applicable']),
    witnesses: z.array(z.enum(['wire', 'handshake', 'promise', 'record'])),
    says: saying.exactOptional(),
    expected: z.boolean().exactOptional(),
  })
  .meta({ id: 'Coverage' });

const quality = z.strictObject({
  captureDrops: whole,
  cutPackets: whole,
  gaps: whole,
  gapBytes: whole,
  oneSidedConnections: whole,
  badChecksums: whole,
  undecodedPackets: whole,
  duplicates: whole,
  problems: z.array(
    z.strictObject({
      offset: whole,
      reason: z.enum(PROBLEM_REASONS),
      message: text,
    }),
  ),
  limits: z.record(text, whole).exactOptional(),
  crossCheck: z.enum(['agrees', 'disagrees', 'not-applicable']).exactOptional(),
});

const input = z
  .strictObject({
    kind: z.enum(['capture', 'interface', 'target', 'rest', 'configuration', 'keystore', 'directory', 'log']),
    path: text,
    format: text.exactOptional(),
    packets: whole.exactOptional(),
    bytes: whole.exactOptional(),
    firstPacketAt: time.exactOptional(),
    lastPacketAt: time.exactOptional(),
    quality: quality.exactOptional(),
    problems: z.array(z.strictObject({ file: text, line: whole, message: text })).exactOptional(),
  })
  .meta({ id: 'Input' });

const comparison = z
  .strictObject({
    baseline: z.strictObject({ path: text, finishedAt: time, verdict: runVerdict }),
    endpoints: z.array(
      z.strictObject({
        channel,
        endpoint,
        change: z.enum(['new', 'unchanged', 'stronger', 'weaker', 'gone']),
        process: z.enum(['restarted', 'same', 'unknown']),
        certificate: z.enum(['same', 'changed', 'none', 'unknown']),
        details: texts,
      }),
    ),
    fixed: z.array(finding),
  })
  .meta({ id: 'Comparison' });

const report = z.strictObject({
  schemaVersion: z.literal(SCHEMA_VERSION),
  producer: z.strictObject({ name: z.literal('flinkprobe'), version: text }),
  command: text,
  startedAt: time,
  finishedAt: time,
  complete: z.boolean(),
  verdict: runVerdict,
  inputs: z.array(input),
  observations: z.array(observation),
  expectations: z.array(expectation),
  findings: z.array(finding),
  coverage: z.array(coverage),
  policy: z
    .strictObject({
      name: text,
      requirements: whole,
      met: whole,
      notMet: whole,
      notJudged: whole,
      unjudged: texts,
    })
    .exactOptional(),
  waivers: z
    .array(
      z.strictObject({
        id: text,
        owner: text,
        reason: text,
        until: text,
        scope: z.record(text, text),
        state: z.enum(['active', 'ending', 'expired']),
        matched: whole,
      }),
    )
    .exactOptional(),
  processes: z
    .array(z.strictObject({ component, member: text, source: z.enum(['rest', 'rpc', 'log']), identity: text }))
    .exactOptional(),
  comparison: comparison.exactOptional(),
  fixPlan: fixPlan.exactOptional(),
  watchedSeconds: z.number().nonnegative().exactOptional(),
  summary: z
    .strictObject({
      connections: whole,
      refusedAttempts: whole,
      unansweredAttempts: whole,
      clearUnknownConnections: whole,
      clearBytes: whole,
      tlsBytes: whole,
      datagrams: whole.exactOptional(),
      flinkVersions: texts.exactOptional(),
    })
    .exactOptional(),
});

/** Both ways: a field added to the schema or to the model alone no longer compiles. */
type _SchemaIsModel = [
  Assignable<z.output<typeof report>, Mutable<Report>>,
  Assignable<Mutable<Report>, z.output<typeof report>>,
  Assignable<Keys<z.output<typeof report>>, Keys<Mutable<Report>>>,
  Assignable<Keys<Mutable<Report>>, Keys<z.output<typeof report>>>,
];

/** Reads a report strictly: an unknown field is an error, which keeps our own output honest. */
export const reportSchema: z.ZodType<Report> = report;

/**
 * JSON Schema, draft 2020-12, of `--format json`. Fields may be added in later releases, so it leaves unknown ones
 * alone although {@link reportSchema} does not.
 */
export function reportJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(report, {
    target: 'draft-2020-12',
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  const { $schema, ...rest } = schema as Record<string, unknown>;
  return { $schema, title: 'flinkprobe report, schemaVersion 1', ...rest };
}
