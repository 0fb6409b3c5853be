import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { complain } from './support/settings.ts';

const SECURE = /-Dzookeeper\.client\.secure=true\b/;
const OPTIONS = [
  'env.java.opts.all',
  'env.java.opts',
  'env.java.opts.jobmanager',
  'env.java.opts.taskmanager',
] as const;

/** Port 2181, or none, which means the same. */
const CLEAR_PORT = /:2181\b|^[^:]*$/;

/** High availability by ZooKeeper without its client's TLS. */
export const rule: ConfigurationRule = {
  id: 'zookeeper-in-clear-by-configuration',
  scope: 'configuration',
  title: 'ZooKeeper is reached in clear by this configuration',
  severity: 'medium',
  rationale:
    'The leader addresses that all processes obey and the pointers to job graphs and checkpoints come from ZooKeeper, with the password of the session. Whoever changes them on the way makes the cluster follow another leader. No security.ssl key reaches the ZooKeeper client.',
  decides:
    'With high availability by ZooKeeper: looks for -Dzookeeper.client.secure=true in env.java.opts.*, and at the port of the quorum. Medium with port 2181 or none, low with another port, since the environment may hold the option.',
  verdicts: {
    pass: 'an option switches the TLS of the client on',
    fail: 'no option of this configuration switches the TLS of the client on',
    'not-applicable': 'high availability is not by ZooKeeper',
  },
  toldBy: ['plaintext-external-system'],
  remediation: remedy(
    'Give the ZooKeeper client its TLS by JVM properties on every process, and name the secureClientPort of ZooKeeper in the quorum.',
  ),
  references: ['https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/ha/zookeeper_ha/'],

  appliesTo: (subject: ConfigurationSubject): boolean => /^zookeeper$/i.test(type(subject)),

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const { configuration } = subject;
    if (OPTIONS.some((key) => SECURE.test(configuration.setting(key)?.value ?? ''))) return [{ verdict: 'pass' }];
    const quorum = configuration.setting('high-availability.zookeeper.quorum', 'recovery.zookeeper.quorum');
    const setting = quorum ?? configuration.setting('high-availability.type', 'high-availability');
    if (setting === undefined) return [{ verdict: 'pass' }];
    const clear = CLEAR_PORT.test(quorum?.value ?? '');
    return [
      complain(setting, subject, {
        channel: 'high-availability',
        // The options may come from the environment instead; by custom the port tells.
        severity: clear ? 'medium' : 'low',
        message: clear
          ? 'No JVM option switches the TLS of the ZooKeeper client on, and the quorum names its clear port: leader addresses and pointers to state cross in clear.'
          : 'No JVM option of this configuration switches the TLS of the ZooKeeper client on; unless the environment of the processes does, leader addresses and pointers to state cross in clear.',
        expected: '-Dzookeeper.client.secure=true in env.java.opts.all',
        observed: 'no such option in this configuration',
      }),
    ];
  },
};

function type({ configuration }: ConfigurationSubject): string {
  return configuration.settingOr('high-availability.type', 'NONE', 'high-availability', 'recovery.mode').value.trim();
}
