import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import path from 'node:path';
import { freePort } from '../support/listening.ts';
import { type Service, service, until } from './service.ts';

/** A real API server with its etcd, on loopback: no kubelet, no scheduler, so that pods are what a test writes. */
export interface RealApi {
  readonly url: string;
  /** PEM of the authority that it made for itself. */
  readonly ca: string;
  /** As an administrator; the body of the answer. */
  ask(method: string, path: string, body?: object): Promise<Answer>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly json: unknown;
}

const ADMIN = 'admin-token';

export async function startKubernetes(folder: string): Promise<RealApi> {
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const certificates = path.join(folder, 'certs');
  mkdirSync(certificates);
  const key = path.join(certificates, 'sa.key');
  writeFileSync(key, serviceAccountKey());
  const tokens = path.join(folder, 'tokens.csv');
  writeFileSync(tokens, `${ADMIN},admin,1,"system:masters"\n`);
  const etcd = await service(
    'etcd',
    [
      ...['--data-dir', path.join(folder, 'etcd'), '--log-level', 'error', '--initial-cluster', `default=${peerUrl}`],
      ...['--listen-client-urls', etcdUrl, '--advertise-client-urls', etcdUrl],
      ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
    ],
    `${etcdUrl}/health`,
  );
  const begin = (): Promise<Service> =>
    service(
      'kube-apiserver',
      [
        ...[
          `--etcd-servers=${etcdUrl}`,
          `--secure-port=${port}`,
          '--bind-address=127.0.0.1',
          `--cert-dir=${certificates}`,
        ],
        ...[`--token-auth-file=${tokens}`, '--authorization-mode=RBAC', '--service-cluster-ip-range=10.0.0.0/24'],
        ...[`--service-account-key-file=${key}`, `--service-account-signing-key-file=${key}`],
        '--service-account-issuer=https://kubernetes.default.svc',
        // Nobody makes the default service account here.
        '--disable-admission-plugins=ServiceAccount',
      ],
      async () => (await asking('GET', '/readyz')).status === 200,
      60_000,
    );
  const ca = (): string => readFileSync(path.join(certificates, 'apiserver.crt'), 'utf8');
  const asking = (method: string, at: string, body?: object): Promise<Answer> =>
    asked({ port, ca: ca(), token: ADMIN }, method, at, body);
  let server = await begin();
  // What it makes for itself at its first start comes after it is ready.
  await until(async () => (await asking('GET', '/api/v1/namespaces/default')).status === 200);
  return {
    url: `https://127.0.0.1:${port}`,
    ca: ca(),
    ask: asking,
    restart: async () => {
      await server.stop();
      server = await begin();
    },
    stop: async () => {
      await server.stop();
      await etcd.stop();
    },
  };
}

interface Access {
  readonly port: number;
  readonly ca: string;
  readonly token: string;
}

export function asked({ port, ca, token }: Access, method: string, at: string, body?: object): Promise<Answer> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const headers = { authorization: `Bearer ${token}`, 'content-type': type };
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: at, method, ca, headers, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => void parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        resolve({ status: response.statusCode ?? 0, json: text.startsWith('{') ? JSON.parse(text) : text });
      });
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function serviceAccountKey(): string {
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs1', format: 'pem' })
    .toString();
}
