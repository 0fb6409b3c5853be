import type { Finding } from '../../model/report.ts';
import type { ConfigurationSubject, StoreFamily } from '../../model/rule.ts';
import { type Cure, leafOf, storesOf, subjectsOf } from './cure.ts';
import { Draft } from './draft.ts';
import { effectOf, storeKeys } from './keys.ts';
import { concreteSettings, SETTING_CURES, setPin } from './setting-cures.ts';
import { STORE_CURES, setPassword } from './store-cures.ts';

/** Where a finding is mended. */
export type CurePlace = 'settings' | 'stores' | 'files' | 'by-hand';

export interface Drafted {
  readonly draft: Draft;
  /** By fingerprint; every finding is there. */
  readonly places: ReadonlyMap<string, CurePlace>;
}

/** Stores come first: which suites and pins are right depends on what is in them. */
export function draftOf(findings: readonly Finding[], subjects: readonly ConfigurationSubject[], now: number): Drafted {
  const draft = new Draft(subjects);
  const places = new Map<string, CurePlace>();
  const context = { draft, now };
  const cured = (finding: Finding, cure: Cure, place: CurePlace): void => {
    places.set(finding.fingerprint, cure(finding, context) === 'planned' ? place : 'by-hand');
  };
  for (const finding of findings) {
    const cure = STORE_CURES[finding.ruleId];
    if (cure !== undefined) cured(finding, cure, placeOfStoreCure(finding.ruleId));
  }
  // What was meant under another name is there already.
  const renamed = findings.filter(({ ruleId }) => ruleId === 'unknown-tls-key');
  for (const finding of [...renamed, ...findings]) {
    if (places.has(finding.fingerprint)) continue;
    cured(finding, SETTING_CURES[finding.ruleId] ?? byItsRemediation, 'settings');
  }
  finish(draft);
  return { draft, places };
}

function placeOfStoreCure(rule: string): CurePlace {
  if (/readable|open-to-others/.test(rule)) return 'files';
  return rule === 'store-password-wrong' || rule === 'store-type-mismatch' || rule === 'trivial-store-password'
    ? 'settings'
    : 'stores';
}

/** A rule that nobody wrote a cure for: its own settings, where they can be written as they stand. */
const byItsRemediation: Cure = (finding, { draft }) => {
  const settings = finding.verdict === 'fail' ? concreteSettings(finding) : undefined;
  const subjects = subjectsOf(finding, draft);
  if (settings === undefined || subjects.length === 0) return 'by-hand';
  for (const subject of subjects) {
    for (const [key, value] of Object.entries(settings)) draft.set(subject, key, value, effectOf(key));
  }
  return 'planned';
};

/** What the work on stores asks of the settings. */
function finish(draft: Draft): void {
  for (const family of ['internal', 'rest'] as const) {
    const { pair, truststore, passwords } = draft.stores[family];
    for (const subject of draft.subjects) {
      if (passwords === 'change') {
        for (const name of ['keystore-password', 'key-password', 'truststore-password'] as const)
          setPassword(draft, subject, family, name);
      }
      if (pair !== 'keep') {
        // In PKCS#12 files of keytool a key has the password of its store.
        if (differ(subject, family)) setPassword(draft, subject, family, 'key-password');
        if (subject.configuration.setting(`security.ssl.${family}.cert.fingerprint`) !== undefined)
          setPin(draft, subject, family);
        leaveOutTypes(draft, subject, family, 'keystore');
      }
      if (truststore === 'own') leaveOutTypes(draft, subject, family, 'truststore');
    }
  }
}

/** The new file is PKCS#12; a type setting that says otherwise goes. */
function leaveOutTypes(
  draft: Draft,
  subject: ConfigurationSubject,
  family: StoreFamily,
  role: 'keystore' | 'truststore',
): void {
  const key = `security.ssl.${family}.${role}-type`;
  const type = subject.configuration.setting(key)?.value.trim().toUpperCase();
  if (type !== undefined && type !== 'PKCS12' && type !== 'JKS') draft.remove(subject, key, family);
}

function differ({ configuration }: ConfigurationSubject, family: StoreFamily): boolean {
  const store = configuration.setting(...storeKeys(family, 'keystore-password'))?.value;
  const key = configuration.setting(...storeKeys(family, 'key-password'))?.value;
  return store !== undefined && key !== undefined && store !== key;
}

/** One file for both roles, as in Flink's guide. */
export function isSharedStore(draft: Draft, family: StoreFamily): boolean {
  const own = leafOf(draft, family)?.path ?? storesOf(draft, family, 'keystore')[0]?.store.path;
  return own !== undefined && storesOf(draft, family, 'truststore').some(({ store }) => store.path === own);
}
