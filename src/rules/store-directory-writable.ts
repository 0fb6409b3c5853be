import type { Judgement, StoreRule, StoreSubject } from '../model/rule.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { nameOf, storeFault } from './support/stores.ts';

/** Who may rename in a directory on the way puts a store of his own in place, whatever the mode of the file is. */
export const rule: StoreRule = {
  id: 'store-directory-writable',
  scope: 'store',
  title: 'Key store lies where others may put another in its place',
  severity: 'high',
  rationale:
    'Whoever may write a directory may rename what is in it: the truststore, or the folder that holds it, is exchanged for one that trusts a stranger, and the next restart lets him into the cluster. The mode of the file itself does not help. The sticky bit, as /tmp and the secret volumes of Kubernetes have it, keeps others off.',
  decides:
    'Looks at the mode of every directory in which a name of the path is looked up, also those behind symbolic links, and at who gets as far as there. A directory that others may write without the sticky bit fails as high, one that a group with other members may write as medium.',
  verdicts: {
    pass: 'on the way to the file the owners alone may rename',
    fail: 'others may put another file in its place',
    'not-applicable': 'the file was not found, or the system has no modes',
  },
  remediation: {
    ...remedy('Let root or the Flink user alone write every directory above the stores.'),
    command: 'chmod go-w DIRECTORY',
  },
  references: [SECURITY_SSL_PAGE, 'https://man7.org/linux/man-pages/man7/path_resolution.7.html'],

  appliesTo: ({ store }: StoreSubject): boolean => store.file?.mode !== undefined,

  evaluate(subject: StoreSubject): readonly Judgement[] {
    const { file, path } = subject.store;
    const open = file?.exchangeableIn;
    if (open === undefined) return [{ verdict: 'pass' }];
    const who = open.by === 'others' ? 'every account of the machine' : 'every member of its group';
    return [
      storeFault(subject, {
        severity: open.by === 'others' ? 'high' : 'medium',
        message: `The ${nameOf(subject)} may be exchanged: ${who} may rename what is in ${open.path}.`,
        expected: 'directories that their owners alone may write, or with the sticky bit',
        observed: `${open.path}: mode ${open.mode}, owned by ${open.owner}`,
        said: `${path}: ${['looked up', ...(file?.links ?? [])].join(', ')} through ${open.path} (mode ${open.mode})`,
        remediation: { ...rule.remediation, command: `chmod go-w ${open.path}` },
      }),
    ];
  },
};
