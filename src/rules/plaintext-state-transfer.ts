import type { Evidence, Observation, StateTransfer, StateTransferKind } from '../model/report.ts';
import type { EndpointRule, EndpointSubject, Judgement, RuleContext } from '../model/rule.ts';
import { channelRemedy } from './support/channel-remedy.ts';
import { contentsText } from './support/contents.ts';
import { protectionOf } from './support/protection.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { count, digits, distinct, evidenceOf, listed, originOf } from './support/text.ts';

/** What holds the content of state or of the stream itself; user code, files and jobs are told with their channel. */
const STATE: ReadonlySet<StateTransferKind> = new Set<StateTransferKind>([
  'keyed-state-inline',
  'operator-state-inline',
  'state-inline',
  'state-handle',
  'restore-state',
  'checkpoint-metadata',
  'keyed-state-file',
  'operator-state-file',
  'rocksdb-sst',
  'rocksdb-manifest',
  'rocksdb-options',
  'changelog-file',
  'unidentified-state-file',
  'records',
]);

/**
 * State or records cross in clear.
 *
 * Judged by what was recognised in the bytes, whatever the configuration says and on checkpoint storage too, where
 * Flink's own TLS switches change nothing. Channels that cannot do TLS are told by `plaintext-unprotectable`.
 */
export const rule: EndpointRule = {
  id: 'plaintext-state-transfer',
  scope: 'endpoint',
  title: 'State or records cross in clear',
  severity: 'critical',
  promise: 'tls',
  rationale:
    'State and records are the data of the job: keys, counters, whole events, as they were read from the sources. Flink encrypts neither before it sends or stores them, so a clear channel shows them to every host on the way, and lets such a host change what a job restores.',
  decides:
    'Looks at what was recognised in clear bytes: state handles, keyed and operator state, checkpoint metadata, RocksDB files, changelogs, restored state, records. Neither configuration nor policy excuses it.',
  verdicts: {
    pass: 'none was seen, and every connection was captured whole',
    fail: 'state or records were read in clear bytes',
    inconclusive: 'none was seen, and some connections have gaps or could not be told',
    'not-applicable': 'a channel that cannot have TLS (plaintext-unprotectable tells it)',
  },
  remediation: remedy('Protect the channel that carries it: TLS for internal channels, https for the object store.', {
    'security.ssl.internal.enabled': 'true',
  }),
  references: [
    SECURITY_SSL_PAGE,
    'https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/filesystems/s3/',
    'Flink documentation: Checkpoint Storage',
  ],

  appliesTo(subject: EndpointSubject, context: RuleContext): boolean {
    return protectionOf(subject, context) !== 'never';
  },

  evaluate(subject: EndpointSubject, context: RuleContext): readonly Judgement[] {
    const leaks = subject.observations.flatMap((observation) =>
      (observation.plaintext?.stateTransfer ?? [])
        .filter((transfer) => STATE.has(transfer.kind))
        .map((transfer) => ({ observation, transfer })),
    );
    if (leaks.length === 0) return [{ verdict: withoutLeak(subject) }];
    const first = leaks[0]!.transfer;
    return [
      {
        verdict: 'fail',
        message: `Whoever captures these packets reads ${contentsText(leaks.map(({ transfer }) => transfer.kind))}.`,
        expected: expectedText(subject),
        observed: `${leakTotals(leaks.map(({ transfer }) => transfer))}, first in frame ${first.frame} at stream offset ${first.streamOffset}`,
        evidence: [
          ...leaks.map(({ observation, transfer }) => evidenceOf(observation, leakText(transfer), transfer)),
          ...atRest(subject.observations),
        ],
        remediation: channelRemedy(subject, context, rule.remediation),
      },
    ];
  },
};

function withoutLeak(subject: EndpointSubject): 'pass' | 'inconclusive' {
  const decided = (one: Observation): boolean => one.kind !== 'undecided' && (one.quality?.gapBytes ?? 0) === 0;
  return subject.observations.every(decided) ? 'pass' : 'inconclusive';
}

function expectedText({ expectation }: EndpointSubject): string {
  if (expectation?.tls === 'required') return `TLS (${originOf(expectation)})`;
  const policy = 'state and records only inside TLS (default policy)';
  return expectation?.basis === 'configuration'
    ? `${policy}; the configuration does not ask for it: ${originOf(expectation)}`
    : policy;
}

/** A bucket that encrypts what it keeps: evidence of the volume, and no protection of the wire. Each word once. */
function atRest(observations: readonly Observation[]): readonly Evidence[] {
  const wordOf = (one: Observation): unknown => one.plaintext?.details.encryptionAtRest;
  const first = new Map<unknown, Observation>();
  for (const one of observations) if (!first.has(wordOf(one))) first.set(wordOf(one), one);
  first.delete(undefined);
  return [...first].map(([word, one]) =>
    evidenceOf(one, `the store encrypts at rest (x-amz-server-side-encryption: ${word}), not on the wire`),
  );
}

function leakTotals(transfers: readonly StateTransfer[]): string {
  const kinds = distinct(transfers.map((transfer) => transfer.kind));
  return kinds
    .map((kind) => {
      const same = transfers.filter((transfer) => transfer.kind === kind);
      const times = same.reduce((sum, transfer) => sum + transfer.count, 0);
      const bytes = same.reduce((sum, transfer) => sum + transfer.bytes, 0);
      return `${kind} ${count(times, 'time')}, ${digits(bytes)} bytes`;
    })
    .join('; ');
}

function leakText(transfer: StateTransfer): string {
  const names = longestOf(transfer.names ?? []);
  const of = names.length === 0 ? '' : ` of ${listed(names, 3)}`;
  return `${transfer.kind}${of} from the ${transfer.from}, ${count(transfer.count, 'time')}, ${digits(transfer.bytes)} bytes`;
}

/** A path says its job and checkpoint itself: names that stand in a longer one are left out. */
function longestOf(names: readonly string[]): readonly string[] {
  return names.filter((name) => !names.some((other) => other !== name && other.includes(name)));
}
