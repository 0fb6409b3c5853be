import type { Control } from './control.ts';

/** What is known of a cluster for the answer. */
export interface ClusterReadiness {
  readonly name: string;
  readonly lateMs: number;
  /** Why the last run could not be made; absent after one that was. */
  readonly failed?: string | undefined;
  /** Why its wire is not watched, where it is to be. */
  readonly wire?: string | undefined;
}

export interface ReadinessFacts {
  readonly state: 'running' | 'stopping';
  /** What is wrong with the store. */
  readonly store: string | undefined;
  /** Runs and happenings that were given up. */
  readonly lost: number;
  /** Why the settings were not reloaded. */
  readonly refused: string | undefined;
  readonly clusters: readonly ClusterReadiness[];
}

/** A run may be so late before the daemon says that it is not ready. */
const LATE_MS = 60_000;

/** A cluster whose run failed, or settings that were refused, are told; the daemon does its work all the same. */
export function readinessOf({
  state,
  store,
  lost,
  refused,
  clusters,
}: ReadinessFacts): ReturnType<Control['readiness']> {
  const blocking = [
    ...(state === 'running' ? [] : ['stopping']),
    ...(store === undefined ? [] : [`the store fails: ${store}`]),
    ...clusters
      .filter(({ lateMs }) => lateMs > LATE_MS)
      .map(({ name, lateMs }) => `${name}: its run is ${Math.round(lateMs / 1000)} s late`),
  ];
  const others = [
    ...(lost === 0 ? [] : [`${lost} runs or happenings could not be kept since the start`]),
    ...(refused === undefined ? [] : [`the settings were not reloaded: ${refused}`]),
    ...clusters.flatMap(({ name, failed }) =>
      failed === undefined ? [] : [`${name}: the last run failed: ${failed}`],
    ),
    ...clusters.flatMap(({ name, wire }) => (wire === undefined ? [] : [`${name}: its wire is not watched: ${wire}`])),
  ];
  return {
    ready: blocking.length === 0,
    lateMs: Math.max(0, ...clusters.map(({ lateMs }) => lateMs)),
    problems: [...blocking, ...others],
  };
}
