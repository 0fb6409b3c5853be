import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditComparison, compareAudit } from './audit-compare.ts';
import { auditTruth } from './audit-truth.ts';
import type { Case } from './cases.ts';
import { type Cluster, logOf } from './cluster.ts';
import type { LogMarks } from './log-lines.ts';
import { configurations, failure, flinkprobe } from './witnesses.ts';

export interface Audited extends AuditComparison {
  readonly seconds: number;
  readonly exitCode: number;
}

/**
 * Updates of Java 17 around JDK-8245545, which disabled `TLS_RSA_*`: the bed gives every JVM the list of one or the
 * other, whatever update it really is.
 */
const JDK: Readonly<Record<'takes-static-rsa' | NonNullable<Case['jdk']>, string>> = {
  'takes-static-rsa': '17.0.17',
  'refuses-static-rsa': '17.0.18',
};

/**
 * `audit` of a cluster's configurations, stores and logs, the logs as they stood at the marks: what a probe caused is no
 * record of the cluster. @throws Error when it gives no report
 */
export async function askAudit(cluster: Cluster, marks: LogMarks): Promise<Audited> {
  const { folder, theCase, truth, distribution } = cluster.setting;
  const args = [
    ...['audit', ...configurations(cluster), '--jdk', JDK[theCase.jdk ?? 'takes-static-rsa']],
    ...logsUntil(cluster, marks).flatMap((file) => ['--log', file]),
  ];
  const answer = await flinkprobe([], args, join(folder, 'audit.json'));
  if (!answer.report) throw failure('audit', answer);
  const dictated = auditTruth(theCase.name, distribution.version, truth);
  const compared = compareAudit(answer.report, truth, dictated);
  return { ...compared, seconds: answer.seconds, exitCode: answer.code };
}

/** Copies of the logs up to the marks, each as `MEMBER=FILE`. */
export function logsUntil(cluster: Cluster, marks: LogMarks, name = 'record'): readonly string[] {
  const place = join(cluster.setting.folder, name);
  mkdirSync(place, { recursive: true });
  return [...cluster.processes.values()].map((one) => {
    const file = join(place, `${one.name}.log`);
    writeFileSync(file, logOf(one).slice(0, marks.get(one.name)), { mode: 0o600 });
    return `${one.member}=${file}`;
  });
}
