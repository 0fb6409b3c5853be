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
  | `/taskmanagers/${string}`
  | `/jobs/${string}/checkpoints`
  | `/jobs/${string}/checkpoints/config`;

const FIXED: ReadonlySet<string> = new Set([
  '/config',
  '/overview',
  '/jobmanager/config',
  '/taskmanagers',
  '/jobs/overview',
]);
/** `JobID`: 16 bytes in hexadecimal. */
const OF_JOB = /^\/jobs\/[0-9a-f]{32}\/checkpoints(?:\/config)?$/;
/** A resource id is free text: one encoded segment, without an encoded slash, backslash or dot. */
const OF_TASK_MANAGER = /^\/taskmanagers\/(?!\.{1,2}$)(?:[A-Za-z0-9_.~!*'()-]|%(?!2E|2F|5C)[0-9A-F]{2}){1,512}$/;

export function isAllowedPath(path: string): path is RestPath {
  return FIXED.has(path) || OF_JOB.test(path) || OF_TASK_MANAGER.test(path);
}

export function taskManagerPath(id: string): RestPath {
  return `/taskmanagers/${encodeURIComponent(id)}`;
}
