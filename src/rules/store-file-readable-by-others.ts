import type { Judgement, StoreRule, StoreSubject } from '../model/rule.ts';
import { isReadableByGroup, isReadableByOthers, isWritableByGroup, isWritableByOthers } from './support/file-mode.ts';
import { remedy } from './support/remedies.ts';
import { nameOf, storeFault } from './support/stores.ts';

/** Modes of files with private keys, and of any store that others may change. */
export const rule: StoreRule = {
  id: 'store-file-readable-by-others',
  scope: 'store',
  title: 'Key store may be read or changed by others',
  severity: 'high',
  rationale:
    'The internal keystore is the membership card of the cluster: a copy of it and a password from a configuration let any process join. Whoever may write a truststore decides whom the cluster lets in. Containers run as one user, hosts do not.',
  decides:
    'Looks at the mode of each store file: writable to every account is high and to the group low for any store, readable to every account high and to the group low where it holds a private key, or is named as a keystore and could not be opened.',
  verdicts: {
    pass: 'the owner alone may change it, and read it if it holds a key',
    fail: 'others may copy the private key, or change the store',
    'not-applicable': 'the file was not found, or the system has no modes',
  },
  remediation: {
    ...remedy('Let the Flink user alone own and read it, and mount it from a secret with defaultMode 0400.'),
    command: 'chmod 0600 FILE',
  },
  references: ['https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/security/security-ssl/'],

  appliesTo: ({ store }: StoreSubject): boolean => store.file?.mode !== undefined,

  evaluate(subject: StoreSubject): readonly Judgement[] {
    const { store } = subject;
    const { mode, owner } = store.file!;
    const holdsKey = store.entries.some(({ kind }) => kind === 'key') || isKeystoreByName(subject);
    const fault = faultOf(mode, holdsKey);
    if (fault === undefined) return [{ verdict: 'pass' }];
    return [
      storeFault(subject, {
        severity: fault.severity,
        discriminator: fault.who,
        message: `The ${nameOf(subject)} ${fault.text}.`,
        expected: holdsKey
          ? 'mode 0600 or 0400, owned by the Flink user'
          : 'a file that the Flink user alone may change',
        observed: `mode ${mode}, owned by ${owner ?? 'nobody knows whom'}`,
        said: `${store.path}: mode ${mode}`,
        remediation: { ...rule.remediation, command: `chmod ${holdsKey ? '0600' : '0644'} ${store.path}` },
      }),
    ];
  },
};

/** One that stays closed may hold a key all the same. */
function isKeystoreByName({ store, uses }: StoreSubject): boolean {
  return store.state !== 'read' && uses.some(({ role }) => role === 'keystore');
}

interface Fault {
  readonly who: string;
  readonly text: string;
  readonly severity: 'high' | 'low';
}

function faultOf(mode: string | undefined, holdsKey: boolean): Fault | undefined {
  if (isWritableByOthers(mode))
    return { who: 'written', text: 'may be changed by every account of the machine', severity: 'high' };
  if (holdsKey && isReadableByOthers(mode))
    return { who: 'world', text: 'holds a private key that every account of the machine may copy', severity: 'high' };
  if (isWritableByGroup(mode))
    return { who: 'group-written', text: "may be changed by every member of the file's group", severity: 'low' };
  if (!holdsKey) return undefined;
  // How Kubernetes mounts secrets (fsGroup).
  if (isReadableByGroup(mode))
    return {
      who: 'group',
      text: "holds a private key that every member of the file's group may copy",
      severity: 'low',
    };
  return undefined;
}
