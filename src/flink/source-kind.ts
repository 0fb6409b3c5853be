import { isCompose, readCompose } from './compose.ts';
import type { ConfigurationFile } from './config.ts';
import { environmentSource, isEnvironmentFile } from './env-file.ts';
import { isKubernetesObject, readKubernetes } from './kubernetes.ts';
import { type Followed, type Members, SourceError } from './source.ts';
import { parseStandardYaml } from './yaml-flat.ts';
import { readYaml } from './yaml-tree.ts';

/** For whoever named something else. */
export const KINDS_OF_SOURCE =
  'there are: a folder with config.yaml or flink-conf.yaml, one such file, Kubernetes objects as YAML or JSON, a Compose file, an environment file, /proc/PID';

/** What only manifests and Compose files have at the left margin; JSON begins with a brace. */
const STRUCTURED = /^(?:["']?(?:apiVersion|kind|services)["']?[ \t]*:|\{)/m;
/** Processes of one file: each is judged, and held against all others. */
const MAX_MEMBERS = 1000;
const FLINK_NAME = /(?:^|[/\\])(?:config|flink-conf)\.ya?ml$/;

/** What keys of Flink's and of its connectors begin with. */
const FLINK_KEY =
  /^(?:akka|blob|classloader|client|cluster|compiler|containerized|env|execution|external-resource|external-resources|flamegraph|fs|gs|hadoop|heartbeat|high-availability|historyserver|io|jmx|job-event|jobmanager|jobstore|kubernetes|mesos|metrics|network|parallelism|pekko|pipeline|plugin|process|python|query|queryable-state|recovery|resourcemanager|rest|restart-strategy|s3|s3a|oss|scheduler|security|slot|slotmanager|sql-client|sql-gateway|standalone|state|streaming|table|taskmanager|tmp|traces|user|web|workflow-scheduler|yarn|zookeeper|\$internal)(?:\.|$)/;

/**
 * The processes whose configuration a file holds. What kind of file it is, its content tells; the name only tells Flink's
 * two own formats apart.
 *
 * @throws SourceError that names the place, for a damaged file or one of no known kind
 */
export function readSource(file: ConfigurationFile, followed: Followed): Members {
  const { name, text } = file;
  if (STRUCTURED.test(text)) {
    const documents = readYaml(name, text);
    if (documents.some(isKubernetesObject))
      return expectFlink(readKubernetes(documents.filter(isKubernetesObject)), name);
    const compose = documents.find(isCompose);
    if (compose !== undefined) return expectFlink(readCompose(compose, followed), name);
  }
  if (isEnvironmentFile(text)) return { members: [environmentSource(name, text, followed)], passedOver: [] };
  if (!FLINK_NAME.test(name)) expectFlinkKeys(name, text);
  return { members: [flinkFiles([file])], passedOver: [] };
}

/** The configuration that Flink's own files are. */
export function flinkFiles(files: readonly ConfigurationFile[]): Members['members'][number] {
  return { member: null, files, layers: [], problems: [], notes: [], exposed: [] };
}

function expectFlink(found: Members, name: string): Members {
  if (found.members.length > MAX_MEMBERS) {
    throw new SourceError(name, 1, 1, `configures more than ${MAX_MEMBERS} processes: give fewer at a time`);
  }
  if (found.members.length > 0) return found;
  const kinds = [...new Set(found.passedOver)].slice(0, 8).join(', ');
  throw new SourceError(name, 1, 1, `configures no Flink process; it has ${kinds || 'nothing'}`);
}

function expectFlinkKeys(name: string, text: string): void {
  const { entries, problems } = parseStandardYaml(text);
  if (entries.some(({ key }) => FLINK_KEY.test(key))) return;
  const [first] = problems;
  if (entries.length === 0 && first === undefined) return;
  const fault = entries.length > 0 ? 'has no key of Flink' : first!.message;
  throw new SourceError(name, entries.length > 0 ? entries[0]!.line : first!.line, 1, `${fault}; ${KINDS_OF_SOURCE}`);
}
