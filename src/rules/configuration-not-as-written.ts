import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { filePlace } from './support/file-place.ts';
import { remedy } from './support/remedies.ts';

/** Lines and files that Flink reads otherwise than they look, or does not read. */
export const rule: ConfigurationRule = {
  id: 'configuration-not-as-written',
  scope: 'configuration',
  title: 'Configuration is not read as it is written',
  severity: 'medium',
  rationale:
    'Flink 1.19 and 1.20 read flink-conf.yaml and pass over config.yaml beside it; from 2.0 on it is the other way round. Lines that are no key with a value are skipped, and a key that stands twice keeps Flink from starting or silently loses its first value.',
  decides:
    'Collects what does not count as it stands: a second file that this version passes over, lines that are no key with a value, keys that stand twice, files that cannot be read. Medium where Flink does not start with it or does not read it, else low.',
  verdicts: {
    pass: 'everything is read as it is written',
    fail: 'a line or file is read otherwise, or not at all',
    'not-applicable': 'the configuration has no keys',
  },
  remediation: remedy('Keep one file, the one that this version reads, with each key once.'),
  references: ['https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/config/'],

  appliesTo: (subject: ConfigurationSubject): boolean => subject.configuration.keys().length > 0,

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    if (subject.problems.length === 0) return [{ verdict: 'pass' }];
    return subject.problems.map(({ file, line, message }) => ({
      verdict: 'fail',
      severity: /which Flink does not start|not read by Flink|does not read this file/.test(message) ? 'medium' : 'low',
      discriminator: message.slice(0, 120),
      file: filePlace(file, subject.member, line),
      message: `${message[0]!.toUpperCase()}${message.slice(1)}.`,
      expected: 'one file with each key once',
      observed: message,
      evidence: [{ text: `line ${line}: ${message}`, file }],
    }));
  },
};
