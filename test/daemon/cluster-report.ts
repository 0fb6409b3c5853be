import type { Run, Trigger } from '../../src/daemon/types.ts';
import type { Certificate, Finding, Observation, Report } from '../../src/model/report.ts';
import { certificate, tlsDetails } from '../support/sample-report.ts';

/** The moment at which the first run of a test begins. */
export const START: number = Date.parse('2026-11-22T12:00:00.000Z');
export const MINUTE = 60_000;

export function timeOf(minutes: number): string {
  return new Date(START + minutes * MINUTE).toISOString();
}

/** 26 characters that sort as their numbers do. */
export function runId(number: number): string {
  return number.toString(32).toUpperCase().padStart(26, '0');
}

/** An endpoint of a TaskManager as an active probe tells it. */
export function asked(member: string, change: Partial<Observation> = {}): Observation {
  return {
    id: 'o1',
    vantage: 'active',
    observedAt: '2026-11-22T12:00:00.123456789Z',
    lastSeenAt: '2026-11-22T12:00:01.987654321Z',
    channel: 'taskmanager-data',
    channelBasis: 'discovery',
    roleBasis: 'syn',
    server: { host: hostOf(member), port: 6121, component: 'taskmanager', member },
    kind: 'tls',
    bytes: { client: 4812, server: 20_114 },
    tls: tlsDetails({ clientCertificate: { seen: 'absent' } }),
    asked: { profile: 'standard', connections: 12, complete: true, logLines: 2, attempts: [] },
    ...change,
  };
}

/** The same endpoint, which said nothing when it was asked. */
export function unanswered(member: string): Observation {
  const { tls: _, asked: __, ...rest } = asked(member);
  return {
    ...rest,
    kind: 'no-answer',
    because: 'timeout',
    asked: { profile: 'standard', connections: 1, complete: false, reason: 'no-answer', logLines: 0, attempts: [] },
  };
}

function hostOf(member: string): string {
  return `10.0.0.${Number(/\d+$/.exec(member)?.[0] ?? 0)}`;
}

export interface ReportPlan {
  /** Minutes behind {@link START}. */
  readonly at?: number;
  readonly observations?: readonly Observation[];
  readonly findings?: readonly Finding[];
  readonly change?: Partial<Report>;
}

export function reportOf({ at = 0, observations = [asked('tm-1')], findings = [], change = {} }: ReportPlan): Report {
  return {
    schemaVersion: 1,
    producer: { name: 'flinkprobe', version: '0.1.0' },
    command: 'verify',
    startedAt: timeOf(at),
    finishedAt: new Date(START + at * MINUTE + 4_321).toISOString(),
    complete: true,
    verdict: findings.some(({ verdict, waived }) => verdict === 'fail' && waived === null) ? 'fail' : 'pass',
    inputs: [{ kind: 'target', path: 'tm-1:6121' }],
    observations: observations.map((one, index) => ({ ...one, id: `o${index + 1}` })),
    expectations: [],
    findings,
    coverage: [],
    watchedSeconds: 4.3,
    ...change,
  };
}

export function runOf(
  number: number,
  plan: ReportPlan & { readonly cluster?: string; readonly trigger?: Trigger } = {},
): Run {
  return {
    id: runId(number),
    cluster: plan.cluster ?? 'prod',
    trigger: plan.trigger ?? 'schedule',
    report: reportOf({ at: number, ...plan }),
  };
}

/** An accusation of an endpoint by the active probe. */
export function accused(member: string, change: Partial<Finding> = {}): Finding {
  return {
    ruleId: 'strangers-accepted',
    severity: 'critical',
    verdict: 'fail',
    channel: 'taskmanager-data',
    endpoint: { host: hostOf(member), port: 6121, component: 'taskmanager', member },
    title: 'A stranger is let in',
    message: 'A certificate of nobody was accepted.',
    expected: 'refused',
    observed: 'admitted',
    evidence: [{ observation: 'o1', text: 'admitted' }],
    witnesses: { wire: 'not-heard', handshake: 'fail', promise: 'not-heard', record: 'not-heard' },
    remediation: { text: 'Set it.', settings: { 'security.ssl.internal.enabled': 'true' }, command: null },
    references: [],
    fingerprint: `${member}-strangers`,
    waived: null,
    ...change,
  };
}

/** A certificate that no other number has. */
export function numbered(number: number): Certificate {
  return certificate({ sha256: number.toString(16).padStart(64, '0'), subject: `CN=number ${number}` });
}
