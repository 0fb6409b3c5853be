import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { KubernetesSettings } from '../daemon/settings.ts';
import { KubernetesPods } from '../net/kubernetes-pods.ts';
import type { KubernetesAccess, PodSource } from '../net/kubernetes-types.ts';
import { reason, Unusable } from './failure.ts';
import { secretOf } from './secret-settings.ts';
import type { Environment } from './secrets.ts';

/** Where Kubernetes mounts what belongs to a pod's service account ("Accessing the Kubernetes API from a Pod"). */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** What a process finds out about where it runs; tests give their own. */
export interface PodSurroundings {
  readonly environment: Environment;
  readonly serviceAccount: string;
}

const OWN: PodSurroundings = { environment: process.env, serviceAccount: SERVICE_ACCOUNT };

/** The pods of a cluster. What the API server is reached with is read anew for each request: tokens are renewed. */
export function podsOf(settings: KubernetesSettings, timeoutMs: number, own: PodSurroundings = OWN): PodSource {
  return new KubernetesPods({
    namespace: settings.namespace ?? ownNamespace(own) ?? 'default',
    selector: settings.selector,
    access: () => kubernetesAccess(settings, own),
    timeoutMs,
  });
}

/** Throws `Unusable` where the settings leave out what only a pod has. */
export function kubernetesAccess(settings: KubernetesSettings, own: PodSurroundings = OWN): KubernetesAccess {
  const { api, token, ca } = settings;
  const isOwn = api === undefined;
  const file = (name: string): string => path.join(own.serviceAccount, name);
  const given = token === undefined ? undefined : secretOf('kubernetes.token', token);
  const bearer = given ?? (isOwn ? read('kubernetes.token', file('token')) : undefined);
  const authorities = ca ?? (isOwn ? file('ca.crt') : undefined);
  return {
    url: api ?? ownApi(own.environment),
    ...(bearer === undefined ? {} : { token: bearer.trim() }),
    ...(authorities === undefined ? {} : { ca: read('kubernetes.ca', authorities) }),
  };
}

/** IPv6 addresses stand in brackets. */
function ownApi({ KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port }: Environment): string {
  if (!host || !port) throw new Unusable('kubernetes.api: is needed where the daemon does not run in a pod');
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function ownNamespace({ serviceAccount }: PodSurroundings): string | undefined {
  try {
    return readFileSync(path.join(serviceAccount, 'namespace'), 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

function read(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Unusable(`${setting}: ${file}: ${reason(error)}`);
  }
}
