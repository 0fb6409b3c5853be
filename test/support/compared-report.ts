import { compareWithBaseline } from '../../src/evaluate/baseline.ts';
import type { Finding, Observation, Report } from '../../src/model/report.ts';
import {
  active,
  activeClear,
  baseline,
  certificate,
  chain,
  JM,
  noAnswer,
  proof,
  TLS12_SUITES,
  TM1,
  TM2,
} from './observations.ts';
import { finding } from './sample-report.ts';

/** Names that only such a report has; none of them may get through `--redact`. */
export const SECRETS: readonly string[] = ['job_manager', 'flink.acme', 'uid-4711', '10.77.0', 'acme', '"jm"', 'CN='];

const OTHER = certificate({ sha256: 'dd'.repeat(32), subject: 'CN=acme new', issuer: 'CN=acme new' });

function observations(): readonly Observation[] {
  const asked = {
    name: 'flink.acme.example',
    clear: { request: 'GET /config', outcome: 'not-answered', text: '301 to https://flink.acme.example/' },
    contradictions: ['10.77.0.1 said TLSv1.2 to connection 2 and TLSv1.3 to connection 5'],
    attempts: [
      { purpose: 'hello with the name flink.acme.example', result: 'TLSv1.3 TLS_AES_256_GCM_SHA384 of 10.77.0.1' },
    ],
  } as const;
  const alternativeChains = [{ versions: ['TLSv1.2'], keyType: 'RSA', chain: [OTHER] }];
  return [
    active({
      channel: 'rest',
      server: JM,
      demands: { 'TLSv1.3': 'required', 'TLSv1.2': 'not-requested' },
      tls: { refusedServerName: { name: 'job_manager', alert: 'illegal_parameter' }, alternativeChains },
      asked,
    }),
    active({ server: JM, admission: [proof('stranger', 'admitted')] }),
    active({
      channel: 'taskmanager-data',
      server: TM1,
      suites: { 'TLSv1.2': [...TLS12_SUITES, 'TLS_RSA_WITH_AES_128_CBC_SHA'] },
      tls: { serverCertificate: chain(OTHER) },
    }),
    activeClear({ channel: 'taskmanager-rpc', server: TM1 }),
    noAnswer('timeout', { channel: 'taskmanager-data', server: TM2 }),
    active({ channel: 'blob-server', server: JM, suites: {}, tls: { outcome: 'refused', accepted: NONE } }),
  ];
}

const NONE = { versions: [], cipherSuites: {}, namedGroups: [], signatureSchemes: [] };

/** A run of `verify` held beside an earlier one: weaker, stronger, new, gone and fixed, restarted and not. */
export function comparedReport(change: Partial<Report> = {}): Report {
  const process = (member: string, identity: string) =>
    ({ component: member === 'jm' ? 'jobmanager' : 'taskmanager', member, source: 'rest', identity }) as const;
  const found = (ruleId: string, fingerprint: string, own: Partial<Finding> = {}): Finding =>
    finding({ ruleId, fingerprint: fingerprint.repeat(32), endpoint: { ...TM1, port: 6121 }, ...own });
  const earlier = baseline(
    [
      active({ channel: 'rest', server: JM }),
      active({ server: JM }),
      active({ channel: 'taskmanager-data', server: TM1 }),
      active({ channel: 'taskmanager-rpc', server: TM1 }),
      active({ channel: 'taskmanager-data', server: TM2 }),
      active({ channel: 'taskmanager-rpc', server: TM2 }),
    ],
    {
      processes: [process('jm', 'uid-4711'), process('tm1', 'b'), process('tm2', 'c')],
      findings: [found('expired-certificate', 'a')],
    },
  );
  const seen = observations();
  const report = baseline(seen, {
    startedAt: '2026-11-22T13:00:00Z',
    finishedAt: '2026-11-22T13:00:05Z',
    verdict: 'fail',
    inputs: [
      { kind: 'target', path: 'rest=flink.acme.example:8081' },
      { kind: 'target', path: 'tm1' },
    ],
    processes: [process('jm', 'uid-4711'), process('tm1', 'x')],
    watchedSeconds: 4.9,
    findings: [
      found('static-rsa-key-exchange', 'b', {
        severity: 'medium',
        evidence: [{ observation: seen[2]!.id, text: 'connection 2: accepted TLS_RSA_WITH_AES_128_CBC_SHA' }],
      }),
    ],
    ...change,
  });
  return compareWithBaseline(report, earlier, '/srv/acme/before.json');
}
