import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readdirSync, readlinkSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import type { ConfigurationFile } from '../flink/config.ts';
import type { ConfigurationLayer, Followed, MemberSource, Members } from '../flink/source.ts';
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

/** Larger files are no configuration. */
export const SOURCE_OCTETS_MAX: number = 8 * 1024 * 1024;
const FLINK_FILES = ['config.yaml', 'flink-conf.yaml'];

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
  const { SourceError } = await import('../flink/source.ts');
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

/** Flink's own files in a folder. */
export function flinkFilesIn(folder: string, names: readonly string[]): readonly ConfigurationFile[] {
  return FLINK_FILES.filter((name) => names.includes(name))
    .map((name) => path.join(folder, name))
    .map((name) => ({ name, text: readSourceText(name) }));
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

/** The text of a source. Throws `Unusable` for what is too large, or no text. */
export function readSourceText(file: string): string {
  const bytes = readBytes(file);
  const nul = bytes.indexOf(0);
  if (nul >= 0) throw new Unusable(`--conf: ${placeAt(file, bytes, nul)}: a zero byte: binary, no text`);
  if (!isUtf8(bytes)) {
    const until = bytes.toString('utf8').indexOf('\uFFFD');
    throw new Unusable(`--conf: ${placeAt(file, Buffer.from(bytes.toString('utf8')), until)}: no text in UTF-8`);
  }
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

function placeAt(file: string, bytes: Buffer, offset: number): string {
  const before = bytes.subarray(0, Math.max(0, offset));
  let line = 1;
  let start = 0;
  for (let at = before.indexOf(10); at >= 0; at = before.indexOf(10, at + 1)) {
    line++;
    start = at + 1;
  }
  return `${file}:${line}:${before.length - start + 1}`;
}

/** Pipes have no size and devices no end: what is read is counted. */
function readBytes(file: string): Buffer {
  let descriptor: number | undefined;
  try {
    descriptor = file === '-' ? 0 : openSync(file, 'r');
    const parts: Buffer[] = [];
    let total = 0;
    for (;;) {
      const part = Buffer.alloc(65_536);
      const count = readSync(descriptor, part);
      if (count === 0) return Buffer.concat(parts, total);
      parts.push(part.subarray(0, count));
      total += count;
      if (total > SOURCE_OCTETS_MAX) {
        throw new Unusable(
          `--conf: ${file}:1:1: larger than ${SOURCE_OCTETS_MAX / 1024 / 1024} MiB, which no configuration is`,
        );
      }
    }
  } catch (error) {
    if (error instanceof Unusable) throw error;
    throw new Unusable(`--conf: ${file}: ${reason(error)}`);
  } finally {
    if (descriptor !== undefined && descriptor !== 0) closeSync(descriptor);
  }
}

/** Where a link leads; undefined where nobody may know. */
export function linkTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
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
