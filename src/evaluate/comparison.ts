import type { Channel } from '../model/channel.ts';
import type { Endpoint, EndpointChange, Observation, ProcessIdentity } from '../model/report.ts';
import { processName } from './process-name.ts';
import { certificateChange, differences, isServed } from './strength.ts';

/** What of a run is held beside another one. */
export interface Compared {
  readonly observations: readonly Observation[];
  readonly processes?: readonly ProcessIdentity[];
}

/**
 * What became of every endpoint since the baseline, in the order of this run; those that are gone come last.
 *
 * Compared by component, member and channel, not by port: ports are random. TaskManagers may come back under other
 * names and addresses (pods do): one that has no counterpart takes the place of one that is gone.
 */
export function compareEndpoints(run: Compared, baseline: Compared): readonly EndpointChange[] {
  const [then, now] = [livePlaces(baseline), livePlaces(run)];
  const pairs = pairUp(then, now);
  const before = new Map(pairs.map((pair) => [pair.after, pair.before]));
  const found = new Set(pairs.map((pair) => pair.before));
  const changes = now.map((place) => changeOf(place, before.get(place), run, baseline));
  return [...changes, ...then.filter((place) => !found.has(place)).map((place) => goneOf(place, run))];
}

/** Endpoints that answered in both runs, each with its counterpart. */
export function counterparts(run: Compared, baseline: Compared): readonly Pair[] {
  return pairUp(livePlaces(baseline), livePlaces(run));
}

function livePlaces({ observations }: Compared): readonly Place[] {
  return placesOf(observations).filter(isLive);
}

/** One listening endpoint of one channel, with all that was seen of it. Never empty. */
export interface Place {
  readonly channel: Channel;
  readonly endpoint: Endpoint;
  readonly observations: readonly Observation[];
}

function placesOf(observations: readonly Observation[]): readonly Place[] {
  const places = new Map<string, { channel: Channel; endpoint: Endpoint; observations: Observation[] }>();
  for (const observation of observations) {
    const { channel, server, kind } = observation;
    if (kind === 'file' || kind === 'log-line') continue;
    const key = `${channel} ${server.host} ${server.port}`;
    const known = places.get(key);
    if (known === undefined) places.set(key, { channel, endpoint: server, observations: [observation] });
    else {
      known.observations.push(observation);
      if (known.endpoint.member === undefined) known.endpoint = server;
    }
  }
  return [...places.values()];
}

/** Clear text that is nothing of Flink's is no endpoint of the cluster. */
function isLive({ channel, observations }: Place): boolean {
  return observations.some((one) => isServed(one) && (channel !== 'unknown' || one.kind === 'tls'));
}

export interface Pair {
  readonly before: Place;
  readonly after: Place;
}

/** Who is who, the surest signs first. */
const SIGNS: readonly ((place: Place) => string | undefined)[] = [
  ({ channel, endpoint }) => [channel, endpoint.component, endpoint.member, endpoint.host, endpoint.port].join(' '),
  ({ channel, endpoint }) => [channel, endpoint.component, processName(endpoint), endpoint.host].join(' '),
  ({ channel, endpoint }) => [channel, endpoint.component, processName(endpoint), endpoint.port].join(' '),
  ({ channel, endpoint }) => [channel, endpoint.component, processName(endpoint)].join(' '),
  ({ channel, endpoint }) => [channel, endpoint.host, endpoint.port].join(' '),
  ({ channel, endpoint }) => [channel, endpoint.host].join(' '),
  ({ channel, endpoint }) => (endpoint.component === 'taskmanager' ? channel : undefined),
];

function pairUp(then: readonly Place[], now: readonly Place[]): readonly Pair[] {
  const pairs: Pair[] = [];
  let [left, right] = [then, now];
  for (const sign of SIGNS) {
    const waiting = new Map<string, Place[]>();
    for (const place of left) {
      const key = sign(place);
      if (key !== undefined) waiting.set(key, [...(waiting.get(key) ?? []), place]);
    }
    const paired = new Set<Place>();
    for (const place of right) {
      const key = sign(place);
      const counterpart = key === undefined ? undefined : waiting.get(key)?.shift();
      if (counterpart === undefined) continue;
      pairs.push({ before: counterpart, after: place });
      paired.add(counterpart).add(place);
    }
    left = left.filter((place) => !paired.has(place));
    right = right.filter((place) => !paired.has(place));
  }
  return pairs;
}

function changeOf(now: Place, then: Place | undefined, run: Compared, baseline: Compared): EndpointChange {
  const place = { channel: now.channel, endpoint: now.endpoint };
  if (then === undefined) return { ...place, change: 'new', process: 'unknown', certificate: 'unknown', details: [] };
  const { weaker, stronger } = differences(then.observations, now.observations);
  const isSame = processName(then.endpoint) === processName(now.endpoint) || then.endpoint.host === now.endpoint.host;
  const replaced = isSame ? [] : [`took the place of ${processName(then.endpoint)}`];
  return {
    ...place,
    change: weaker.length > 0 ? 'weaker' : stronger.length > 0 ? 'stronger' : 'unchanged',
    process: processChange(then.endpoint, now.endpoint, run, baseline),
    certificate: certificateChange(then.observations, now.observations),
    details: [...weaker, ...stronger, ...replaced],
  };
}

function goneOf({ channel, endpoint }: Place, run: Compared): EndpointChange {
  const asked = run.observations.find(
    (one) =>
      !isServed(one) &&
      one.channel === channel &&
      (one.server.host === endpoint.host || processName(one.server) === processName(endpoint)),
  );
  return { channel, endpoint, change: 'gone', process: 'unknown', certificate: 'unknown', details: [goneText(asked)] };
}

function goneText(asked: Observation | undefined): string {
  if (asked === undefined) return 'not asked: nothing names it any more';
  if (asked.kind === 'tls') return 'asked: it refuses every ClientHello';
  return asked.kind === 'plaintext' ? 'asked: it sends to https' : `asked: ${asked.because ?? 'no answer'}`;
}

/**
 * `restarted` where any identifier of one source differs; `same` where one that each start chooses anew does not. An
 * equal name that a configuration may have given proves neither.
 */
function processChange(then: Endpoint, now: Endpoint, run: Compared, baseline: Compared): EndpointChange['process'] {
  const before = identitiesOf(then, baseline);
  const shared = [...identitiesOf(now, run)].filter(([source]) => before.has(source));
  if (shared.some(([source, { identity }]) => before.get(source)!.identity !== identity)) return 'restarted';
  return shared.some(([, identity]) => isChosenAnew(identity)) ? 'same' : 'unknown';
}

/** Resource ids by default (TaskManagerRunner.getTaskManagerResourceID), of YARN containers and of native Kubernetes pods. */
const CHOSEN_ANEW: readonly RegExp[] = [
  /-[0-9a-f]{6}$/,
  /^container_(e\d+_)?\d+_\d+_\d+_\d+$/,
  /-taskmanager-\d+-\d+$/,
];

/** `taskmanager.resource-id` may be configured, and stays what it was then. */
function isChosenAnew({ component, source, identity }: ProcessIdentity): boolean {
  return component !== 'taskmanager' || source !== 'rest' || CHOSEN_ANEW.some((form) => form.test(identity));
}

function identitiesOf(endpoint: Endpoint, { processes = [] }: Compared): ReadonlyMap<string, ProcessIdentity> {
  const own = processes.filter(
    ({ component, member }) =>
      member === processName(endpoint) && (endpoint.component === undefined || endpoint.component === component),
  );
  return new Map(own.map((one) => [one.source, one]));
}
