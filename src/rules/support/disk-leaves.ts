import type { Channel } from '../../model/channel.ts';
import type { Certificate, Endpoint, Evidence, Observation } from '../../model/report.ts';
import type { ClusterSubject, RuleContext, StoreFacts, StoreFamily, StoreUse } from '../../model/rule.ts';
import { certificateText, serverChains } from './certificates.ts';
import { type TlsObservation, tlsObservations } from './handshakes.ts';
import { settingEvidence } from './settings.ts';
import { processOf } from './text.ts';

/** A certificate that a process showed as its own, on a channel of one family. */
export interface ShownLeaf {
  readonly family: StoreFamily;
  readonly channel: Channel;
  readonly owner: Endpoint;
  readonly leaf: Certificate;
  readonly observation: TlsObservation;
}

/** The leaves of the keys of one file, and who says that a process has it. */
export interface Keystore {
  readonly store: StoreFacts;
  readonly leaves: readonly Certificate[];
  /** Absent: it was only handed in. */
  readonly use?: StoreUse;
}

/** What processes showed: servers of both families, and clients of internal channels, which show the same keystore. */
export function shownLeaves(
  { endpoints }: Pick<ClusterSubject, 'endpoints'>,
  context: Pick<RuleContext, 'probes'>,
): readonly ShownLeaf[] {
  return endpoints.flatMap(({ channel, server, observations }) => {
    const family = familyOf(channel, context);
    if (family === undefined) return [];
    return tlsObservations(observations).flatMap((observation): ShownLeaf[] => {
      const own = serverChains(observation.tls).flatMap(({ chain }) => chain.slice(0, 1));
      const ofClient = family === 'internal' ? clientLeaf(observation) : [];
      return [
        ...own.map((leaf) => ({ family, channel, owner: server, leaf, observation })),
        ...ofClient.map(({ owner, leaf }) => ({ family, channel, owner, leaf, observation })),
      ];
    });
  });
}

/** What a probe shows is no member's. */
function clientLeaf({
  tls,
  client,
  vantage,
}: TlsObservation): readonly { readonly owner: Endpoint; readonly leaf: Certificate }[] {
  if (vantage === 'active' || client === undefined || tls.clientCertificate.seen !== 'present') return [];
  return tls.clientCertificate.chain.slice(0, 1).map((leaf) => ({ owner: client, leaf }));
}

export function familyOf(channel: Channel, context: Pick<RuleContext, 'probes'>): StoreFamily | undefined {
  const protection = context.probes.get(channel)?.protection;
  return protection === 'internal' || protection === 'rest' ? protection : undefined;
}

/**
 * The keystores of a process by its own configuration, else by the one for all; of a process without a name by every
 * configuration. Where none names one that could be read, those that were handed in for the family.
 */
export function keystoresOf(
  owner: Endpoint,
  family: StoreFamily,
  cluster: Pick<ClusterSubject, 'configurations' | 'stores'>,
  shown: readonly ShownLeaf[],
): readonly Keystore[] {
  const named = cluster.configurations.flatMap(({ member, stores }) =>
    stores
      .filter(({ use }) => use.family === family && use.role === 'keystore')
      .map(({ use, store }) => ({ member, use, store, leaves: keyLeaves(store) }))
      .filter(({ leaves }) => leaves.length > 0),
  );
  const own = owner.member === undefined ? named : named.filter(({ member }) => member === owner.member);
  const found = own.length > 0 ? own : named.filter(({ member }) => member === null);
  return found.length > 0 ? found : givenFor(family, cluster, shown);
}

function keyLeaves(store: StoreFacts): readonly Certificate[] {
  if (store.state !== 'read') return [];
  return store.entries.filter(({ kind }) => kind === 'key').flatMap(({ chain }) => chain.slice(0, 1));
}

/**
 * Files that were handed in do not say what they are for: one belongs to the family that shows its certificate, else to
 * the one that shows a certificate of the same subject, else to the only one that was seen.
 */
function givenFor(
  family: StoreFamily,
  { stores }: Pick<ClusterSubject, 'stores'>,
  shown: readonly ShownLeaf[],
): readonly Keystore[] {
  const given = stores
    .filter(({ uses }) => uses.every((use) => use.family === undefined))
    .map(({ store }) => ({ store, leaves: keyLeaves(store) }))
    .filter(({ leaves }) => leaves.length > 0);
  return given.filter(({ leaves }) => familyOfGiven(leaves, given, shown).includes(family));
}

function familyOfGiven(
  leaves: readonly Certificate[],
  given: readonly { readonly leaves: readonly Certificate[] }[],
  shown: readonly ShownLeaf[],
): readonly StoreFamily[] {
  const families = (isMeant: (one: ShownLeaf) => boolean): readonly StoreFamily[] => [
    ...new Set(shown.filter(isMeant).map((one) => one.family)),
  ];
  const exact = families(({ leaf }) => leaves.some(({ sha256 }) => sha256 === leaf.sha256));
  if (exact.length > 0) return exact;
  const accounted = families(({ leaf }) =>
    given.some((one) => one.leaves.some(({ sha256 }) => sha256 === leaf.sha256)),
  );
  const open = shown.filter((one) => !accounted.includes(one.family));
  const alike = [...new Set(open.filter(({ leaf }) => hasSubject(leaves, leaf)).map((one) => one.family))];
  if (alike.length > 0) return alike;
  const left = [...new Set(open.map((one) => one.family))];
  return left.length === 1 ? left : [];
}

function hasSubject(leaves: readonly Certificate[], { subject }: Certificate): boolean {
  return leaves.some((one) => one.subject === subject);
}

/** The file with its certificate, and the setting that names it. */
export function keystoreEvidence({ store, use, leaves }: Keystore): readonly Evidence[] {
  const file = store.file?.path ?? store.path;
  const instead = file === store.path ? '' : ` (given for ${store.path})`;
  const held = { text: `holds ${leaves.map(certificateText).join(', ')}${instead}`, file };
  return use?.setting === undefined ? [held] : [held, settingEvidence(use.setting)];
}

/** Whether the process was started anew since the baseline; undefined where there is none, or it is not in it. */
export function restartOf(
  endpoint: Endpoint,
  { baseline }: ClusterSubject,
): 'restarted' | 'same' | 'unknown' | undefined {
  return baseline?.endpoints.find((one) => processOf(one.endpoint) === processOf(endpoint))?.process;
}

/** Start of a process as its log has it. */
export function loggedStart(endpoint: Endpoint, observations: readonly Observation[]): Observation | undefined {
  return observations.find(
    ({ log, server }) =>
      log?.event === 'process-started' && log.process !== 'earlier' && processOf(server) === processOf(endpoint),
  );
}
