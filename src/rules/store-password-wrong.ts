import type { Judgement, StoreRule, StoreSubject } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { hasRole, nameOf, storeFault } from './support/stores.ts';

/** The password of the configuration opens the store or its key, or does not. */
export const rule: StoreRule = {
  id: 'store-password-wrong',
  scope: 'store',
  title: 'Password does not open the key store or its key',
  severity: 'high',
  rationale:
    'The process opens its stores when it starts and ends with keystore password was incorrect, or Cannot recover key. In PKCS#12 files of keytool the key has the password of the store, whatever -keypass said, so that two different values in the configuration never work.',
  decides:
    'Opens each store, and the private keys of a keystore, with the passwords of the configuration; keys are dropped at once.',
  verdicts: {
    pass: 'store and keys open',
    fail: 'the password opens the store or its key not',
    'not-applicable': 'the store could not be read at all',
  },
  remediation: remedy(
    'Set the passwords that the file was made with; for PKCS#12 key-password is the same as keystore-password.',
  ),
  references: ['https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/security/security-ssl/'],

  appliesTo: ({ store }: StoreSubject): boolean => store.state === 'read' || store.state === 'wrong-password',

  evaluate(subject: StoreSubject): readonly Judgement[] {
    const { store } = subject;
    if (store.state === 'wrong-password') {
      return [
        storeFault(subject, {
          discriminator: 'store',
          message: `The password that the configuration has for the ${nameOf(subject)} does not open it: the process ends at its next start.`,
          expected: 'the password of the file',
          observed: store.problem ?? 'another one',
          said: `${store.path}: ${store.problem ?? 'wrong password'}`,
        }),
      ];
    }
    if (!hasRole(subject, 'keystore')) return [{ verdict: 'pass' }];
    const closed = store.entries.filter(({ key }) => key === 'wrong-password');
    if (closed.length === 0) return [{ verdict: 'pass' }];
    return [
      storeFault(subject, {
        discriminator: 'key',
        message: `The ${nameOf(subject)} opens, and its private key does not open by key-password: the process ends at its next start.`,
        expected: 'the password of the key',
        observed: 'another one',
        said: `${store.path}: key${closed[0]!.alias === undefined ? '' : ` "${closed[0]!.alias}"`} stays closed`,
      }),
    ];
  },
};
