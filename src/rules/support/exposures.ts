import type { ConfigurationSubject, Exposure, Judgement } from '../../model/rule.ts';
import { filePlace } from './file-place.ts';
import { isSecretName } from './secret-names.ts';
import { groupBy, listed } from './text.ts';

/** Values in plain text of one kind beside the process. */
export function exposuresOf(subject: ConfigurationSubject, kind: Exposure['kind']): readonly Exposure[] {
  return (subject.exposed ?? []).filter((one) => one.kind === kind);
}

/** What a rule says of secrets among them. */
export interface ExposureTexts {
  /** Of the names: `AWS_SECRET_ACCESS_KEY stands …`. */
  message(names: string): string;
  readonly expected: string;
}

/** A failure for each file that shows secrets, with every name and line; a pass where none does. */
export function judgeExposures(
  subject: ConfigurationSubject,
  kind: Exposure['kind'],
  { message, expected }: ExposureTexts,
): readonly Judgement[] {
  const secrets = exposuresOf(subject, kind).filter(({ name }) => isSecretName(name));
  const groups = groupBy(secrets, ({ file }) => file ?? subject.path);
  if (groups.size === 0) return [{ verdict: 'pass' }];
  return [...groups].map(([file, group]): Judgement => {
    const [first] = group;
    const names = listed(group.map(({ name }) => name));
    return {
      verdict: 'fail',
      // Of a running process nobody sees whether a Secret filled it in, and only its own account reads it.
      ...(file.endsWith('/environ') ? { severity: 'low' as const } : {}),
      discriminator: file,
      file: filePlace(file, subject.member, first!.line),
      message: message(names),
      expected,
      observed: names,
      evidence: group.map(({ name, line }) => ({
        text: `${name}: ******${line === undefined ? '' : ` (line ${line})`}`,
        file,
      })),
    };
  });
}
