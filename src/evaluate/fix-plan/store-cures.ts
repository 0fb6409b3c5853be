import { shellWord } from '../../bytes/shell-word.ts';
import type { Certificate } from '../../model/report.ts';
import type { StoreFacts, StoreFamily } from '../../model/rule.ts';
import { type Cure, leafOf, passwordPlaceholder, passwordVariable, type StoreUsed, storesOf, usesOf } from './cure.ts';
import type { Draft } from './draft.ts';
import { familyOfKey } from './keys.ts';
import { keyTypeOf } from './setting-cures.ts';

/** Cures of findings by work on key stores and by the modes of files, by rule. */
export const STORE_CURES: Readonly<Record<string, Cure>> = {
  'stored-certificate-expired': renewed,
  'stored-certificate-expiring': renewed,
  'stored-certificate-not-yet-valid': renewed,
  'stored-certificate-weak': renewed,

  'store-not-usable': (finding, { draft }) => {
    const uses = finding.verdict === 'fail' ? usesOf(finding, draft).filter(hasPlace) : [];
    const unreadable = uses.some(({ store }) => store.state === 'unreadable');
    if (uses.length === 0 || unreadable) return 'by-hand';
    for (const { use } of uses) {
      const work = draft.stores[use.family];
      if (use.role === 'keystore') {
        work.pair = 'make';
        work.truststore = 'own';
      } else if (work.truststore === 'keep') work.truststore = 'own';
    }
    draft.decide(
      `${finding.file?.path}: the plan makes it anew. Where the file still exists elsewhere, put it back instead and leave out the steps for it.`,
    );
    return 'planned';
  },

  'store-password-wrong': (finding, { draft }) => {
    const uses = usesOf(finding, draft).filter(hasPlace);
    if (!/key-password/.test(finding.message) || uses.length === 0) {
      const first = uses[0]?.use;
      const variable = first === undefined ? 'STORE_PASSWORD' : passwordVariable(first.family, first.role);
      draft.byHand(
        finding,
        `Nobody but you knows the right password. Find the one that opens the file (keytool -list -keystore ${shellWord(finding.file?.path ?? 'FILE')} -storepass:env ${variable}), and write it into the configuration of every process; where it is lost, make the store anew as for an expired one.`,
      );
      return 'by-hand';
    }
    for (const { subject, use } of uses) setPassword(draft, subject, use.family, 'key-password');
    return 'planned';
  },

  'trivial-store-password': (finding, { draft }) => {
    const key = /value of (security\.ssl\.[\w.-]+)/.exec(finding.message)?.[1] ?? '';
    const family = familyOfKey(key);
    if (family === undefined) return 'by-hand';
    draft.stores[family].passwords = 'change';
    return 'planned';
  },

  'truststore-does-not-trust-keystore': (finding, { draft }) => {
    const family = finding.channel === 'rest' ? 'rest' : 'internal';
    const work = draft.stores[family];
    if (work.truststore === 'keep') work.truststore = 'add-own';
    return 'planned';
  },

  'truststore-trusts-strangers': (_, { draft }) => {
    const leaf = leafOf(draft, 'internal')?.leaf;
    if (draft.stores.internal.pair === 'keep' && leaf?.selfIssued !== true) return 'by-hand';
    draft.stores.internal.truststore = 'own';
    return 'planned';
  },

  'keystores-differ': (finding, { draft }) => {
    if (draft.stores.internal.pair !== 'keep') return 'planned';
    const odd = finding.file;
    const good = storesOf(draft, 'internal', 'keystore').find(({ subject }) => subject.member !== odd?.member);
    draft.byHand(
      finding,
      `Copy ${good?.store.path ?? 'the keystore'}${good?.subject.member == null ? '' : ` of ${good.subject.member}`} and its truststore over those of ${odd?.member ?? odd?.path ?? 'this member'} (install -m 0600), over a way that nobody reads, and restart that member; its passwords have to be those of the copies.`,
    );
    return 'by-hand';
  },

  'store-type-mismatch': (finding, { draft }) => {
    const uses = usesOf(finding, draft);
    const told = uses.flatMap(({ subject, use }) =>
      use.type === undefined ? [] : [{ subject, key: use.type.key, use }],
    );
    const format = uses[0]?.store.format ?? '';
    if (told.length > 0 && ['PKCS12', 'JKS'].includes(format)) {
      for (const { subject, key, use } of told) draft.remove(subject, key, use.family ?? 'internal');
      return 'planned';
    }
    const file = finding.file?.path ?? 'FILE';
    draft.byHand(
      finding,
      format === 'PEM'
        ? `Make a PKCS#12 file of it and name that one: openssl pkcs12 -export -in ${shellWord(file)} -name flink -passout env:STORE_PASSWORD -out NEW.p12`
        : `Convert it and name the new file: keytool -importkeystore -srckeystore ${shellWord(file)} -srcstoretype ${format || 'TYPE'} -srcstorepass:env STORE_PASSWORD -destkeystore NEW.p12 -deststoretype PKCS12 -deststorepass:env STORE_PASSWORD`,
    );
    return 'by-hand';
  },

  'store-file-readable-by-others': closed,
  'secret-in-readable-file': closed,
  'state-directory-open-to-others': (finding, context) => {
    const cured = closed(finding, context);
    context.draft.decide(
      'What Flink writes from now on has the modes of its umask: start it with umask 077 (systemd: UMask=0077; containers: a user of its own), or the directories open up again.',
    );
    return cured;
  },
};

interface PlacedStore extends StoreUsed {
  readonly use: StoreUsed['use'] & { readonly family: StoreFamily; readonly role: 'keystore' | 'truststore' };
}

function hasPlace(one: StoreUsed): one is PlacedStore {
  return one.use.family !== undefined && one.use.role !== undefined;
}

/** `chmod` lines of the rules, with their paths quoted. */
function closed(...[finding, { draft }]: Parameters<Cure>): 'planned' | 'by-hand' {
  const mode = /^chmod (?:-R )?\S+/.exec(finding.remediation.command ?? '')?.[0];
  const { file } = finding;
  if (mode === undefined || file === undefined) return 'by-hand';
  const { member } = file;
  draft.fileCommands.push({ line: `${mode} ${shellWord(file.path)}`, ...(member === undefined ? {} : { member }) });
  return 'planned';
}

/** A new pair in the place of the one that is too old, too young or too weak. */
function renewed(...[finding, { draft, now }]: Parameters<Cure>): 'planned' | 'by-hand' {
  const uses = usesOf(finding, draft).filter(hasPlace);
  const keystore = uses.find(({ use }) => use.role === 'keystore');
  const family = (keystore ?? uses[0])?.use.family;
  if (family === undefined) return 'by-hand';
  const own = leafOf(draft, family)?.leaf;
  const isOwn = own !== undefined && (keystore !== undefined || holds(uses[0]!.store, own));
  if (!isOwn || !isFaulty(own, finding.ruleId, now)) {
    draft.byHand(
      finding,
      `It is none of the cluster’s own: find its alias (keytool -list -v -keystore ${shellWord(finding.file?.path ?? 'FILE')} -storepass:env ${passwordVariable(family, 'truststore')}), take it out (keytool -delete -alias ALIAS …) or have it replaced by who issued it, on every host, and restart the processes one by one.`,
    );
    return 'by-hand';
  }
  const work = draft.stores[family];
  if (work.pair === 'make') return 'planned';
  work.pair = own.selfIssued ? 'renew' : 'ask-authority';
  work.keyType = keyTypeOf(own);
  if (own.selfIssued && work.truststore === 'keep' && trustsOwn(draft, family, own)) work.truststore = 'own';
  return 'planned';
}

/** Faults of issuers further up are not mended by another leaf of the same ones. */
function isFaulty(own: Certificate, rule: string, now: number): boolean {
  if (rule === 'stored-certificate-expired') return Date.parse(own.notAfter) < now;
  if (rule === 'stored-certificate-not-yet-valid') return Date.parse(own.notBefore) > now;
  return true;
}

function holds({ entries }: StoreFacts, certificate: Certificate): boolean {
  return entries.some(({ chain }) => chain.some(({ sha256 }) => sha256 === certificate.sha256));
}

/** Internal members trust each other by it; of REST only where the truststore holds it. */
function trustsOwn(draft: Draft, family: StoreFamily, own: Certificate): boolean {
  return family === 'internal' || storesOf(draft, family, 'truststore').some(({ store }) => holds(store, own));
}

/** Writes a password that the environment holds into a setting that has another. */
export function setPassword(
  draft: Draft,
  subject: Draft['subjects'][number],
  family: StoreFamily,
  name: 'keystore-password' | 'key-password' | 'truststore-password',
): void {
  const role = name === 'truststore-password' ? 'truststore' : 'keystore';
  const key = `security.ssl.${family}.${name}`;
  if (subject.configuration.setting(key) === undefined) return;
  draft.set(subject, key, passwordPlaceholder(family, role), family, passwordVariable(family, role));
}
