import type { Setting } from '../model/report.ts';
import type { ConfigurationRule, ConfigurationSubject, Judgement, StoreUse } from '../model/rule.ts';
import { filePlace } from './support/file-place.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { complain, shown } from './support/settings.ts';
import { channelOfFamily } from './support/stores.ts';

/** Folders of Flink's images that hold code, and none of them is mounted: what lies there was built in. */
const CODE_FOLDERS = /^(?:file:\/*)?(?:\/opt\/flink\/|\$\{?FLINK_HOME\}?\/)(?:usrlib|lib|plugins|opt)\//;
const IN_A_JAR = /^(?:classpath|jar):|\.jar!\//i;

/** Key stores that travel with code: everybody who gets the image or the jar has the key. */
export const rule: ConfigurationRule = {
  id: 'store-in-image-or-jar',
  scope: 'configuration',
  title: 'Key store is part of the image or of a jar',
  severity: 'medium',
  rationale:
    'A private key in an image or a job jar is copied to every registry, build machine, laptop and REST upload directory that the image or the jar passes, and stays in old layers after it was replaced. With it and its password anybody joins the cluster. It cannot be renewed without a new build.',
  decides:
    'Looks at the paths of the stores that the configuration names: below lib, usrlib, plugins or opt of Flink, or inside a jar; where a Flink stands around the configuration, also at the names of the entries in its jars of lib and usrlib. A store that Kubernetes mounts there (a link by ..data) is no fault. A keystore is medium; a truststore, and one in a jar that no configuration names, is low.',
  verdicts: {
    pass: 'no store lies among the code',
    fail: 'a store lies among the code',
    'not-applicable': 'the configuration names no store, and no Flink stands around it',
  },
  remediation: remedy(
    'Take the store out of the image or the jar, issue a new certificate, and mount it from a secret of the platform (Kubernetes: a secret volume with defaultMode 0400).',
  ),
  references: [SECURITY_SSL_PAGE, 'https://kubernetes.io/docs/concepts/configuration/secret/'],

  appliesTo: ({ stores, home }: ConfigurationSubject): boolean =>
    stores.some(({ use }) => use.setting !== undefined) || home !== undefined,

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const judgements = [...named(subject), ...packed(subject)];
    return judgements.length > 0 ? judgements : [{ verdict: 'pass' }];
  },
};

function named(subject: ConfigurationSubject): readonly Judgement[] {
  return subject.stores.flatMap(({ use, store }): Judgement[] => {
    const { setting } = use;
    const isMounted = store.file?.links?.some((link) => link.includes('..data')) === true;
    if (setting === undefined || isMounted || !isAmongCode(setting, store.file?.target ?? store.file?.path, subject)) {
      return [];
    }
    return [
      complain(setting, subject, {
        severity: use.role === 'truststore' ? 'low' : 'medium',
        ...channelOfFamily(use.family),
        message: `The ${words(use)} lies among the code${IN_A_JAR.test(setting.value) ? ', in a jar that Flink cannot even open it from' : ''}: who has the image or the jar has it.`,
        expected: 'a file that is mounted from a secret',
        observed: shown(setting),
      }),
    ];
  });
}

function isAmongCode(setting: Setting, file: string | undefined, { home }: ConfigurationSubject): boolean {
  const value = setting.value.trim();
  if (CODE_FOLDERS.test(value) || IN_A_JAR.test(value)) return true;
  if (home === undefined || file === undefined) return false;
  return ['lib', 'usrlib', 'plugins', 'opt'].some((folder) => file.startsWith(`${home.path}/${folder}/`));
}

function packed(subject: ConfigurationSubject): readonly Judgement[] {
  const configured = subject.stores.map(({ store }) => baseName(store.path));
  return (subject.home?.packedStores ?? []).map(({ jar, entry }) => ({
    verdict: 'fail',
    severity: configured.includes(baseName(entry)) ? 'medium' : 'low',
    discriminator: `${baseName(jar)}!${entry}`,
    file: filePlace(jar, subject.member),
    message: `The jar holds ${entry}, which is named as a key store.`,
    expected: 'no key store in a jar',
    observed: entry,
    evidence: [{ text: `${baseName(jar)} holds ${entry}`, file: jar }],
  }));
}

function words({ family, role }: StoreUse): string {
  return `${family ?? ''} ${role ?? 'store'}`.trim();
}

function baseName(file: string): string {
  return file.split('/').at(-1) ?? file;
}
