import type { Exposure } from '../model/rule.ts';
import type { ConfigurationProblem } from './config.ts';
import { type Container, containerSource, IMAGE_CONF, versionOfImage } from './container.ts';
import { dynamicProperties, shellWords } from './dynamic.ts';
import type { ConfigObjects } from './kubernetes-objects.ts';
import { readContainer } from './kubernetes-pod.ts';
import type { ConfigurationLayer, MemberSource } from './source.ts';
import { parseFlinkVersion } from './version.ts';
import type { FlatFile } from './yaml-flat.ts';
import type { YamlNode } from './yaml-tree.ts';

const ROLES = [
  { member: 'jobmanager', part: 'jobManager' },
  { member: 'taskmanager', part: 'taskManager' },
] as const;

/** Name that Flink's pod templates give the container of its process. */
const MAIN_CONTAINER = 'flink-main-container';

/**
 * JobManager and TaskManagers of a FlinkDeployment (flink-kubernetes-operator): both read `spec.flinkConfiguration`,
 * flat or nested (operator 1.13), which the operator mounts at /opt/flink/conf read-only. What the operator adds, its own
 * defaults among it, is not in the manifest.
 */
export function flinkDeployment(object: YamlNode, configs: ConfigObjects): readonly MemberSource[] {
  const { file, line } = object;
  const spec = object.at('spec');
  if (spec === undefined) throw object.fault('a FlinkDeployment without spec');
  const written = spec.at('flinkConfiguration');
  const flat: FlatFile = written === undefined ? { entries: [], problems: [] } : written.flat();
  const version = versionOf(spec);
  return ROLES.map(({ member, part }, index): MemberSource => {
    const templates = [spec.at('podTemplate'), spec.at(part, 'podTemplate')];
    const pods = templates.flatMap((template) => {
      const container = template === undefined ? undefined : mainContainer(template, configs);
      return container === undefined ? [] : [inOperator(container)];
    });
    const sources = pods.map((pod) => containerSource(pod, member));
    const layers: ConfigurationLayer[] = [{ kind: 'entries', origin: 'manifest', file, entries: flat.entries }];
    const args = flat.entries.findLast(({ key }) => key === `kubernetes.${member}.entrypoint.args`);
    if (args !== undefined) {
      const entries = dynamicProperties(shellWords(args.value)).map(({ key, value }) => ({
        key,
        value,
        line: args.line,
      }));
      layers.push({ kind: 'entries', origin: 'dynamic', file, entries });
    }
    return {
      member,
      files: [],
      layers,
      ...(version.version === undefined ? {} : { flinkVersion: version.version }),
      problems: [
        ...(index === 0 ? flat.problems.map((problem) => ({ file, ...problem })) : []),
        ...(index === 0 ? version.problems : []),
        ...sources.flatMap(({ problems }) => problems),
        ...pods.flatMap(unreadArguments),
      ],
      notes: [{ file, line, message: 'what the operator adds, its own defaults among it, is not in this file' }],
      exposed: sources.flatMap(({ exposed }) => exposed),
    };
  });
}

function mainContainer(template: YamlNode, configs: ConfigObjects): Container | undefined {
  const pod = template.at('spec');
  const found = pod?.itemsAt('containers').find((one) => one.textAt('name') === MAIN_CONTAINER);
  return found === undefined ? undefined : readContainer(found, pod!, configs);
}

/** Flink mounts its ConfigMap and gives the container its own command. */
function inOperator(container: Container): Container {
  const mount = { target: IMAGE_CONF, access: 'read-only', files: [] } as const;
  return { ...container, mounts: [mount], entrypoint: 'image' };
}

function unreadArguments({ file, words }: Container): readonly ConfigurationProblem[] {
  return dynamicProperties(words.map(({ text }) => text)).map(({ key, index }) => ({
    file,
    line: words[index]!.line,
    message: `-D${key} is not read by Flink: it gives ${MAIN_CONTAINER} arguments of its own`,
  }));
}

/** `v1_20` names the minor version, the tag of Flink's own image the whole. */
function versionOf(spec: YamlNode): { readonly version?: string; readonly problems: readonly ConfigurationProblem[] } {
  const node = spec.at('flinkVersion');
  const named = /^v(\d+)_(\d+)$/
    .exec(node?.text() ?? '')
    ?.slice(1)
    .join('.');
  const ofImage = versionOfImage(spec.textAt('image'));
  if (named === undefined || ofImage === undefined) {
    const version = named ?? ofImage;
    return version === undefined ? { problems: [] } : { version, problems: [] };
  }
  const [one, other] = [parseFlinkVersion(named), parseFlinkVersion(ofImage)];
  if (one?.major === other?.major && one?.minor === other?.minor) return { version: ofImage, problems: [] };
  const message = `flinkVersion is ${named}, the image is of ${ofImage}: judged as the image, which is what runs`;
  return { version: ofImage, problems: [{ file: spec.file, line: node!.line, message }] };
}

/**
 * A FlinkSessionJob runs in processes that another object configures: its flinkConfiguration changes the job, not their
 * TLS.
 */
export function sessionJobNotes(object: YamlNode): Pick<MemberSource, 'problems' | 'notes' | 'exposed'> {
  const { file, line } = object;
  const { entries, problems } = object.at('spec', 'flinkConfiguration')?.flat() ?? { entries: [], problems: [] };
  const ofProcesses = entries.filter(({ key }) => /^security\.ssl\.|\.ssl\.enabled$/.test(key));
  return {
    problems: [
      ...problems.map((problem) => ({ file, ...problem })),
      ...ofProcesses.map((entry) => ({
        file,
        line: entry.line,
        message: `${entry.key} of a FlinkSessionJob changes nothing: the processes are configured by their FlinkDeployment`,
      })),
    ],
    notes: [{ file, line, message: 'a FlinkSessionJob shapes its job, not the processes: not counted as a member' }],
    exposed: entries
      .filter(({ value }) => !value.startsWith('${'))
      .map((entry): Exposure => ({ kind: 'manifest', name: entry.key, file, line: entry.line })),
  };
}
