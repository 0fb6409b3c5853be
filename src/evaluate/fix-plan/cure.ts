import type { Certificate, Finding } from '../../model/report.ts';
import type { ConfigurationSubject, StoreFacts, StoreFamily, StoreUse } from '../../model/rule.ts';
import type { Draft } from './draft.ts';
import { folderOf, storeKeys } from './keys.ts';

/** What a finding is cured in. */
export interface CureContext {
  readonly draft: Draft;
  /** Milliseconds since the epoch, as of which validity is judged. */
  readonly now: number;
}

/**
 * Puts into the draft what mends a finding. `by-hand`: no change of files that this plan makes ends it; the draft may
 * have a text of its own for it, else that of the rule's remediation is told.
 */
export type Cure = (finding: Finding, context: CureContext) => 'planned' | 'by-hand';

/** The configurations that a finding is about. */
export function subjectsOf(finding: Finding, draft: Draft): readonly ConfigurationSubject[] {
  const { file } = finding;
  if (file === undefined) return [];
  const own = draft.subjects.filter(({ path }) => path === file.path);
  const named = file.member === undefined ? own : draft.subjects.filter(({ member }) => member === file.member);
  return named.length > 0 ? named : own;
}

/** The key of a setting that a rule showed as `key: value`. */
export function keyShown(text: string): string | undefined {
  return /^([\w.*-]+): /.exec(text)?.[1];
}

export interface StoreUsed {
  readonly subject: ConfigurationSubject;
  readonly use: StoreUse;
  readonly store: StoreFacts;
}

/** Who uses the store of a finding, and as what. */
export function usesOf(finding: Finding, draft: Draft): readonly StoreUsed[] {
  return draft.subjects.flatMap((subject) =>
    subject.stores
      .filter(({ store }) => store.path === finding.file?.path)
      .map(({ use, store }): StoreUsed => ({ subject, use, store })),
  );
}

export function storesOf(draft: Draft, family: StoreFamily, role: 'keystore' | 'truststore'): readonly StoreUsed[] {
  return draft.subjects.flatMap((subject) =>
    subject.stores
      .filter(({ use }) => use.family === family && use.role === role)
      .map(({ use, store }): StoreUsed => ({ subject, use, store })),
  );
}

export interface OwnLeaf {
  readonly leaf: Certificate;
  readonly alias: string | undefined;
  readonly path: string;
}

/** The leaf that the processes of a family show today: of the first store that could be read. */
export function leafOf(draft: Draft, family: StoreFamily): OwnLeaf | undefined {
  for (const { store } of storesOf(draft, family, 'keystore')) {
    const entry = store.entries.find(({ kind, chain }) => kind === 'key' && chain.length > 0);
    if (entry !== undefined) return { leaf: entry.chain[0]!, alias: entry.alias, path: store.path };
  }
  return undefined;
}

/** Where Flink's guide has the stores, for clusters that have none. */
const DEFAULT_FOLDER = '/opt/flink/ssl';

/** The path of a store: as set, as another member has it, or a new one beside the others. */
export function storePath(
  draft: Draft,
  subject: ConfigurationSubject | undefined,
  family: StoreFamily,
  role: 'keystore' | 'truststore',
): string {
  const all = subject === undefined ? draft.subjects : [subject, ...draft.subjects];
  const keys = storeKeys(family, role);
  const known = all.map((one) => draft.value(one, ...keys)).find((one) => one !== undefined);
  if (known !== undefined) return known.trim();
  const others = all.flatMap(({ configuration }) =>
    ['internal', 'rest'].flatMap((name) =>
      ['keystore', 'truststore'].map((one) => configuration.setting(`security.ssl.${name}.${one}`)?.value.trim()),
    ),
  );
  const folder = others.find((one) => one !== undefined);
  return `${folder === undefined ? DEFAULT_FOLDER : folderOf(folder)}/${family}-${role}.p12`;
}

/** Environment variable with the password of a store. */
export function passwordVariable(family: StoreFamily, role: 'keystore' | 'truststore'): string {
  return `FLINK_${family.toUpperCase()}_${role.toUpperCase()}_PASSWORD`;
}

/** What stands in a patch for a password. */
export function passwordPlaceholder(family: StoreFamily, role: 'keystore' | 'truststore'): string {
  return `<password of the ${family} ${role}>`;
}

export function pinVariable(family: StoreFamily): string {
  return `FLINK_${family.toUpperCase()}_PIN`;
}

export function pinPlaceholder(family: StoreFamily): string {
  return `<SHA-1 of the ${family} certificate>`;
}

const KEYSTORE = ['keystore', 'keystore-password', 'key-password'] as const;
const TRUSTSTORE = ['truststore', 'truststore-password'] as const;

/**
 * Names the stores of a family where the configuration does not, and has those made that nobody has. Internal TLS needs
 * both; REST a truststore for its clients, Flink's own among them.
 */
export function needStores(draft: Draft, subject: ConfigurationSubject, family: StoreFamily): void {
  const hadKeystore = draft.subjects.some((one) => draft.value(one, ...storeKeys(family, 'keystore')) !== undefined);
  const hadTruststore = draft.subjects.some(
    (one) => draft.value(one, ...storeKeys(family, 'truststore')) !== undefined,
  );
  for (const name of [...KEYSTORE, ...TRUSTSTORE]) {
    if (draft.value(subject, ...storeKeys(family, name)) === undefined) nameStoreSetting(draft, subject, family, name);
  }
  const work = draft.stores[family];
  if (!hadKeystore && work.pair === 'keep') work.pair = 'make';
  if (!hadTruststore && work.truststore === 'keep') work.truststore = 'own';
}

/** Adds one setting of a store: its path, or the placeholder of its password. */
export function nameStoreSetting(draft: Draft, subject: ConfigurationSubject, family: StoreFamily, name: string): void {
  const role = name.startsWith('truststore') ? 'truststore' : 'keystore';
  const key = `security.ssl.${family}.${name}`;
  if (name === role) draft.set(subject, key, storePath(draft, subject, family, role), family);
  else draft.set(subject, key, passwordPlaceholder(family, role), family, passwordVariable(family, role));
}
