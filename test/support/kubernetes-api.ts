import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { readVector } from './vectors.ts';

/** An answer of a real API server (`test/vectors/kubernetes`). */
export function recordedKubernetes(name: string): string {
  return Buffer.from(readVector(`kubernetes/${name}`)).toString('utf8');
}

interface PodStatus {
  readonly ip?: string;
  readonly container?: string;
  readonly restarts?: number;
  readonly startedAt?: string;
  readonly state?: 'running' | 'waiting' | 'terminated';
  readonly ready?: boolean;
  readonly phase?: string;
}

/** A pod in the form of core/v1, as the recorded ones have it. */
export function podObject(name: string, component: string, status: PodStatus = {}, uid: string = name): PodObject {
  const { ip, container, restarts = 0, startedAt = '2026-11-22T12:00:00Z', state = 'running', ready = true } = status;
  const states = {
    running: { running: { startedAt } },
    waiting: { waiting: { reason: 'ContainerCreating' } },
    terminated: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
  };
  return {
    metadata: { name, namespace: 'flink', uid, resourceVersion: '0', labels: { app: 'orders', component } },
    spec: { containers: [{ name: 'flink-main-container', image: 'flink:1.20.3' }] },
    status: {
      phase: status.phase ?? 'Running',
      ...(ip === undefined ? {} : { podIP: ip }),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses:
        container === undefined
          ? []
          : [
              {
                name: 'flink-main-container',
                containerID: `containerd://${container}`,
                restartCount: restarts,
                state: states[state],
              },
            ],
    },
  };
}

export interface PodObject {
  readonly metadata: { readonly uid: string; resourceVersion: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A stand-in for an API server that has the pods of one namespace: lists, watches, and forgets old versions. */
export class KubernetesApi {
  url = '';
  /** Path and query of each request, in order. */
  readonly asked: URL[] = [];
  readonly authorizations: (string | undefined)[] = [];
  /** Answers instead, until it is taken away. */
  instead: Answer | undefined;
  readonly #pods = new Map<string, PodObject>();
  readonly #events: { readonly version: number; readonly line: string }[] = [];
  readonly #watches = new Set<ServerResponse>();
  readonly #server: ReturnType<typeof createServer>;
  #version = 100;
  #oldest = 0;

  private constructor(tls?: ServerOptions) {
    const listener: Answer = (request, response) => this.#answer(request, response);
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    this.#server.on('tlsClientError', () => undefined);
  }

  static async start(tls?: ServerOptions): Promise<KubernetesApi> {
    const api = new KubernetesApi(tls);
    api.#server.listen(0, '127.0.0.1');
    await once(api.#server, 'listening');
    const { port } = api.#server.address() as AddressInfo;
    api.url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
    return api;
  }

  get watches(): number {
    return this.#watches.size;
  }

  /** Lists that were asked for. */
  get lists(): number {
    return this.asked.filter(({ searchParams }) => !searchParams.has('watch')).length;
  }

  apply(pod: PodObject): void {
    const type = this.#pods.has(pod.metadata.uid) ? 'MODIFIED' : 'ADDED';
    this.#pods.set(pod.metadata.uid, pod);
    this.#tell(type, pod);
  }

  delete(uid: string): void {
    const pod = this.#pods.get(uid)!;
    this.#pods.delete(uid);
    this.#tell('DELETED', pod);
  }

  /** Forgets what happened until now, as etcd does when it compacts. */
  compact(): void {
    this.#oldest = this.#version;
  }

  bookmark(): void {
    const metadata = { resourceVersion: String(this.#version), creationTimestamp: null };
    this.#write(`${JSON.stringify({ type: 'BOOKMARK', object: { kind: 'Pod', apiVersion: 'v1', metadata } })}\n`);
  }

  /** Ends every stream, cleanly or not. */
  drop(how: 'ended' | 'destroyed'): void {
    for (const one of this.#watches) {
      if (how === 'ended') one.end();
      else one.destroy();
    }
    this.#watches.clear();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #tell(type: string, pod: PodObject): void {
    this.#version += 1;
    pod.metadata.resourceVersion = String(this.#version);
    const line = `${JSON.stringify({ type, object: pod })}\n`;
    this.#events.push({ version: this.#version, line });
    this.#write(line);
  }

  #write(line: string): void {
    for (const one of this.#watches) one.write(line);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://api');
    this.asked.push(url);
    this.authorizations.push(request.headers.authorization);
    response.setHeader('content-type', 'application/json');
    if (this.instead !== undefined) this.instead(request, response);
    else if (url.searchParams.has('watch')) this.#watch(response, Number(url.searchParams.get('resourceVersion')));
    else this.#list(response);
  }

  #watch(response: ServerResponse, from: number): void {
    response.flushHeaders();
    if (from < this.#oldest) {
      // As the real one does: the head was 200.
      response.end(recordedKubernetes('watch-expired.jsonl'));
      return;
    }
    this.#watches.add(response);
    response.on('close', () => this.#watches.delete(response));
    for (const { version, line } of this.#events) if (version > from) response.write(line);
  }

  #list(response: ServerResponse): void {
    const metadata = { resourceVersion: String(this.#version) };
    response.end(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata, items: [...this.#pods.values()] }));
  }
}
