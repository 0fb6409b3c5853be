import type { ConfigurationProblem } from './config.ts';
import { type Container, containerRole, containerSource, isFlinkContainer } from './container.ts';
import { flinkDeployment, sessionJobNotes } from './flink-deployment.ts';
import { ConfigObjects } from './kubernetes-objects.ts';
import { readContainer } from './kubernetes-pod.ts';
import type { MemberSource, Members } from './source.ts';
import type { YamlNode } from './yaml-tree.ts';

/** Where each kind keeps its pod. */
const POD_SPECS: Readonly<Record<string, readonly string[]>> = {
  Pod: ['spec'],
  Deployment: ['spec', 'template', 'spec'],
  StatefulSet: ['spec', 'template', 'spec'],
  DaemonSet: ['spec', 'template', 'spec'],
  ReplicaSet: ['spec', 'template', 'spec'],
  Job: ['spec', 'template', 'spec'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
};

const FLINK_GROUP = 'flink.apache.org/';
/** Lists within lists that are opened. */
const MAX_LISTS = 8;

/** Whether a document is a Kubernetes object. */
export function isKubernetesObject(document: YamlNode): boolean {
  return document.textAt('kind') !== undefined && document.textAt('apiVersion') !== undefined;
}

/**
 * The Flink processes that Kubernetes objects of one file make up: FlinkDeployments, pods and what makes pods, with the
 * ConfigMaps and Secrets that they mount. ConfigMaps that nobody mounts are members of their own where there are no
 * others. All other kinds are passed over.
 *
 * @throws SourceError for a document that Kubernetes would refuse
 */
export function readKubernetes(documents: readonly YamlNode[]): Members {
  const objects = documents.flatMap((document) => opened(document, 0));
  const configs = new ConfigObjects(objects);
  const members: MemberSource[] = [];
  const passedOver: string[] = [];
  const notes: ConfigurationProblem[] = [];
  const sessionJobs: ReturnType<typeof sessionJobNotes>[] = [];
  for (const object of objects) {
    const kind = object.textAt('kind') ?? '';
    const isOfFlink = (object.textAt('apiVersion') ?? '').startsWith(FLINK_GROUP);
    const pod = POD_SPECS[kind];
    if (isOfFlink && kind === 'FlinkDeployment') {
      members.push(...flinkDeployment(object, configs));
    } else if (isOfFlink && kind === 'FlinkSessionJob') {
      sessionJobs.push(sessionJobNotes(object));
    } else if (pod !== undefined) {
      const found = podMembers(object, object.at(...pod), configs);
      members.push(...found);
      if (found.length === 0) passedOver.push(kind);
    } else if (!configs.isKnown(object)) {
      passedOver.push(kind);
    }
  }
  if (members.length === 0) members.push(...configs.unmounted());
  else notes.push(...configs.notesOnUnmounted());
  if (members.length === 0 && sessionJobs.length > 0) members.push(NOBODY);
  return { members: renamed(withJobs(members, notes, sessionJobs)), passedOver };
}

/** A session job's cluster stands in another file. */
const NOBODY: MemberSource = { member: null, files: [], layers: [], problems: [], notes: [], exposed: [] };

/** What concerns no process alone is told at the first one. */
function withJobs(
  members: readonly MemberSource[],
  notes: readonly ConfigurationProblem[],
  jobs: readonly ReturnType<typeof sessionJobNotes>[],
): readonly MemberSource[] {
  const [first, ...others] = members;
  if (first === undefined) return [];
  return [
    {
      ...first,
      problems: [...first.problems, ...jobs.flatMap((job) => job.problems)],
      notes: [...first.notes, ...notes, ...jobs.flatMap((job) => job.notes)],
      exposed: [...first.exposed, ...jobs.flatMap((job) => job.exposed)],
    },
    ...others,
  ];
}

/** Items of lists, as `kubectl get -o yaml` writes them, and the objects themselves. */
function opened(object: YamlNode, depth: number): readonly YamlNode[] {
  const kind = object.textAt('kind') ?? '';
  if (!kind.endsWith('List') || object.at('items') === undefined) return [object];
  if (depth >= MAX_LISTS) throw object.fault('lists within lists within lists');
  return object.itemsAt('items').flatMap((item) => opened(item, depth + 1));
}

function podMembers(object: YamlNode, pod: YamlNode | undefined, configs: ConfigObjects): readonly MemberSource[] {
  const name = object.textAt('metadata', 'name') ?? object.textAt('kind')!.toLowerCase();
  const containers = (pod?.itemsAt('containers') ?? [])
    .map((one): Container => readContainer(one, pod!, configs))
    .filter(isFlinkContainer);
  return containers.map((container) => ({
    ...containerSource(container, containerRole(container) ?? name),
    fallbackName: name,
  }));
}

/** Members of one name are told apart by their objects' names, and by numbers where those are the same, too. */
function renamed(members: readonly (MemberSource & { readonly fallbackName?: string })[]): readonly MemberSource[] {
  const often = new Map<string | null, number>();
  for (const { member } of members) often.set(member, (often.get(member) ?? 0) + 1);
  const named = members.map(({ fallbackName, ...one }) => ({
    ...one,
    member: often.get(one.member)! > 1 ? (fallbackName ?? one.member) : one.member,
  }));
  const counts = new Map<string | null, number>();
  return named.map((one) => {
    const count = (counts.get(one.member) ?? 0) + 1;
    counts.set(one.member, count);
    return count === 1 || one.member === null ? one : { ...one, member: `${one.member}-${count}` };
  });
}
