import type { Exposure } from '../model/rule.ts';
import type { ConfigurationFile, ConfigurationProblem } from './config.ts';
import { dynamicProperties, type Role, roleOf } from './dynamic.ts';
import { readFlinkProperties } from './properties.ts';
import {
  type ConfigurationLayer,
  FLINK_FILES,
  type LayerEntry,
  type MemberSource,
  type PlacedText,
  type SourceError,
} from './source.ts';
import { isAtLeast } from './version.ts';

/** A variable of a container. */
export interface Variable {
  readonly name: string;
  readonly line: number;
  /** Absent where the value stands elsewhere. */
  readonly value?: PlacedText;
  /** What has it then, as `a Secret`; absent for a value that is empty or the host's. */
  readonly from?: string;
}

/** An argument, and where it is written. */
export interface Word {
  readonly text: string;
  readonly line: number;
}

/** What stands in Flink's configuration folder. */
export interface ConfMount {
  /** Where it is mounted, as `/opt/flink/conf`. */
  readonly target: string;
  readonly access: 'writable' | 'read-only';
  readonly files: readonly ConfigurationFile[];
  /** Thrown where there are no files: what the process reads is not known. Absent where that is told otherwise. */
  readonly unseen?: SourceError;
}

/** A container as Compose and Kubernetes have it, or one process of a FlinkDeployment. */
export interface Container {
  readonly file: string;
  readonly line: number;
  readonly image?: Word;
  readonly variables: readonly Variable[];
  /** Command and arguments. */
  readonly words: readonly Word[];
  /** `replaced`: the image's docker-entrypoint.sh is not what runs. */
  readonly entrypoint: 'image' | 'replaced';
  readonly mounts: readonly ConfMount[];
}

/** Where Flink's images have their configuration, and where docker-entrypoint.sh writes whatever FLINK_CONF_DIR says. */
export const IMAGE_CONF = '/opt/flink/conf';

/** Folder of the configuration, as the variables of the process have it. */
export function confFolder(variables: readonly Variable[]): string {
  return variables.findLast(({ name }) => name === 'FLINK_CONF_DIR')?.value?.text ?? IMAGE_CONF;
}

/** Which of Flink's files a path in the container is; undefined for others. */
export function flinkFileAt(path: string, folder: string): string | undefined {
  return FLINK_FILES.find((name) => isSameFolder(path, `${folder}/${name}`));
}

/** Role of a container that runs Flink, by what it is told to do; undefined where nothing says so. */
export function containerRole({ words }: Container): Role | undefined {
  return roleOf(words.map(({ text }) => text));
}

/** Whether a container runs Flink: by its command, its image, its variables or what is mounted. */
export function isFlinkContainer(container: Container): boolean {
  return (
    containerRole(container) !== undefined ||
    isFlinkImage(container.image?.text) ||
    container.mounts.length > 0 ||
    container.variables.some(({ name }) => name === 'FLINK_PROPERTIES' || name === 'FLINK_CONF_DIR')
  );
}

/** `flink:1.20.3-scala_2.12-java17`, `images.example/library/flink:2.0`: images of that name, whoever keeps them. */
export function isFlinkImage(image: string | undefined): boolean {
  return /(?:^|\/)flink(?::[^/]*)?(?:@.*)?$/.test(image ?? '');
}

/** `1.20.3` of `flink:1.20.3-java17`; undefined for other images, whose tags are their own. */
export function versionOfImage(image: string | undefined): string | undefined {
  return isFlinkImage(image) ? /:v?(\d+\.\d+(?:\.\d+)?)(?![\w.]*\/)/.exec(image!)?.[1] : undefined;
}

/**
 * What a container's process reads: the mounted file, then what docker-entrypoint.sh writes into it (its own ports, the
 * variables, `FLINK_PROPERTIES`), then `-D` of the command line. The script can write only where the folder is writable,
 * and only into the image's folder: what it cannot write is not in force, and a problem says so.
 *
 * @throws SourceError where something is mounted as the configuration that cannot be seen: all else would be a guess
 */
export function containerSource(container: Container, member: string | null): MemberSource {
  const { file, image } = container;
  const variables = new Map(container.variables.map(({ name, value }) => [name, value?.text]));
  const conf = confFolder(container.variables);
  const mounts = container.mounts.filter(({ target }) => isSameFolder(target, conf));
  const mount = mounts.find(({ files }) => files.length > 0) ?? mounts[0];
  if (mount?.files.length === 0 && mount.unseen !== undefined) throw mount.unseen;
  const version = versionOfImage(image?.text);
  const script = scriptOf(container, conf);
  const properties = container.variables.find(({ name }) => name === 'FLINK_PROPERTIES');
  const placed = properties?.value === undefined ? undefined : { ...properties.value, file, variables };
  const problems: ConfigurationProblem[] = [];
  const notes = notesOf(container, mount, conf);
  if (properties !== undefined && placed === undefined) {
    const from = properties.from ?? 'the environment of whoever starts it';
    notes.push({ file, line: properties.line, message: `FLINK_PROPERTIES comes from ${from}: not known` });
  }
  if (placed !== undefined && script !== 'writes') {
    problems.push({ file, line: properties!.line, message: `FLINK_PROPERTIES is not read by Flink: ${script}` });
  }
  const layers: ConfigurationLayer[] = [];
  if (script === 'writes' && image !== undefined) layers.push(...scriptLayers(container, version));
  if (placed !== undefined && script === 'writes') layers.push({ kind: 'properties', ...placed });
  layers.push(...argumentLayers(container, variables));
  const unread = placed === undefined || script === 'writes' ? [] : readFlinkProperties(placed, version).entries;
  return {
    member,
    files: mount?.files ?? [],
    layers,
    ...(version === undefined ? {} : { flinkVersion: version }),
    problems,
    notes,
    exposed: [
      ...container.variables.flatMap((one) => exposuresOf(file, one)),
      ...unread.map(({ key, line }): Exposure => ({ kind: 'variable', name: `FLINK_PROPERTIES ${key}`, file, line })),
    ],
  };
}

/** `writes`, or why docker-entrypoint.sh changes nothing that Flink reads. */
function scriptOf({ words, entrypoint, mounts }: Container, conf: string): 'writes' | (string & {}) {
  if (entrypoint === 'replaced' && !words.some(({ text }) => /docker-entrypoint\.sh/.test(text))) {
    return "the image's docker-entrypoint.sh, which alone reads it, is not what this container runs";
  }
  if (!isSameFolder(conf, IMAGE_CONF)) {
    return `docker-entrypoint.sh writes it to ${IMAGE_CONF}, and FLINK_CONF_DIR names another folder`;
  }
  if (mounts.some(({ target, access }) => isSameFolder(target, conf) && access === 'read-only')) {
    return `${IMAGE_CONF} is mounted read-only, and docker-entrypoint.sh cannot write it there`;
  }
  return 'writes';
}

/** Where nothing is mounted, the image has a file of its own: Flink's without anything of TLS, or whatever was put in. */
function notesOf({ file, line, image }: Container, mount: ConfMount | undefined, conf: string): ConfigurationProblem[] {
  if (mount !== undefined) return [];
  const message = `what the image has in ${conf} is not known here, and counts below this`;
  return [{ file, line: image?.line ?? line, message }];
}

/** Settings that docker-entrypoint.sh makes on its own. */
function scriptLayers({ file, line, image, variables }: Container, version: string | undefined): ConfigurationLayer[] {
  const told = (name: string, key: string): LayerEntry[] => {
    const found = variables.find((one) => one.name === name)?.value;
    return found === undefined || found.text === '' ? [] : [{ key, value: found.text, line: found.firstLine }];
  };
  const slots = told('TASK_MANAGER_NUMBER_OF_TASK_SLOTS', 'taskmanager.numberOfTaskSlots');
  // Up to 1.18 it sets one slot where nobody says how many.
  const fallback = version !== undefined && !isAtLeast(version, '1.19') && slots.length === 0;
  const at = image?.line ?? line;
  return [
    {
      kind: 'entries',
      origin: 'entrypoint',
      file,
      entries: [
        { key: 'blob.server.port', value: '6124', line: at },
        ...(fallback ? [{ key: 'taskmanager.numberOfTaskSlots', value: '1', line: at }] : []),
      ],
    },
    {
      kind: 'entries',
      origin: 'environment',
      file,
      entries: [...told('JOB_MANAGER_RPC_ADDRESS', 'jobmanager.rpc.address'), ...slots],
    },
  ];
}

function argumentLayers(
  { file, words }: Container,
  variables: ReadonlyMap<string, string | undefined>,
): ConfigurationLayer[] {
  const entries = dynamicProperties(words.map(({ text }) => text)).map(({ key, value, index }) => ({
    key,
    value: value.replace(/\$(?:\((\w+)\)|\{(\w+)\})/g, (written, one?: string, other?: string) => {
      return variables.get((one ?? other)!) ?? written;
    }),
    line: words[index]!.line,
  }));
  return entries.length === 0 ? [] : [{ kind: 'entries', origin: 'dynamic', file, entries }];
}

/** A value that stands here in plain, and the `-D` options within it, as in `FLINK_ENV_JAVA_OPTS`. */
export function exposuresOf(file: string, { name, line, value }: Variable): Exposure[] {
  if (value === undefined || value.text === '' || /^\$[({]/.test(value.text) || name === 'FLINK_PROPERTIES') return [];
  const options = [...value.text.matchAll(/(?:^|\s)-D([\w.-]{1,200})=\S/g)];
  return [
    { kind: 'variable', name, file, line },
    ...options.map(([, option]): Exposure => ({ kind: 'variable', name: `${name} -D${option}`, file, line })),
  ];
}

export function isSameFolder(one: string, other: string): boolean {
  return withoutSlash(one) === withoutSlash(other);
}

function withoutSlash(folder: string): string {
  return folder.length > 1 && folder.endsWith('/') ? folder.slice(0, -1) : folder;
}
