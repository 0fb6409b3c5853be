import type { FixStep, RestartKind } from '../../model/fix-plan.ts';
import type { Draft } from './draft.ts';
import { FORMER_SWITCH, isOn, REST_SWITCH } from './keys.ts';

/** A step before it has a number; `kind` is what of the plan it does. */
export interface StepDraft extends Omit<FixStep, 'number'> {
  readonly kind: 'files' | 'stores' | 'settings' | 'hand-settings' | 'other';
}

/** What the configurations say of the cluster as a whole, once they are changed. */
export interface ClusterFacts {
  readonly startedBy: 'scripts' | 'pods' | 'operator';
  readonly highAvailability: 'none' | 'there';
  readonly savepoints: 'set' | 'not-set';
  readonly historyServer: boolean;
  readonly sqlGateway: boolean;
  /** `https://jm:8081`; absent where no configuration names the host. */
  readonly restUrl?: string;
  readonly restTls: boolean;
  readonly restMutual: boolean;
  /** Sentences for the operator. */
  readonly notes: readonly string[];
}

export function clusterOf(draft: Draft): ClusterFacts {
  const value = (...keys: readonly string[]): string | undefined =>
    draft.subjects.map((subject) => draft.value(subject, ...keys)?.trim()).find((one) => one !== undefined);
  const has = (pattern: RegExp): boolean =>
    draft.subjects.some(({ configuration }) => configuration.keys().some((key) => pattern.test(key)));
  const type = value('high-availability.type', 'high-availability', 'recovery.mode') ?? 'none';
  const restTls = draft.subjects.some((subject) => {
    const aliases = subject.configuration.atLeast('2.0') ? [] : [FORMER_SWITCH];
    return isOn(draft.value(subject, REST_SWITCH, ...aliases));
  });
  const host = [value('rest.address'), value('jobmanager.rpc.address')].find(
    // What is no host name would be something else on a command line.
    (one) => one !== undefined && /^[a-z0-9][a-z0-9.-]*$/i.test(one) && !/^(?:0\.0\.0\.0|localhost|127\..*)$/.test(one),
  );
  const port = /^\d+$/.exec(value('rest.port') ?? '8081')?.[0] ?? '8081';
  const restUrl = host === undefined ? undefined : `${restTls ? 'https' : 'http'}://${host}:${port}`;
  const startedBy = starterOf(draft, has(/^kubernetes\./));
  return {
    startedBy,
    highAvailability: /^none$/i.test(type) ? 'none' : 'there',
    savepoints:
      value('execution.checkpointing.savepoint-dir', 'state.savepoints.dir') === undefined ? 'not-set' : 'set',
    historyServer: has(/^historyserver\./),
    sqlGateway: has(/^sql-gateway\./),
    ...(restUrl === undefined ? {} : { restUrl }),
    restTls,
    restMutual:
      restTls && draft.subjects.some((one) => isOn(draft.value(one, 'security.ssl.rest.authentication-enabled'))),
    notes:
      startedBy === 'scripts'
        ? []
        : [
            'The key stores reach the pods as a secret (kubectl create secret generic flink-tls --from-file=flink-stores), mounted where the paths above are, with defaultMode 0400.',
          ],
  };
}

/** `operator`: a FlinkDeployment; `pods`: objects of Kubernetes, or Flink's own deployment there. */
function starterOf(draft: Draft, isNative: boolean): ClusterFacts['startedBy'] {
  const origins = new Set(
    draft.subjects.flatMap(({ configuration }) =>
      configuration.keys().map((key) => configuration.setting(key)?.origin),
    ),
  );
  if (origins.has('manifest')) return 'operator';
  return origins.has('config-map') || origins.has('secret') || isNative ? 'pods' : 'scripts';
}

interface RestartSteps {
  readonly stop: readonly StepDraft[];
  readonly start: readonly StepDraft[];
  readonly later: readonly StepDraft[];
}

/** The restart around the changes, by the scripts of a standalone cluster. */
export function restartSteps(kind: RestartKind, facts: ClusterFacts): RestartSteps {
  switch (kind) {
    case 'none':
      return { stop: [], start: [], later: [] };
    case 'all-at-once':
      return {
        stop: [savepoints(facts), stopped(facts)],
        start: [started(facts)],
        later: [resumed(facts)],
      };
    case 'rest-only':
      return {
        stop: [savepoints(facts)],
        start: [restRestart(facts)],
        later: facts.highAvailability === 'there' ? [] : [resumed(facts)],
      };
    case 'rolling':
      return {
        stop: [savepoints(facts)],
        start: [oneByOne(facts)],
        later: facts.highAvailability === 'there' ? [] : [resumed(facts)],
      };
  }
}

/** The operator takes a savepoint where job.upgradeMode says so. */
const SUSPENDED = `kubectl patch flinkdeployment NAME --type merge --patch '{"spec":{"job":{"state":"suspended"}}}'  # with job.upgradeMode: savepoint`;
const RESUMED = 'kubectl apply -f FILE  # with job.state: running';

/** The same by what starts the processes; NAME, FILE and the like are the operator's to fill in. */
function byStarter(
  { startedBy }: ClusterFacts,
  lines: Readonly<Record<ClusterFacts['startedBy'], readonly string[]>>,
): readonly string[] {
  return lines[startedBy];
}

/** With the files as they are: the client reads the same ones as the cluster. */
function savepoints({ savepoints: known, highAvailability }: ClusterFacts): StepDraft {
  const path = known === 'set' ? '' : ' --savepointPath DIRECTORY';
  return {
    kind: 'other',
    title: highAvailability === 'there' ? 'Keep the state of the jobs' : 'Stop the jobs with a savepoint',
    text: [
      'Before any file changes: the client reads the same configuration as the cluster, and both still have the old one.',
      highAvailability === 'there'
        ? 'With high availability a new JobManager takes the jobs up from their last checkpoint: take a savepoint of each all the same.'
        : 'Without high availability a JobManager that stops loses its jobs.',
    ],
    commands:
      highAvailability === 'there'
        ? [
            'bin/flink list --running',
            `bin/flink savepoint JOB_ID${known === 'set' ? '' : ' DIRECTORY'}  # each of them`,
          ]
        : ['bin/flink list --running', `bin/flink stop${path} JOB_ID  # each of them; keep the paths that it prints`],
    files: [],
  };
}

function stopped(facts: ClusterFacts): StepDraft {
  const { highAvailability, historyServer, sqlGateway } = facts;
  return {
    kind: 'other',
    title: 'Stop every process',
    text:
      highAvailability === 'there'
        ? ['The standby JobManagers as well: one that takes over with the old settings is out of reach for all others.']
        : [],
    commands: byStarter(facts, {
      scripts: [
        ...(sqlGateway ? ['bin/sql-gateway.sh stop'] : []),
        'bin/taskmanager.sh stop-all  # on every host of a TaskManager',
        'bin/jobmanager.sh stop-all  # on every host of a JobManager',
        ...(historyServer ? ['bin/historyserver.sh stop'] : []),
      ],
      pods: ['kubectl scale --replicas=0 deployment/TASKMANAGER deployment/JOBMANAGER  # wait until no pod is left'],
      operator: [SUSPENDED],
    }),
    files: [],
  };
}

function started(facts: ClusterFacts): StepDraft {
  const { historyServer, sqlGateway } = facts;
  return {
    kind: 'other',
    title: 'Start the JobManager, then the TaskManagers',
    text: ['TaskManagers try for 5 minutes to register (taskmanager.registration.timeout), then they exit.'],
    commands: byStarter(facts, {
      scripts: [
        'bin/jobmanager.sh start',
        'bin/taskmanager.sh start  # on every host of a TaskManager',
        ...(historyServer ? ['bin/historyserver.sh start'] : []),
        ...(sqlGateway ? ['bin/sql-gateway.sh start'] : []),
      ],
      pods: [
        'kubectl apply -f FILE',
        'kubectl scale --replicas=1 deployment/JOBMANAGER',
        'kubectl scale --replicas=NUMBER deployment/TASKMANAGER',
      ],
      operator: [RESUMED],
    }),
    files: [],
  };
}

function restRestart(facts: ClusterFacts): StepDraft {
  const { historyServer, sqlGateway } = facts;
  return {
    kind: 'other',
    title: 'Restart what serves REST, then its clients',
    text: [
      'TaskManagers keep running. Clients (bin/flink, dashboards, probes of Kubernetes, proxies) need the new URL and truststore from this moment on.',
    ],
    commands: byStarter(facts, {
      scripts: [
        'bin/jobmanager.sh stop && bin/jobmanager.sh start',
        ...(historyServer ? ['bin/historyserver.sh stop && bin/historyserver.sh start'] : []),
        ...(sqlGateway ? ['bin/sql-gateway.sh stop && bin/sql-gateway.sh start'] : []),
      ],
      pods: ['kubectl apply -f FILE', 'kubectl rollout restart deployment/JOBMANAGER'],
      operator: [SUSPENDED, RESUMED],
    }),
    files: [],
  };
}

function oneByOne(facts: ClusterFacts): StepDraft {
  const { highAvailability, historyServer, sqlGateway } = facts;
  return {
    kind: 'other',
    title: 'Restart the processes one after the other',
    text: [
      'Wait after each one until it has registered again (bin/flink list, or /taskmanagers of REST) before the next one is stopped.',
      highAvailability === 'there'
        ? 'Standby JobManagers first, the leading one last of them.'
        : 'Jobs that still run on a TaskManager restart from their last checkpoint when it stops, where slots are left.',
    ],
    commands: byStarter(facts, {
      scripts: [
        'bin/jobmanager.sh stop && bin/jobmanager.sh start',
        'bin/taskmanager.sh stop && bin/taskmanager.sh start  # host by host',
        ...(historyServer ? ['bin/historyserver.sh stop && bin/historyserver.sh start'] : []),
        ...(sqlGateway ? ['bin/sql-gateway.sh stop && bin/sql-gateway.sh start'] : []),
      ],
      pods: ['kubectl apply -f FILE', 'kubectl rollout restart deployment/JOBMANAGER deployment/TASKMANAGER'],
      operator: [SUSPENDED, RESUMED],
    }),
    files: [],
  };
}

function resumed({ highAvailability }: ClusterFacts): StepDraft {
  return {
    kind: 'other',
    title: 'Take the jobs up again',
    text:
      highAvailability === 'there'
        ? ['They come back by themselves; where one does not, from its savepoint.']
        : ['From the savepoints, with the same jars and arguments.'],
    commands: ['bin/flink run --detached --fromSavepoint SAVEPOINT JAR'],
    files: [],
  };
}
