import type { ClusterRule, ClusterSubject, Judgement } from '../model/rule.ts';
import { filePlace } from './support/file-place.ts';
import { type LogObservation, logEvidence, logObservations } from './support/log-lines.ts';
import { remedy } from './support/remedies.ts';
import { distinct, groupBy, listed, processOf } from './support/text.ts';

/**
 * A log holds a secret: Flink writes its Java options as they are, passwords included. Lines of processes that have ended
 * since count as well: the secret still stands there.
 */
export const rule: ClusterRule = {
  id: 'secret-in-log',
  scope: 'cluster',
  title: 'A secret stands in the log',
  severity: 'high',
  rationale:
    'Flink masks passwords of its own configuration in its log, and writes the options of its Java process as they are. Logs are collected, shipped and read by many, and REST serves them to whoever asks (/jobmanager/log): a password of a key store or of ZooKeeper is no secret there.',
  decides:
    'Looks for lines of the logs that show the value of a -D property with a secret, those of processes that have ended included.',
  verdicts: {
    pass: 'no line shows one',
    fail: 'a line shows the value of a secret',
    'not-applicable': 'no log was read',
  },
  hears: ['record'],
  remediation: remedy(
    'Change the secret, and hand it over in a file: security.ssl.* in the configuration, a ZooKeeper client configuration file (zookeeper.client.config, or passwordPath in ZooKeeper 3.8 and newer), a truststore without a password for javax.net.ssl. Remove it from the logs that are kept.',
  ),
  references: ['https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/config/'],

  appliesTo(subject: ClusterSubject): boolean {
    return logObservations(subject.observations).length > 0;
  },

  evaluate(subject: ClusterSubject): readonly Judgement[] {
    const written = logObservations(subject.observations).filter(({ log }) => log.event === 'secret-written');
    const groups = groupBy(written, ({ server, log }) => `${processOf(server)} ${log.file}`);
    return groups.size === 0 ? [{ verdict: 'pass' }] : [...groups.values()].map(judge);
  },
};

function judge(group: readonly LogObservation[]): Judgement {
  const first = group[0]!;
  const names = distinct(group.map(({ log }) => log.failure?.subject));
  return {
    verdict: 'fail',
    file: filePlace(first.log.file, first.server.member, first.log.line),
    message: `The log of ${processOf(first.server)} shows the value of ${listed(names)}.`,
    expected: 'no secret in a log',
    observed: names.map((name) => `-D${name}`).join(', '),
    evidence: group.map((one) => logEvidence(one)),
  };
}
