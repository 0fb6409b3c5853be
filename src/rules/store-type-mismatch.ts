import type { Judgement, StoreRule, StoreSubject, StoreUse } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { nameOf, storeFault } from './support/stores.ts';

/** A file of another type than the configuration, its name or the JVM expects. */
export const rule: StoreRule = {
  id: 'store-type-mismatch',
  scope: 'store',
  title: 'Key store is of another type than it is opened as',
  severity: 'high',
  rationale:
    'Up to Flink 1.19 the JVM decides the type, from 1.20 on keystore-type and truststore-type may. Java opens JKS files as PKCS12 and the other way round (keystore.type.compat), but no PEM, no JCEKS and nothing under a type of another kind. A name that says .p12 for a JKS file misleads the next who works with it.',
  decides:
    'Tells the type of a store by its content and compares it with keystore-type or truststore-type, else with what Java opens by default (PKCS12 and JKS, each as the other). Types that no file has (PKCS11, Windows-ROOT) fail. A name that says another type than the content is low.',
  verdicts: {
    pass: 'Java opens the store by its type, and its name does not mislead',
    fail: 'Java does not open it by that type, or its name says another one',
    'not-applicable': 'its type could not be told',
  },
  remediation: remedy(
    'Convert the file (keytool -importkeystore -deststoretype PKCS12), or take the type setting out of the configuration.',
  ),
  references: [
    'FLINK-35371',
    'https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/security/security-ssl/',
  ],

  appliesTo: ({ store, uses }: StoreSubject): boolean => store.format !== undefined || uses.some(isNoFile),

  evaluate(subject: StoreSubject): readonly Judgement[] {
    const { store } = subject;
    const elsewhere = subject.uses.find(isNoFile);
    if (elsewhere !== undefined) return [noFile(subject, elsewhere)];
    const format = store.format!;
    const told = subject.uses.find((use) => use.type !== undefined && !opens(use.type.value, format));
    if (told !== undefined) return [mismatch(subject, told, format)];
    const isNamed = subject.uses.some((use) => use.setting !== undefined);
    if (isNamed && subject.uses.every((use) => use.type === undefined) && !DUAL.includes(format)) {
      return [byDefault(subject, format)];
    }
    const named = extensionType(store.path);
    if (named === undefined || named === format || !isNamed) return [{ verdict: 'pass' }];
    return [
      storeFault(subject, {
        severity: 'low',
        discriminator: 'name',
        message: `The ${nameOf(subject)} is ${format} by its content and ${named} by its name.`,
        expected: `a ${named} file`,
        observed: `${format}`,
        said: `${store.path} holds ${format}`,
      }),
    ];
  },
};

/** Types whose entries stand in no file: tokens, and the stores of operating systems (providers of the JDK). */
const NO_FILES = /^(?:pkcs11|windows-.+|keychainstore.*)$/i;

function isNoFile({ type }: StoreUse): boolean {
  return type !== undefined && NO_FILES.test(type.value.trim());
}

/** Flink hands every type the bytes of the file (`SSLUtils`): PKCS11 refuses them, Windows' own ignores them. */
function noFile(subject: StoreSubject, { type }: StoreUse): Judgement {
  const isToken = /^pkcs11$/i.test(type!.value.trim());
  return storeFault(subject, {
    discriminator: 'type',
    message: `The ${nameOf(subject)} is a file, and ${type!.key} says ${type!.value.trim()}, which is none: ${isToken ? 'Java refuses to read a token from a file, and the process does not start' : 'Java passes the file over and takes what the operating system trusts and holds'}.`,
    expected: 'a type that is kept in a file',
    observed: type!.value.trim(),
    said: `${subject.store.path} is opened as ${type!.value.trim()}`,
  });
}

/** `keystore.type.compat` of the JDK: PKCS12 and JKS stand for each other. */
const DUAL: readonly string[] = ['PKCS12', 'JKS'];

function opens(type: string, format: string): boolean {
  const asked = type.trim().toUpperCase().replace('#', '');
  return asked === format || (DUAL.includes(asked) && DUAL.includes(format));
}

function extensionType(path: string): string | undefined {
  const ending = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase();
  return { p12: 'PKCS12', pfx: 'PKCS12', jks: 'JKS', jceks: 'JCEKS', pem: 'PEM' }[ending ?? ''];
}

function mismatch(subject: StoreSubject, use: StoreUse, format: string): Judgement {
  return storeFault(subject, {
    discriminator: 'type',
    message: `The ${nameOf(subject)} is ${format} by its content, and ${use.type!.key} says ${use.type!.value}: Java does not open it, and the process does not start.`,
    expected: use.type!.value,
    observed: format,
    said: `${subject.store.path} holds ${format}`,
  });
}

function byDefault(subject: StoreSubject, format: string): Judgement {
  return storeFault(subject, {
    discriminator: 'default type',
    message: `The ${nameOf(subject)} is ${format}, which Java opens only where a type setting says so: none does, so the process does not start.`,
    expected: 'PKCS12 or JKS, the types of the JVM',
    observed: format,
    said: `${subject.store.path} holds ${format}`,
  });
}
