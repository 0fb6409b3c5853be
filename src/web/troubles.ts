import type { PageModel } from './model.ts';
import type { Fragment, Tags } from './template.ts';
import { ago, bytes, clock, count, plural, span } from './words.ts';

/** What keeps the page from being the truth, or whole: nothing is well while there is any. */
export interface Trouble {
  readonly kind: 'refused' | 'silent' | 'loading' | 'run' | 'store' | 'reload' | 'sink' | 'late' | 'wire' | 'packets';
  readonly title: string;
  readonly text: string;
}

/** How the page stands with the daemon. */
export interface Hearing {
  readonly model: PageModel;
  readonly now: string;
  readonly live: 'none' | 'connecting' | 'live' | 'lost';
  /** When the daemon was last heard, its time; absent: just now. */
  readonly heardAt?: string;
  /** The cluster that the address asks for and the model does not hold yet. */
  readonly awaited?: { readonly cluster: string; readonly state: 'loading' | 'failing' };
  /** Why what was asked for a moment ago was not done. */
  readonly refusal?: string;
}

/** Less is not worth a word: a run waits for its turn. */
export const LATE_MS = 60_000;

/** Worst first: what makes all else doubtful. */
export function troublesOf(hearing: Hearing): readonly Trouble[] {
  const { model } = hearing;
  return [
    ...refused(hearing),
    ...silence(hearing),
    ...ofCluster(model),
    ...ofStore(model),
    ...ofDaemon(hearing),
    ...ofPackets(model),
  ];
}

function refused({ refusal }: Hearing): readonly Trouble[] {
  return refusal === undefined ? [] : [{ kind: 'refused', title: 'Not done', text: refusal }];
}

function silence({ model, live, heardAt, now, awaited }: Hearing): readonly Trouble[] {
  if (awaited !== undefined) {
    const text = awaited.state === 'loading' ? 'loading…' : 'cannot be loaded, trying again';
    return [{ kind: 'loading', title: awaited.cluster, text }];
  }
  if (live !== 'lost') return [];
  const since = heardAt ?? model.status.now;
  const text = `nothing was heard since ${clock(since)} UTC, ${ago(since, now)}; what is below is as of then`;
  return [{ kind: 'silent', title: 'The daemon does not answer', text }];
}

function ofCluster({ cluster }: PageModel): readonly Trouble[] {
  if (cluster === undefined) return [];
  const { problem, lateMs, wire } = cluster;
  const troubles: Trouble[] = [];
  if (problem !== undefined) troubles.push({ kind: 'run', title: 'The last run failed', text: problem });
  if (wire !== undefined && wire.state !== 'running') {
    troubles.push({ kind: 'wire', title: 'The wire is not watched', text: wire.problem ?? wire.state });
  }
  if (lateMs > LATE_MS) troubles.push({ kind: 'late', title: 'A run is late', text: `by ${span(lateMs)}` });
  return troubles;
}

function ofStore({ problem, status: { store } }: PageModel): readonly Trouble[] {
  const text = problem ?? (store.state === 'open' ? undefined : (store.problem ?? 'it takes nothing'));
  return text === undefined ? [] : [{ kind: 'store', title: 'The history cannot be read or kept', text }];
}

function ofDaemon({ model: { status }, now }: Hearing): readonly Trouble[] {
  const { lastReload, notifications } = status;
  const troubles: Trouble[] = [];
  if (!lastReload.ok) {
    const text = `${lastReload.problem ?? 'they cannot be used'}; the old ones hold`;
    troubles.push({ kind: 'reload', title: `New settings were refused ${ago(lastReload.at, now)}`, text });
  }
  for (const { name, waiting, problem, since } of notifications?.down ?? []) {
    const text = `${problem}; ${plural(waiting, 'message')} waiting, since ${clock(since)} UTC`;
    troubles.push({ kind: 'sink', title: `Nobody is notified by ${name}`, text });
  }
  return troubles;
}

function ofPackets({ cluster, traffic }: PageModel): readonly Trouble[] {
  const { wire } = cluster ?? {};
  const drops = wire?.drops ?? traffic?.drops ?? 0;
  const gaps = traffic?.gaps ?? 0;
  if (drops === 0 && gaps === 0) return [];
  const parts = [
    ...(drops === 0
      ? []
      : [
          `${plural(drops, 'packet')} dropped by the capture${wire === undefined ? '' : ` since ${clock(wire.since)} UTC`}`,
        ]),
    ...(gaps === 0 ? [] : [`${count(gaps)} holes of ${bytes(traffic?.gapBytes ?? 0)}`]),
  ];
  return [{ kind: 'packets', title: 'Not everything was captured', text: parts.join(', ') }];
}

/** One list under the headline; `told`: what the headline says itself. */
export function troublesView({ html }: Tags, troubles: readonly Trouble[], told: Trouble | undefined): Fragment | '' {
  const rest = troubles.filter((one) => one !== told);
  if (rest.length === 0) return '';
  return html`<ul class="troubles" aria-label="What is wrong with this picture">${rest.map(
    ({ kind, title, text }) => html`<li class="${kind}"><b>${title}</b>: ${text}</li>`,
  )}</ul>`;
}
