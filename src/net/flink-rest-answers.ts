import { z } from 'zod';
import type {
  CheckpointConfigAnswer,
  CheckpointsAnswer,
  ConfigurationEntry,
  DashboardAnswer,
  JobAnswer,
  OverviewAnswer,
  TaskManagerAnswer,
} from './flink-rest-types.ts';

/** Shapes of the answers that are read. Fields that nobody reads may come, go and change. */

const text = z.string();
const port = z.number().int().min(0).max(65_535);

export const dashboardAnswer: z.ZodType<DashboardAnswer> = z
  .object({
    'flink-version': text,
    'flink-revision': text.optional(),
    features: z.object({ 'web-history': z.boolean().optional() }).optional(),
  })
  .transform((answer) => ({
    flinkVersion: answer['flink-version'],
    ...(answer['flink-revision'] === undefined ? {} : { revision: answer['flink-revision'] }),
    isHistory: answer.features?.['web-history'] === true,
  }));

export const overviewAnswer: z.ZodType<OverviewAnswer> = z
  .object({
    taskmanagers: z.number().int().min(0),
    'flink-version': text.optional(),
    'jobs-running': z.number().int().optional(),
  })
  .transform((answer) => ({
    taskManagers: answer.taskmanagers,
    ...(answer['flink-version'] === undefined ? {} : { flinkVersion: answer['flink-version'] }),
    ...(answer['jobs-running'] === undefined ? {} : { jobsRunning: answer['jobs-running'] }),
  }));

export const configurationAnswer: z.ZodType<readonly ConfigurationEntry[]> = z.array(
  z.object({ key: text, value: text }),
);

export const taskManagerAnswer: z.ZodType<TaskManagerAnswer> = z
  .object({
    id: text,
    path: text,
    dataPort: port,
    // Absent before Flink 1.12.
    jmxPort: z.number().int().min(-1).max(65_535).optional(),
    timeSinceLastHeartbeat: z.number(),
  })
  .transform(({ id, path, dataPort, jmxPort, timeSinceLastHeartbeat }) => ({
    id,
    path,
    dataPort,
    jmxPort: jmxPort ?? -1,
    lastHeartbeatAt: timeSinceLastHeartbeat,
  }));

export const taskManagersAnswer: z.ZodType<readonly TaskManagerAnswer[]> = z
  .object({ taskmanagers: z.array(taskManagerAnswer) })
  .transform(({ taskmanagers }) => taskmanagers);

export const jobsAnswer: z.ZodType<readonly JobAnswer[]> = z
  .object({ jobs: z.array(z.object({ jid: text, name: text, state: text })) })
  .transform(({ jobs }) => jobs.map(({ jid, name, state }) => ({ id: jid, name, state })));

export const checkpointConfigAnswer: z.ZodType<CheckpointConfigAnswer> = z
  .object({ checkpoint_storage: text.nullish(), state_backend: text.nullish() })
  .transform((answer) => ({
    ...(answer.checkpoint_storage == null ? {} : { storage: answer.checkpoint_storage }),
    ...(answer.state_backend == null ? {} : { stateBackend: answer.state_backend }),
  }));

/** What stands for a path where the state is inline in the JobManager (`NonPersistentMetadataCheckpointStorageLocation`). */
const NO_PATH = '<checkpoint-not-externally-addressable>';

const pathHolder = z.object({ external_path: text.nullish() }).nullish();

export const checkpointsAnswer: z.ZodType<CheckpointsAnswer> = z
  .object({ latest: z.object({ completed: pathHolder, savepoint: pathHolder, restored: pathHolder }).nullish() })
  .transform(({ latest }) => ({
    externalPaths: [latest?.completed, latest?.savepoint, latest?.restored].flatMap((one) =>
      one?.external_path == null || one.external_path === NO_PATH ? [] : [one.external_path],
    ),
  }));
