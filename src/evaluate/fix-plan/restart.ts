import type { RestartKind } from '../../model/fix-plan.ts';
import type { Draft, Effect } from './draft.ts';
import { isSharedStore } from './drafted.ts';
import { INTERNAL_SWITCH } from './keys.ts';
import type { Exchange } from './stores.ts';

export interface Restart {
  readonly kind: RestartKind;
  /** How an internal certificate gives way to the next one. */
  readonly exchange: Exchange;
  readonly because: readonly string[];
}

/**
 * What has to stand still. Both ends of an internal channel read their TLS at their start, so that what one side alone
 * has of it parts the cluster; what only REST reads, and a certificate that everybody trusts before anybody shows it,
 * does not. Half-done restarts were seen on 1.17.2, 1.20.3 and 2.3.0; the rounds of an overlap, stage by stage, on 1.20.3.
 */
export function restartOf(draft: Draft): Restart {
  const effects = new Set(draft.files.flatMap(({ changes }) => [...changes.values()].map(({ effect }) => effect)));
  const { internal, rest } = draft.stores;
  const isInternalSet = effects.has('internal');
  const isPinned = draft.subjects.some(
    ({ configuration }) => configuration.setting('security.ssl.internal.cert.fingerprint') !== undefined,
  );
  const isReplaced = internal.pair !== 'keep';
  const overlaps =
    internal.pair === 'renew' &&
    internal.truststore === 'own' &&
    internal.passwords === 'keep' &&
    !isSharedStore(draft, 'internal') &&
    !isPinned;
  if (
    isInternalSet ||
    (isReplaced && !overlaps && internal.pair !== 'ask-authority') ||
    internal.truststore === 'add-own'
  ) {
    return { kind: 'all-at-once', exchange: 'at-once', because: allAtOnce(draft, isReplaced, isPinned) };
  }
  const restWork = effects.has('rest') || rest.pair !== 'keep' || rest.truststore !== 'keep';
  if (overlaps) {
    return {
      kind: 'rolling',
      exchange: 'overlap',
      because: [
        'The internal certificate is exchanged in two rounds: first every process learns to trust the new one beside the old one, then every process shows it. At no time do two processes meet that do not trust each other, so that they can be restarted one by one.',
        'In one round they could not: a process with the new certificate is refused by those whose truststore has the old one alone, mostly with an empty client certificate in the logs, and ends after taskmanager.registration.timeout (5 minutes).',
        ...(restWork ? [REST_TOO] : []),
      ],
    };
  }
  if (effects.has('process') || isReplaced || internal.truststore === 'own' || changesPasswords(draft)) {
    return {
      kind: 'rolling',
      exchange: 'at-once',
      because: [
        'No two processes have to agree on what changes, so that they can be restarted one after the other.',
        ...(restWork ? [REST_TOO] : []),
      ],
    };
  }
  if (restWork) {
    return {
      kind: 'rest-only',
      exchange: 'at-once',
      because: [
        'Only what serves REST and its clients read what changes: JobManager, history server, SQL gateway. TaskManagers go on; they find the JobManager again by themselves (within heartbeat.timeout, 50 seconds).',
      ],
    };
  }
  return {
    kind: 'none',
    exchange: 'at-once',
    because: [
      draft.files.length > 0
        ? 'Nothing reads the keys that go: the next restart, whenever it comes, finds the files in order.'
        : 'No configuration and no key store changes.',
    ],
  };
}

const REST_TOO =
  'What serves REST (JobManager, history server, SQL gateway) takes its changes up at its own restart among them.';

function changesPasswords({ stores }: Draft): boolean {
  return stores.internal.passwords === 'change' || stores.rest.passwords === 'change';
}

function allAtOnce(draft: Draft, isReplaced: boolean, isPinned: boolean): readonly string[] {
  const changed = keysWith(draft, 'internal');
  const what = changed.includes(INTERNAL_SWITCH)
    ? 'Internal TLS is switched on'
    : changed.length > 0
      ? 'What both ends of an internal channel have to agree on changes'
      : 'The internal certificate changes, and not everybody trusts the new one';
  return [
    `${what}${changed.length === 0 ? '' : ` (${changed.join(', ')})`}: this cannot be rolled out one process at a time. All processes are stopped before the first one is started.`,
    'Half done, it looks well at first: after a restart of the JobManager alone the TaskManagers are silent until heartbeat.timeout (50 seconds), then none of them can join, their connections end without an answer, and they exit after taskmanager.registration.timeout (5 minutes). TaskManagers that differ on the data plane register, and their jobs fail and restart without end, while REST calls the cluster healthy.',
    ...(isReplaced && isPinned
      ? ['A pin lets one certificate in and no other: with it the new certificate cannot be trusted beforehand.']
      : []),
  ];
}

/** Switches first; paths and passwords of stores go without saying. */
function keysWith(draft: Draft, effect: Effect): readonly string[] {
  const keys = draft.files.flatMap(({ changes }) =>
    [...changes.values()]
      .filter((one) => one.effect === effect)
      .map((one) => (one.change === 'rename' ? one.to! : one.key)),
  );
  return [...new Set(keys)].filter((key) => !/store|password/.test(key)).sort((a, b) => rank(a) - rank(b));
}

function rank(key: string): number {
  return key === INTERNAL_SWITCH ? 0 : 1;
}
