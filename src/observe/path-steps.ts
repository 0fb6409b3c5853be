import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import path from 'node:path';
import { type Gate, OPEN_GATE, through } from './openness.ts';

/** A directory in which a name of the path was looked up. */
export interface DirectoryStep {
  readonly path: string;
  readonly stats: Stats;
}

/** How the system gets to a file: what it looks up where, and which links it follows. */
export interface PathSteps {
  /** Without links. */
  readonly target: string;
  /** `/ssl/store.p12 -> ..data/store.p12`, in the order in which they are followed. */
  readonly links: readonly string[];
  /** Each once, without links, those of the targets of links too. */
  readonly directories: readonly DirectoryStep[];
}

/** As Linux has it (`MAXSYMLINKS`). */
const MAX_LINKS = 40;

/** Follows a path name by name, as path_resolution(7) has it; undefined where it leads nowhere, or in circles. */
export function stepsOf(file: string): PathSteps | undefined {
  const links: string[] = [];
  const directories = new Map<string, DirectoryStep>();
  const absolute = path.resolve(file);
  let at = path.parse(absolute).root;
  const names = namesOf(absolute.slice(at.length));
  try {
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      if (!directories.has(at)) directories.set(at, { path: at, stats: lstatSync(at) });
      const next = path.join(at, name);
      if (name === '..' || !lstatSync(next).isSymbolicLink()) {
        at = next;
        continue;
      }
      if (links.length >= MAX_LINKS) return undefined;
      const target = readlinkSync(next);
      links.push(`${next} -> ${target}`);
      names.unshift(...namesOf(target));
      if (path.isAbsolute(target)) at = path.parse(target).root;
    }
  } catch {
    return undefined;
  }
  return { target: at, links, directories: [...directories.values()] };
}

function namesOf(text: string): string[] {
  return text.split(path.sep).filter((name) => name !== '' && name !== '.');
}

/** Who gets as far as a directory or file without links; a directory above that cannot be asked is taken as open. */
export function gateAbove(file: string): Gate {
  let gate = OPEN_GATE;
  const above: string[] = [];
  for (let one = path.dirname(file); ; one = path.dirname(one)) {
    above.push(one);
    if (one === path.dirname(one)) break;
  }
  for (const directory of above.reverse()) {
    try {
      gate = through(gate, lstatSync(directory));
    } catch {
      // Taken as open.
    }
  }
  return gate;
}
