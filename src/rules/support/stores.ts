import type { ChannelId } from '../../model/channel.ts';
import type { Certificate, Evidence, FilePlace } from '../../model/report.ts';
import type { Judgement, StoreFacts, StoreRole, StoreSubject, StoreUse } from '../../model/rule.ts';
import { certificateText } from './certificates.ts';
import { filePlace } from './file-place.ts';
import { settingEvidence } from './settings.ts';

/** One certificate of a store. */
export interface StoredCertificate {
  readonly certificate: Certificate;
  /** `leaf`: of a private key; `issuer`: further up its chain; `trusted`: an entry of its own. */
  readonly standing: 'leaf' | 'issuer' | 'trusted';
  readonly alias?: string;
}

/** Certificates of a store, each once. */
export function storedCertificates({ store }: StoreSubject): readonly StoredCertificate[] {
  const found = new Map<string, StoredCertificate>();
  for (const { kind, chain, alias } of store.entries) {
    chain.forEach((certificate, position) => {
      if (found.has(certificate.sha256)) return;
      const standing = kind === 'certificate' ? 'trusted' : position === 0 ? 'leaf' : 'issuer';
      found.set(certificate.sha256, { certificate, standing, ...(alias === undefined ? {} : { alias }) });
    });
  }
  return [...found.values()];
}

export function isRead({ store }: StoreSubject): boolean {
  return store.state === 'read' && store.entries.length > 0;
}

export function hasRole(subject: StoreSubject, role: StoreRole): boolean {
  return subject.uses.some((use) => use.role === role);
}

/** What the store is for, in a word: `internal keystore`, `key store` where nobody says. */
export function nameOf({ uses }: StoreSubject): string {
  const [first] = uses;
  return first?.family === undefined || first.role === undefined ? 'key store' : `${first.family} ${first.role}`;
}

/** Channel that suffers first: RPC of the internal ones. */
export function channelOf(subject: StoreSubject): { readonly channel?: ChannelId } {
  return channelOfFamily(subject.uses.find((use) => use.family !== undefined)?.family);
}

export function channelOfFamily(family: StoreUse['family']): { readonly channel?: ChannelId } {
  if (family === undefined) return {};
  return { channel: family === 'internal' ? 'jobmanager-rpc' : 'rest' };
}

/** `certificate CN=… (51aa…)`, `trusted certificate …`, `issuing certificate …`. */
export function whichStored({ certificate, standing }: StoredCertificate): string {
  const kind = { leaf: 'certificate', issuer: 'issuing certificate', trusted: 'trusted certificate' }[standing];
  return `${kind} ${certificateText(certificate)}`;
}

/** The file, what is said of it, and the settings that name it. */
export function storeEvidence(subject: StoreSubject, said: string): readonly Evidence[] {
  return [{ text: said, file: subject.store.path }, ...subject.uses.flatMap(useEvidence)];
}

function useEvidence({ setting, member }: StoreUse): readonly Evidence[] {
  if (setting === undefined) return [];
  const told = settingEvidence(setting);
  return [member === null ? told : { ...told, text: `${member}: ${told.text}` }];
}

/** A failure of one store, the same for all that name it. */
export function storeFault(
  subject: StoreSubject,
  judgement: Omit<Judgement, 'verdict' | 'evidence'> & { readonly said: string },
): Judgement {
  const { said, ...rest } = judgement;
  return {
    verdict: 'fail',
    ...channelOf(subject),
    file: storePlace(subject),
    ...rest,
    evidence: storeEvidence(subject, said),
  };
}

/** The member stands with it where one alone names it. */
export function storePlace({ store, uses }: StoreSubject): FilePlace {
  const members = [...new Set(uses.map(({ member }) => member))];
  return filePlace(store.path, members.length === 1 ? members[0] : undefined);
}

/** The leaf of a keystore's first key. */
export function leafOf(store: StoreFacts): Certificate | undefined {
  return store.entries.find(({ kind, chain }) => kind === 'key' && chain.length > 0)?.chain[0];
}
