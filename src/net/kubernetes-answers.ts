import { z } from 'zod';
import type { Container, ContainerState, Pod } from './kubernetes-types.ts';

/**
 * What is used of the answers of the Kubernetes API, core/v1 (its reference: Pod, PodList, WatchEvent, Status). Whatever
 * else stands in them is left out; fields that the server omits while they are empty may be absent or null.
 */
const text = z.string().max(1024);
const when = text.transform((one) => Date.parse(one)).pipe(z.number());

const state = z
  .object({
    running: z.object({ startedAt: when.nullish() }).nullish(),
    terminated: z.object({ reason: text.nullish(), exitCode: z.int().nullish() }).nullish(),
  })
  .nullish();

const podAnswer = z.object({
  metadata: z.object({
    name: text,
    uid: text,
    resourceVersion: text.nullish(),
    labels: z.record(text, text).nullish(),
  }),
  spec: z
    .object({ hostNetwork: z.boolean().nullish(), containers: z.array(z.object({ name: text })).nullish() })
    .nullish(),
  status: z
    .object({
      phase: text.nullish(),
      podIP: text.nullish(),
      conditions: z.array(z.object({ type: text, status: text })).nullish(),
      containerStatuses: z
        .array(z.object({ name: text, containerID: text.nullish(), restartCount: z.int().nullish(), state }))
        .nullish(),
    })
    .nullish(),
});
type PodAnswer = z.infer<typeof podAnswer>;

const podListAnswer = z.object({
  metadata: z.object({ resourceVersion: text, continue: z.string().max(65_536).nullish() }),
  items: z.array(podAnswer).nullish(),
});

/** `Status`: how the API says what is wrong, also within a watch. */
const statusAnswer = z.object({ code: z.int().nullish(), reason: text.nullish(), message: z.string().nullish() });

const bookmarkAnswer = z.object({ metadata: z.object({ resourceVersion: text }) });

const watchAnswer = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['ADDED', 'MODIFIED', 'DELETED']), object: podAnswer }),
  z.object({ type: z.literal('BOOKMARK'), object: bookmarkAnswer }),
  z.object({ type: z.literal('ERROR'), object: statusAnswer }),
]);

export interface ListPage {
  readonly pods: readonly Pod[];
  readonly resourceVersion: string;
  /** Where the next page begins. */
  readonly next?: string;
}

export type WatchAnswer =
  | { readonly kind: 'bookmark'; readonly resourceVersion: string }
  | { readonly kind: 'applied' | 'deleted'; readonly resourceVersion: string; readonly pod: Pod }
  | { readonly kind: 'error'; readonly code: number; readonly message: string };

/** @throws ZodError */
export function listPage(json: unknown): ListPage {
  const { metadata, items } = podListAnswer.parse(json);
  return {
    pods: (items ?? []).map(podOf),
    resourceVersion: metadata.resourceVersion,
    ...(metadata.continue ? { next: metadata.continue } : {}),
  };
}

/** @throws ZodError */
export function watchEvent(json: unknown): WatchAnswer {
  const event = watchAnswer.parse(json);
  switch (event.type) {
    case 'BOOKMARK':
      return { kind: 'bookmark', resourceVersion: event.object.metadata.resourceVersion };
    case 'ERROR':
      return {
        kind: 'error',
        code: event.object.code ?? 0,
        message: event.object.message ?? event.object.reason ?? '',
      };
    default: {
      const { object } = event;
      return {
        kind: event.type === 'DELETED' ? 'deleted' : 'applied',
        resourceVersion: object.metadata.resourceVersion ?? '',
        pod: podOf(object),
      };
    }
  }
}

/** What a `Status` says; undefined: it is none. */
export function statusMessage(json: unknown): string | undefined {
  const read = statusAnswer.safeParse(json);
  return read.success ? (read.data.message ?? read.data.reason ?? undefined) : undefined;
}

function podOf({ metadata, spec, status }: PodAnswer): Pod {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
  const statuses = status?.containerStatuses ?? [];
  return {
    uid: metadata.uid,
    name: metadata.name,
    labels: metadata.labels ?? {},
    ...(status?.podIP && !spec?.hostNetwork ? { ip: status.podIP } : {}),
    phase: status?.phase ?? 'Unknown',
    readiness: ready ? 'ready' : 'not-ready',
    containers: (spec?.containers ?? []).map(({ name }): Container => {
      const own = statuses.find((one) => one.name === name);
      return {
        name,
        ...(own?.containerID ? { id: own.containerID } : {}),
        restarts: own?.restartCount ?? 0,
        state: stateOf(own?.state),
      };
    }),
  };
}

function stateOf(written: z.infer<typeof state>): ContainerState {
  if (written?.running) {
    const { startedAt } = written.running;
    return { kind: 'running', ...(startedAt === undefined || startedAt === null ? {} : { startedAt }) };
  }
  if (!written?.terminated) return { kind: 'waiting' };
  const { reason, exitCode } = written.terminated;
  return {
    kind: 'terminated',
    ...(reason ? { reason } : {}),
    ...(exitCode === undefined || exitCode === null ? {} : { exitCode }),
  };
}
