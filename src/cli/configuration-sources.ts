import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { ConfigurationFile } from '../flink/config.ts';
import {
  type ConfigurationLayer,
  FLINK_FILES,
  type Followed,
  type MemberSource,
  type Members,
  SourceError,
} from '../flink/source.ts';
import { flinkFilesIn, readSourceText } from './configuration-files.ts';
import { reason, Unusable } from './failure.ts';

/** The configuration of one process, as the user named it. */
export interface ConfigurationFiles extends Partial<Omit<MemberSource, 'member' | 'files'>> {
  readonly member: string | null;
  /** As the user named it. */
  readonly path: string;
  readonly files: readonly ConfigurationFile[];
  /** `by-source`: the user gave no name. */
  readonly named?: 'by-source';
}

/** What the options of a command say of configurations. */
export interface ConfigurationArguments {
  readonly conf: readonly string[];
  /** `key=value` of each. */
  readonly D?: readonly string[] | undefined;
}

/**
 * Every process that `--conf [MEMBER=]SOURCE` names, with `-D` on top of each. A source of several processes gives several:
 * `MEMBER` then chooses the one of that name, or stands before each name.
 *
 * @throws Unusable that names the option, the file and the place in it
 */
export async function readConfigurations(args: ConfigurationArguments): Promise<readonly ConfigurationFiles[]> {
  const dynamic = await dynamicOf(args.D ?? []);
  const read: ConfigurationFiles[] = [];
  for (const text of args.conf) read.push(...(await readConfiguration(text)));
  if (dynamic.length > 0 && read.length === 0) throw new Unusable('-D: means nothing without --conf');
  return told(read).map((one) => ({ ...one, layers: [...(one.layers ?? []), ...dynamic] }));
}

/** What names a secret is known where there is something to refuse: help needs it not. */
async function dynamicOf(texts: readonly string[]): Promise<readonly ConfigurationLayer[]> {
  return texts.length === 0 ? [] : (await import('./dynamic-properties.ts')).dynamicLayers(texts);
}

/** Members of one name that several sources gave of themselves are told apart by their files. */
function told(read: readonly ConfigurationFiles[]): readonly ConfigurationFiles[] {
  return read.map((one) => {
    const isTaken = read.some((other) => other.path !== one.path && other.member === one.member);
    if (!isTaken || one.member === null || one.named !== 'by-source') return one;
    return { ...one, member: `${path.basename(one.path).replace(/\.\w+$/, '')}-${one.member}` };
  });
}

/** One `--conf [MEMBER=]SOURCE`; never empty. */
export async function readConfiguration(text: string): Promise<readonly ConfigurationFiles[]> {
  const at = text.indexOf('=');
  const member = at > 0 ? text.slice(0, at) : null;
  const target = at > 0 ? text.slice(at + 1) : text;
  try {
    const { members, passedOver } = await readTarget(target);
    const chosen = withNames(members, member);
    const file = chosen[0]?.files[0]?.name ?? target;
    const left = passedOver.length === 0 ? [] : [{ file, line: 1, message: passedOverText(passedOver) }];
    return chosen.map((one, index) => ({
      ...one,
      path: target,
      ...(member === null ? { named: 'by-source' as const } : {}),
      notes: [...one.notes, ...(index === 0 ? left : [])],
    }));
  } catch (error) {
    if (error instanceof SourceError) throw new Unusable(`--conf: ${error.message}`);
    throw error;
  }
}

function passedOverText(kinds: readonly string[]): string {
  const named = [...new Set(kinds)];
  const shown = named.slice(0, 6).join(', ');
  const count = `${kinds.length} ${kinds.length === 1 ? 'part that is' : 'parts that are'} no Flink`;
  return `${count} passed over: ${shown}${named.length > 6 ? ', …' : ''}`;
}

function withNames(members: readonly MemberSource[], member: string | null): readonly MemberSource[] {
  if (member === null) return members;
  const [only] = members;
  if (members.length === 1) return [{ ...only!, member }];
  const meant = members.filter((one) => one.member === member);
  return meant.length > 0 ? meant : members.map((one) => ({ ...one, member: `${member}-${one.member ?? 'all'}` }));
}

async function readTarget(target: string): Promise<Members> {
  const { flinkFiles, readSource } = await import('../flink/source-kind.ts');
  const names = namesIn(target);
  if (names === undefined) {
    return readSource({ name: target, text: readSourceText(target) }, following(path.dirname(target)));
  }
  if (names.includes('cmdline') && names.includes('environ')) {
    const { readProcess } = await import('./configuration-process.ts');
    return { members: [await readProcess(target)], passedOver: [] };
  }
  const files = flinkFilesIn(target, names);
  if (files.length > 0) return { members: [flinkFiles(files)], passedOver: [] };
  throw new Unusable(`--conf: ${target}: holds neither ${FLINK_FILES.join(' nor ')}`);
}

/** Names in a folder; undefined where it is a file. */
function namesIn(target: string): string[] | undefined {
  if (target === '-') return undefined;
  try {
    return readdirSync(target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw new Unusable(`--conf: ${target}: ${reason(error)}`);
  }
}

/** What a source in this folder names; what cannot be read is not there. */
function following(folder: string): Followed {
  const opened = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (error instanceof Unusable) return undefined;
      throw error;
    }
  };
  const text = (name: string): ConfigurationFile | undefined => {
    const file = path.isAbsolute(name) ? name : path.join(folder, name);
    return opened(() =>
      statSync(file, { throwIfNoEntry: false })?.isFile() ? { name: file, text: readSourceText(file) } : undefined,
    );
  };
  return {
    text,
    configuration: (name) => {
      const own = path.isAbsolute(name) ? name : path.join(folder, name);
      const names = opened(() => (statSync(own, { throwIfNoEntry: false })?.isDirectory() ? namesIn(own) : undefined));
      if (names !== undefined) return opened(() => flinkFilesIn(own, names));
      const file = text(name);
      return file === undefined ? undefined : [file];
    },
  };
}

/** `--conf` as given, else what FLINK_CONF_DIR of the environment names; `say` tells of the latter. */
export function confOrEnvironment(
  conf: readonly string[],
  say: (line: string) => void,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): readonly string[] {
  const folder = environment.FLINK_CONF_DIR;
  if (conf.length > 0 || folder === undefined || folder === '') return conf;
  say(`no --conf: reading ${folder}, which FLINK_CONF_DIR of the environment names`);
  // What comes before an equals sign would be taken for a member.
  return [folder.includes('=') ? `./${folder}` : folder];
}
