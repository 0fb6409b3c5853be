import type { DaemonJourney, Wanted } from './daemon-journeys.ts';
import type { Place, Sighting, Told } from './daemon-places.ts';

/** Seconds of one thing that was wanted, by place. */
export interface Measured {
  readonly what: string;
  /** From the moment that counts until the place told it. */
  readonly told: Readonly<Partial<Record<Place, number>>>;
  /** From the registration of the sound TaskManager until the place told it no more. */
  readonly resolved: Readonly<Partial<Record<Place, number>>>;
}

/** One thing that is wanted at one place. Times are milliseconds since the epoch. */
export interface Span {
  readonly wanted: Wanted;
  readonly place: Place;
  readonly told?: number;
  /** When the place ceased to tell it, for good. */
  readonly resolved?: number;
  /** Settings that it named. */
  readonly fix: string;
}

/** Metrics have rules and channels, no word of witnesses. */
export function isWanted(told: Told, { rules, channels, member, witness }: Wanted): boolean {
  return (
    (rules.length === 0 || rules.includes(told.rule)) &&
    (told.channel === '' || channels.length === 0 || channels.includes(told.channel)) &&
    (told.member === '' || told.member === member) &&
    (witness === undefined || told.witnesses === undefined || told.witnesses.includes(witness))
  );
}

/** What each place told of each thing that is wanted, from `since` on. */
export function spansOf(
  wanted: readonly Wanted[],
  places: readonly Place[],
  sightings: readonly Sighting[],
  since: number,
): readonly Span[] {
  return wanted.flatMap((one) =>
    places.filter((place) => one.places?.includes(place) ?? true).map((place) => spanOf(one, place, sightings, since)),
  );
}

function spanOf(wanted: Wanted, place: Place, sightings: readonly Sighting[], since: number): Span {
  let told: number | undefined;
  let resolved: number | undefined;
  const fixes = new Set<string>();
  for (const { at, open } of sightings.filter((one) => one.place === place && one.at >= since)) {
    const own = open.filter((one) => isWanted(one, wanted));
    for (const { fix } of own) fixes.add(fix);
    if (own.length > 0) {
      told ??= at;
      resolved = undefined;
    } else if (told !== undefined) resolved ??= at;
  }
  return {
    ...{ wanted, place, fix: [...fixes].join('\n') },
    ...(told === undefined ? {} : { told }),
    ...(resolved === undefined ? {} : { resolved }),
  };
}

/** When the fault began to count, and when the sound TaskManager was registered. Milliseconds since the epoch. */
export interface Moments {
  readonly counted: number;
  readonly soundAt: number;
}

export function measured(spans: readonly Span[], { counted, soundAt }: Moments): readonly Measured[] {
  const whats = [...new Set(spans.map(({ wanted }) => wanted.what))];
  return whats.map((what) => {
    const own = spans.filter(({ wanted }) => wanted.what === what);
    return { what, told: seconds(own, 'told', counted), resolved: seconds(own, 'resolved', soundAt) };
  });
}

function seconds(
  spans: readonly Span[],
  which: 'told' | 'resolved',
  since: number,
): Readonly<Partial<Record<Place, number>>> {
  return Object.fromEntries(
    spans.flatMap((one) => {
      const at = one[which];
      return at === undefined ? [] : [[one.place, Math.round((at - since) / 100) / 10]];
    }),
  );
}

/** What was not told, too late, without the setting that mends it, or not resolved; one sentence each. */
export function daemonDiffers(
  { within, resolution }: Pick<DaemonJourney, 'within' | 'resolution'>,
  spans: readonly Span[],
  { counted }: Pick<Moments, 'counted'>,
): readonly string[] {
  return spans.flatMap(({ wanted: { what, setting }, place, told, resolved, fix }) => {
    if (told === undefined) return [`${what}: not told by ${place}`];
    const took = (told - counted) / 1000;
    return [
      ...(took > within ? [`${what}: told by ${place} after ${took.toFixed(1)} s, wanted are ${within} s`] : []),
      ...(resolved === undefined && resolution === 'wanted' ? [`${what}: never resolved by ${place}`] : []),
      // A metric has no room for it.
      ...(setting !== undefined && place !== 'metrics' && !fix.includes(setting)
        ? [`${what}: ${place} does not name ${setting}`]
        : []),
    ];
  });
}
