import { CHANNEL_IDS } from '../model/channel.ts';
import type { Certificate, Observation } from '../model/report.ts';
import type { ClusterRule, ClusterSubject, Judgement, RuleContext, StoreFamily } from '../model/rule.ts';
import { certificateText } from './support/certificates.ts';
import {
  type Keystore,
  keystoreEvidence,
  keystoresOf,
  loggedStart,
  restartOf,
  type ShownLeaf,
  shownLeaves,
} from './support/disk-leaves.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { evidenceOf, groupBy, processOf } from './support/text.ts';

/** The certificate that a process shows is not that of the keystore that its configuration names. */
export const rule: ClusterRule = {
  id: 'served-certificate-is-not-the-one-on-disk',
  scope: 'cluster',
  title: 'Served certificate is not the one on disk',
  severity: 'high',
  rationale:
    'Released Flink versions read keystores at their start only: a certificate that was renewed on disk is served from the next restart on, and the old one until it expires. A certificate that no file has means another file, another host, or something in front that ends TLS. In both cases the next restart brings up a certificate that nobody has tried.',
  decides:
    'Compares the certificate that each process showed last, as a server of internal channels and REST, and as a client of internal channels, with those of the keystore that its configuration names, else of the key stores that were given. Medium where the file has another edition of the certificate for the same subject (renewed, and not restarted; or a stale copy), high where it has another one.',
  verdicts: {
    pass: 'every process shows a certificate of its keystore',
    fail: 'a process shows a certificate that its keystore does not hold',
    inconclusive: 'a keystore was read, and the certificate of its process was hidden',
    'not-applicable': 'no keystore could be read, or no process that has one was seen in TLS',
  },
  hears: ['wire', 'handshake', 'promise'],
  remediation: remedy(
    'Compare the file that the process was started with (its log names it) with this one. Where this one is right, restart the process; for internal TLS, all processes together.',
  ),
  references: [SECURITY_SSL_PAGE, 'FLINK-37504'],

  appliesTo({ configurations, stores }: ClusterSubject): boolean {
    return stores.length > 0 || configurations.some((one) => one.stores.length > 0);
  },

  evaluate(cluster: ClusterSubject, context: RuleContext): readonly Judgement[] {
    const shown = shownLeaves(cluster, context);
    const processes = groupBy(shown, ({ owner, family }) => `${family} ${processOf(owner)}`);
    const judged = [...processes.values()].flatMap((own): Judgement[] => {
      const { family } = own[0]!;
      const keystores = keystoresOf(named(own), family, cluster, shown);
      return keystores.length === 0 ? [] : [judge(own, keystores, cluster, family)];
    });
    return judged.length > 0 ? judged : [{ verdict: withoutLeaves(cluster) }];
  },
};

/** One connection may know the name of a process where another knows its address only. */
function named(own: readonly ShownLeaf[]): ShownLeaf['owner'] {
  return (own.find(({ owner }) => owner.member !== undefined) ?? own[0]!).owner;
}

function withoutLeaves({ endpoints }: ClusterSubject): 'inconclusive' | 'not-applicable' {
  const isHidden = endpoints.some(({ observations }) =>
    observations.some(({ tls }) => tls?.serverCertificate.seen === 'hidden'),
  );
  return isHidden ? 'inconclusive' : 'not-applicable';
}

function judge(
  own: readonly ShownLeaf[],
  keystores: readonly Keystore[],
  cluster: ClusterSubject,
  family: StoreFamily,
): Judgement {
  const onDisk = keystores.flatMap(({ leaves }) => leaves);
  const known = new Set(onDisk.map(({ sha256 }) => sha256));
  const last = lastShown(own);
  if (last.some(({ leaf }) => known.has(leaf.sha256))) return { verdict: 'pass' };
  const { leaf } = last[0]!;
  const wrong = own.filter((one) => one.leaf.sha256 === leaf.sha256);
  const { channel, owner } = listening(wrong);
  const counterpart = onDisk.find(({ subject }) => subject === leaf.subject) ?? onDisk[0]!;
  const story = storyOf(leaf, counterpart);
  const process = processOf(owner);
  const heard = (vantage: Observation['vantage']): 'fail' | 'not-heard' =>
    wrong.some(({ observation }) => observation.vantage === vantage) ? 'fail' : 'not-heard';
  const keystore = keystores.find(({ leaves }) => leaves.includes(counterpart))!;
  return {
    verdict: 'fail',
    severity: story === 'other' ? 'high' : 'medium',
    channel,
    endpoint: owner,
    discriminator: family,
    message: `${process} shows ${certificateText(leaf)}, and its ${family} keystore ${keystore.store.path} holds ${certificateText(counterpart)}${STORIES[story](process)}${startText(wrong, counterpart, cluster)}`,
    expected: `${certificateText(counterpart)}, not after ${counterpart.notAfter} (${keystore.store.path})`,
    observed: `${certificateText(leaf)}, not after ${leaf.notAfter}`,
    evidence: [
      ...distinctObservations(wrong)
        .slice(0, 2)
        .map((one) => evidenceOf(one, `${process} shows ${certificateText(leaf)}`)),
      ...keystoreEvidence(keystore),
    ],
    ...(story === 'renewed' ? { remediation: remedy(RESTART[family](process)) } : {}),
    witnesses: { wire: heard('passive'), handshake: heard('active'), promise: 'pass' },
  };
}

/** The address that people know is the listening one; of several the first channel of the contract. */
function listening(shown: readonly ShownLeaf[]): ShownLeaf {
  const rank = ({ channel }: ShownLeaf): number => (CHANNEL_IDS as readonly string[]).indexOf(channel);
  const servers = shown.filter(({ owner, observation }) => owner.port === observation.server.port);
  return [...(servers.length > 0 ? servers : shown)].sort((a, b) => rank(a) - rank(b))[0]!;
}

type Story = 'renewed' | 'older-file' | 'other';

/** Whether the file has another edition of the same certificate, by its subject. */
function storyOf(shown: Certificate, onDisk: Certificate): Story {
  if (shown.subject !== onDisk.subject || shown.notBefore === onDisk.notBefore) return 'other';
  return onDisk.notBefore > shown.notBefore ? 'renewed' : 'older-file';
}

const STORIES: Readonly<Record<Story, (process: string) => string>> = {
  renewed: (process) => `: the file was renewed, and ${process} still serves what it read at its start.`,
  'older-file': (process) => `, which is older: this is a copy from before the renewal, or not the file of ${process}.`,
  other: (process) =>
    `: ${process} was started with another file, or something in front of it ends TLS, or this is not its file.`,
};

const RESTART: Readonly<Record<StoreFamily, (process: string) => string>> = {
  internal: (process) =>
    `Restart ${process}; where the other processes do not trust both certificates, restart all of them together.`,
  rest: (process) => `Restart ${process}: REST takes the renewed certificate at its start.`,
};

/** What the process showed at the last time; a capture may span a restart. */
function lastShown(own: readonly ShownLeaf[]): readonly ShownLeaf[] {
  const at = (one: ShownLeaf): string => one.observation.observedAt;
  const latest = own.map(at).sort().at(-1)!;
  return own.filter((one) => at(one) === latest);
}

/** Says since when the process runs, where a baseline or its log tells. */
function startText(wrong: readonly ShownLeaf[], onDisk: Certificate, cluster: ClusterSubject): string {
  const { owner } = wrong[0]!;
  const restarted = restartOf(owner, cluster);
  if (restarted === 'same') return ' It was not restarted since the baseline.';
  if (restarted === 'restarted') return ' It was restarted since the baseline.';
  const start = loggedStart(owner, cluster.observations);
  if (start === undefined || start.log?.zone === 'none') return '';
  const before = start.observedAt < onDisk.notBefore ? ', before the certificate on disk was made' : '';
  return ` Its log says that it was started at ${start.observedAt}${before}.`;
}

function distinctObservations(shown: readonly ShownLeaf[]): readonly ShownLeaf['observation'][] {
  return [...new Set(shown.map(({ observation }) => observation))];
}
