import type { Input } from '../model/report.ts';
import { byteCount, duration, shortTime } from './time.ts';

/** Configurations of one folder, processes, targets that are named; what is more is counted. */
const MAX_NAMES = 12;

/** A key store that a configuration names and this machine does not have: it is Flink's machine that has it. */
export function isElsewhere({ kind, problems = [] }: Input): boolean {
  return kind === 'keystore' && problems.some(({ message }) => message === 'no such file');
}

export function elsewhereText(inputs: readonly Input[]): string[] {
  const names = inputs.filter(isElsewhere).map(({ path }) => path);
  return names.length === 0 ? [] : [`not on this machine (--keystore gives a copy): ${namesText(names)}`];
}

export function inputText(input: Input): string {
  const parts = [input.path];
  if (input.format !== undefined) parts.push(input.format);
  if (input.packets !== undefined) parts.push(`${input.packets} packets`);
  const { firstPacketAt, lastPacketAt } = input;
  if (firstPacketAt !== undefined && lastPacketAt !== undefined) {
    const lasted = duration(firstPacketAt, lastPacketAt);
    parts.push(
      `${shortTime(firstPacketAt)} to ${shortTime(lastPacketAt)}${lasted === undefined ? '' : ` (${lasted})`}`,
    );
  }
  return parts.join('   ');
}

/** Only what is not clean. */
export function qualityTexts(input: Input): string[] {
  const quality = input.quality;
  if (quality === undefined) return [];
  const counts: readonly (readonly [number, string])[] = [
    [quality.captureDrops, 'packets dropped by the capture'],
    [quality.cutPackets, 'cut packets'],
    [quality.gaps, `gaps (${byteCount(quality.gapBytes)} missing)`],
    [quality.oneSidedConnections, 'one-sided connections'],
    [quality.badChecksums, 'bad checksums'],
    [quality.undecodedPackets, 'packets not decoded'],
    [quality.duplicates, 'packets seen twice'],
    ...Object.entries(quality.limits ?? {}).map(([name, count]) => [count, `times at the limit ${name}`] as const),
  ];
  const told = counts.filter(([count]) => count > 0).map(([count, noun]) => `${count} ${noun}`);
  return [
    ...(told.length === 0 ? [] : [told.join(', ')]),
    ...quality.problems.map(({ offset, reason, message }) => `${reason} at byte ${offset}: ${message}`),
    ...(quality.crossCheck === undefined ? [] : [`cross-check: ${quality.crossCheck}`]),
  ];
}

/** A thousand targets take no thousand lines. */
export function targetLines(inputs: readonly Input[]): string[] {
  const targets = inputs.filter(({ kind }) => kind === 'target').map(({ path }) => path);
  return targets.length === 0 ? [] : [namesText(targets)];
}

/** Folders of one parent on one line: `/etc/flink: jm, tm1, tm2`. */
export function foldedPaths(inputs: readonly Input[]): string[] {
  const parents = new Map<string, string[]>();
  for (const { path } of inputs) {
    const cut = path.search(/[\\/][^\\/]+[\\/]?$/);
    const parent = cut <= 0 ? '' : path.slice(0, cut);
    parents.set(parent, [...(parents.get(parent) ?? []), cut <= 0 ? path : path.slice(cut + 1)]);
  }
  return [...parents].map(([parent, names]) => {
    const said = namesText(names);
    if (parent === '') return said;
    return names.length === 1 ? `${parent}/${said}` : `${parent}: ${said}`;
  });
}

export function namesText(names: readonly string[]): string {
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  return `${names.slice(0, MAX_NAMES).join(', ')}${more}`;
}
