import assert from 'node:assert/strict';
import { verify } from '../../src/cli/verification.ts';
import { type Discovery, type Instruments, plan, type VerificationRequest } from '../../src/cli/verification-plan.ts';
import { loadProbes } from '../../src/evaluate/directory.ts';
import type { Observation, Report } from '../../src/model/report.ts';
import type { Target } from '../../src/observe/active/types.ts';
import type { NamedTarget } from '../../src/observe/named-target.ts';
import { parseTarget, targetsOf } from '../../src/observe/target-text.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { certificate, chain, clientAuthentication, tls } from './observations.ts';

const probes = await loadProbes();
export const STARTED: number = Date.parse('2026-11-22T13:00:00Z');

export function named(...texts: readonly string[]): readonly NamedTarget[] {
  return texts.flatMap((text) => targetsOf(parseTarget(text), probes));
}

export type Answer = Pick<Observation, 'kind'> & Partial<Observation>;

export const MUTUAL_TLS: Answer = (() => {
  const { kind, tls: details } = tls({
    tls: {
      serverCertificate: chain(certificate({ notAfter: '2036-01-01T00:00:00Z' })),
      clientAuthentication: clientAuthentication({ verdict: 'required', presented: 'empty', basis: 'probe' }),
    },
  });
  return { kind, tls: details! };
})();
const REFUSED: Answer = { kind: 'no-answer', because: 'refused' };

/** What an active probe reports of a target that answered so. */
export function observed(target: Target, { kind, ...answer }: Answer): Observation {
  const at = new Date(STARTED + 500).toISOString();
  return {
    id: '',
    vantage: 'active',
    observedAt: at,
    lastSeenAt: at,
    channel: target.channel ?? 'unknown',
    channelBasis: target.channel === undefined ? 'port' : target.channelBasis,
    roleBasis: 'syn',
    server: {
      host: target.address,
      port: target.port,
      ...(target.component === undefined ? {} : { component: target.component }),
      ...(target.member === undefined ? {} : { member: target.member }),
    },
    bytes: { client: 100, server: 900 },
    asked: { profile: 'standard', connections: 3, complete: true, logLines: 1, attempts: [] },
    kind,
    ...answer,
  };
}

export interface World {
  readonly addresses?: Readonly<Record<string, readonly string[]>>;
  /** By `address:port`; what is not there refuses. */
  readonly answers?: Readonly<Record<string, Answer>>;
  readonly discovery?: Discovery;
  readonly change?: Partial<Instruments>;
}

export function instruments({ addresses = {}, answers = {}, discovery, change }: World): Instruments {
  let clock = STARTED;
  return {
    ...(discovery === undefined ? {} : { discover: async () => discovery }),
    targetsOf: () => ({ endpoints: [], notes: [] }),
    defaults: () => named('127.0.0.1', '[::1]'),
    resolve: async (name) => addresses[name] ?? (/^[\d.]+$|:/.test(name) ? [name] : []),
    budget: (targets) => ({
      endpoints: targets.length,
      connections: 80 * targets.length,
      logLines: 8 * targets.length,
    }),
    survey: async (target) => observed(target, answers[`${target.address}:${target.port}`] ?? REFUSED),
    clock: () => {
      clock += 1000;
      return clock - 1000;
    },
    ...change,
  };
}

function request(change: Partial<VerificationRequest> = {}): VerificationRequest {
  return {
    named: [],
    inputs: [],
    configurations: [],
    profile: 'standard',
    parallel: 4,
    failOn: 'medium',
    ...change,
  };
}

export async function run(asked: Partial<VerificationRequest>, world: World): Promise<Report> {
  const tools = instruments(world);
  const report = await verify(await plan(request(asked), tools), request(asked), tools);
  assert.equal(reportSchema.safeParse(report).error?.message, undefined, 'the report follows the schema');
  return report;
}

export function places(report: Report): string[] {
  return report.observations.map(({ id, channel, server }) => `${id} ${channel} ${server.host}:${server.port}`);
}
