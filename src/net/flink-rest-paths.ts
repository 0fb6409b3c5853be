/**
 * The only paths that are ever asked of Flink's REST API.
 *
 * A list, not a rule: `GET /jobs/:id/yarn-cancel` and `GET /jobs/:id/yarn-stop` end a job
 * (`YarnCancelJobTerminationHeaders`), so that no GET is harmless for being a GET.
 */
export type RestPath =
  | '/config'
  | '/overview'
  | '/jobmanager/config'
  | '/taskmanagers'
  | '/jobs/overview'
  | LogPath
  | `/taskmanagers/${string}`
  | `/jobs/${string}/checkpoints`
  | `/jobs/${string}/checkpoints/config`;

/** The log of the JobManager, and that of a TaskManager, which sends it through the BLOB server when it is asked. */
export type LogPath = '/jobmanager/log' | `/taskmanagers/${string}/log`;

const FIXED: ReadonlySet<string> = new Set([
  '/config',
  '/overview',
  '/jobmanager/config',
  '/taskmanagers',
  '/jobs/overview',
  '/jobmanager/log',
]);
/** `JobID`: 16 bytes in hexadecimal. */
const OF_JOB = /^\/jobs\/[0-9a-f]{32}\/checkpoints(?:\/config)?$/;
/** A resource id is free text: one encoded segment, without an encoded slash, backslash or dot. */
const OF_TASK_MANAGER =
  /^\/taskmanagers\/(?!\.{1,2}(?:$|\/))(?:[A-Za-z0-9_.~!*'()-]|%(?!2E|2F|5C)[0-9A-F]{2}){1,512}(?:\/log)?$/;

export function isAllowedPath(path: string): path is RestPath {
  return FIXED.has(path) || OF_JOB.test(path) || OF_TASK_MANAGER.test(path);
}

export function taskManagerPath(id: string): RestPath {
  return `/taskmanagers/${encodeURIComponent(id)}`;
}

export function taskManagerLogPath(id: string): LogPath {
  return `/taskmanagers/${encodeURIComponent(id)}/log`;
}
