import type { Judgement, StoreRule, StoreState, StoreSubject } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { channelOf, hasRole, nameOf, storeEvidence, storeFault, storePlace } from './support/stores.ts';
import { count } from './support/text.ts';

/** A store that is missing, not readable, damaged or without what it is there for: processes that name it do not start. */
export const rule: StoreRule = {
  id: 'store-not-usable',
  scope: 'store',
  title: 'Key store cannot be used',
  severity: 'high',
  rationale:
    'A process opens its stores when it starts, and ends where it cannot: after a restart the cluster does not come back. A running process shows nothing of it, since it read the file before it was moved, damaged or emptied.',
  decides:
    'Looks whether each store is there, readable and undamaged, whether a keystore holds a private key, and a truststore a certificate that Java sees: PKCS#12 files of OpenSSL lack the attribute by which it trusts. Wrong passwords are told by store-password-wrong.',
  verdicts: {
    pass: 'the store was opened and holds what it is for',
    fail: 'it is missing, not readable, damaged, empty or without what it is for',
    inconclusive: 'no password is known for it, its format is not read here, or not even its folder is on this machine',
    'not-applicable': 'its password is wrong (store-password-wrong tells it)',
  },
  remediation: remedy(
    'Put the file where the configuration says, readable to the Flink user, and look into it with keytool -list before the next restart.',
  ),
  references: ['https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/security/security-ssl/'],

  appliesTo: (subject: StoreSubject): boolean => subject.store.state !== 'wrong-password',

  evaluate(subject: StoreSubject): readonly Judgement[] {
    const { state, problem = state } = subject.store;
    if (state === 'read') return contents(subject);
    if (state === 'password-needed') return [unseen(subject, 'no password is known for it')];
    // What is not read here, Java and its providers may read.
    if (state === 'unsupported') return [unseen(subject, `it ${problem}`)];
    // The stores of another machine are not missing, they are elsewhere.
    if (state === 'missing' && subject.store.folder === 'missing') {
      return [
        unseen(
          subject,
          'this machine has not even its folder; run flinkprobe where Flink runs, or give a copy with --keystore',
        ),
      ];
    }
    return [
      storeFault(subject, {
        message: `The ${nameOf(subject)} ${WORDS[state]}: ${problem}. ${AFTER_RESTART}`,
        expected: 'a file that Flink can open',
        observed: problem,
        said: `${subject.store.path}: ${problem}`,
      }),
    ];
  },
};

const AFTER_RESTART = 'The process ends at its next start.';

const WORDS: Readonly<Record<StoreState, string>> = {
  read: 'is there',
  missing: 'is missing',
  unreadable: 'cannot be read by this user',
  damaged: 'is damaged',
  unsupported: 'is of a kind that is not read here',
  empty: 'is empty',
  'wrong-password': 'does not open',
  'password-needed': 'does not open',
};

/** Roles that its entries cannot fill. */
function contents(subject: StoreSubject): readonly Judgement[] {
  const { entries } = subject.store;
  const keys = entries.filter(({ kind }) => kind === 'key');
  if (hasRole(subject, 'keystore') && keys.length === 0) {
    return [
      storeFault(subject, {
        discriminator: 'no private key',
        message: `The ${nameOf(subject)} holds no private key: no handshake of this process can succeed.`,
        expected: 'a private key with its certificate',
        observed: `${count(entries.length, 'trusted certificate')} and no key`,
        said: `${subject.store.path} holds no private key`,
      }),
    ];
  }
  if (hasRole(subject, 'truststore') && entries.length === 0) {
    return [
      storeFault(subject, {
        discriminator: 'no certificate',
        message: `The ${nameOf(subject)} holds no certificate: nobody is trusted.`,
        expected: 'at least one certificate',
        observed: 'none',
        said: `${subject.store.path} holds no certificate`,
      }),
    ];
  }
  return [withoutTrust(subject) ?? { verdict: 'pass' }];
}

/** As the reading of PKCS#12 says it: `2 certificates without Java's trust attribute: …`. */
const WITHOUT_TRUST = /^(\d+) certificates? without Java's trust attribute: Java trusts none/;

/** OpenSSL writes trust stores in which Java sees nothing. */
function withoutTrust(subject: StoreSubject): Judgement | undefined {
  const { entries, problems, path } = subject.store;
  const lacking = problems.map((one) => WITHOUT_TRUST.exec(one)?.[1]).find((one) => one !== undefined);
  if (lacking === undefined || !hasRole(subject, 'truststore')) return undefined;
  const isAll = Number(lacking) >= entries.length;
  return storeFault(subject, {
    severity: isAll ? 'high' : 'medium',
    discriminator: 'no trust attribute',
    message: isAll
      ? `Java trusts nothing in the ${nameOf(subject)}: ports open and every handshake fails (trustAnchors parameter must be non-empty).`
      : `Java passes over ${lacking} of the ${count(entries.length, 'certificate')} in the ${nameOf(subject)}.`,
    expected: "certificates with Java's trust attribute",
    observed: `${lacking} without it`,
    said: `${path}: ${lacking} without the attribute 2.16.840.1.113894.746875.1.1`,
    remediation: {
      ...remedy('Import the certificates with keytool, which OpenSSL cannot replace here.'),
      command: `keytool -importcert -storetype PKCS12 -keystore ${path} -alias NAME -file CERTIFICATE`,
    },
  });
}

function unseen(subject: StoreSubject, why: string): Judgement {
  return {
    verdict: 'inconclusive',
    severity: 'info',
    ...channelOf(subject),
    file: storePlace(subject),
    message: `The ${nameOf(subject)} was not looked into: ${why}.`,
    expected: 'a file that can be opened here',
    observed: subject.store.problem ?? subject.store.state,
    evidence: storeEvidence(subject, `${subject.store.path}: ${subject.store.problem ?? subject.store.state}`),
    remediation: remedy(
      'Run the audit where Flink runs, as a user who may read the stores, or give a copy with --keystore.',
    ),
  };
}
