import { X509Certificate } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { analyse } from '../../src/cli/analysis.ts';
import { audit } from '../../src/cli/auditing.ts';
import { readConfigurations } from '../../src/cli/configuration-sources.ts';
import { parseConfigurations } from '../../src/cli/configurations.ts';
import { readLogs } from '../../src/cli/log-witness.ts';
import { verify } from '../../src/cli/verification.ts';
import { plan, type VerificationRequest } from '../../src/cli/verification-plan.ts';
import { wireWitness } from '../../src/cli/wire-witness.ts';
import { loadProbes } from '../../src/evaluate/directory.ts';
import { readKeyStore } from '../../src/keystore/key-store.ts';
import type { Report } from '../../src/model/report.ts';
import { createDialer } from '../../src/net/dial.ts';
import type { Dialer } from '../../src/net/wire.ts';
import { surveyEndpoint } from '../../src/observe/active/survey.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { type NodeServer, nodeServer } from '../active/node-server.ts';
import { recording, repositoryRoot } from './expected.ts';
import { temporary } from './temporary.ts';
import { readVector } from './vectors.ts';
import { named } from './verification.ts';

/** The recorded cluster with everything on, with the means to change what one of its four witnesses says. */
const CASE = '1.20.3-all';
const MEMBERS = ['jm', 'tm1', 'tm2'] as const;
/** Of jm and tm1 logs were kept. */
const LOGS = ['jm', 'tm1'] as const;
const NAMES = '10.77.0.1 jm\n10.77.0.2 tm1\n10.77.0.3 tm2\n';
const INTERNAL = [
  'jobmanager-rpc=jm:6123',
  'blob-server=jm:6124',
  'taskmanager-data=tm1:6121',
  'taskmanager-data=tm2:6121',
];
/** Of the day of the recording, after the renewal of `internal-renewed.p12`. */
export const NOW: number = Date.parse('2026-11-22T18:00:00Z');

const probes = await loadProbes();
const folder = temporary();
let made = 0;

function ownFolder(): string {
  const own = path.join(folder, String(made++));
  mkdirSync(own);
  return own;
}

/** What is heard; each is left out where its witness is silent. */
export interface Witnesses {
  /** Name of a recording. */
  readonly wire?: string;
  /** Store of `test/vectors/ssl` that the internal ports show when they are asked. */
  readonly handshake?: string;
  /** Changes every configuration. */
  readonly promise?: (text: string) => string;
  /** Stores of `test/vectors/ssl` by the name that configurations have for them. */
  readonly disk?: Readonly<Record<string, string>>;
  /** Changes every log. */
  readonly record?: (text: string, member: string) => string;
}

const same = (text: string): string => text;
const STORES: Readonly<Record<string, string>> = {
  'internal.p12': 'internal.p12',
  'internal-trust.p12': 'internal-trust.p12',
  'rest.p12': 'rest.p12',
  'rest-trust.p12': 'rest-trust.p12',
};

export const ALL: Witnesses = {
  wire: CASE,
  handshake: 'internal.p12',
  promise: same,
  disk: STORES,
  record: same,
};

export const RENEWED: Readonly<Record<string, string>> = {
  ...STORES,
  'internal.p12': 'internal-renewed.p12',
  'internal-trust.p12': 'internal-renewed-trust.p12',
};

/** One report of those that are heard: of `verify` where ports are asked, `analyze` where there is a capture, else `audit`. */
export async function report(heard: Witnesses): Promise<Report> {
  const made = heard.handshake !== undefined ? await verified(heard, heard.handshake) : await unasked(heard);
  reportSchema.parse(made);
  return made;
}

async function unasked(heard: Witnesses): Promise<Report> {
  const configurations = await readConfigurations({ conf: configurationsOf(heard) });
  const files = { configurations, keystores: storesOf(heard), failOn: 'medium', now: NOW } as const;
  if (heard.wire === undefined) return audit({ ...files, logs: logsOf(heard), stateDirectories: [] });
  return analyse({
    ...files,
    captures: [recording(heard.wire).path],
    names: NAMES,
    logs: logsOf(heard).map((one) => ({ path: one })),
    expect: [],
  });
}

async function verified(heard: Witnesses, store: string): Promise<Report> {
  const configurations = await readConfigurations({ conf: configurationsOf(heard) });
  const parsed = await parseConfigurations({ configurations });
  const paths = logsOf(heard);
  const servers = await internalServer(store);
  const request: VerificationRequest = {
    named: named(...INTERNAL),
    inputs: [],
    configurations,
    parsed,
    keystores: storesOf(heard),
    names: NAMES,
    ...(heard.wire === undefined
      ? {}
      : { wire: await wireWitness({ captures: [recording(heard.wire).path], names: NAMES }, parsed, probes) }),
    ...(paths.length === 0
      ? {}
      : { record: await readLogs({ logs: paths.map((one) => ({ path: one })), configurations: parsed }) }),
    profile: 'quick',
    parallel: 4,
    failOn: 'medium',
    now: NOW,
  };
  const byId = new Map(probes.map((probe) => [probe.id, probe]));
  const instruments = {
    targetsOf: () => ({ endpoints: [], notes: [] }),
    defaults: () => [],
    resolve: async (name: string) => [`10.77.0.${['', 'jm', 'tm1', 'tm2'].indexOf(name)}`],
    budget: () => ({ endpoints: INTERNAL.length, connections: 200, logLines: 20 }),
    survey: (target: Parameters<typeof surveyEndpoint>[0]) =>
      surveyEndpoint(target, {
        profile: 'quick',
        dialer: forwarding(servers),
        probes: byId,
        associate: 'not-wanted',
        patience: { connectMs: 2000, answerMs: 1000, verdictMs: 300 },
      }),
    clock: () => Date.now(),
  };
  try {
    return await verify(await plan(request, instruments), request, instruments);
  } finally {
    await servers.close();
  }
}

/** Every port of the cluster stands on this machine, as behind an address translation. */
function forwarding({ port }: NodeServer): Dialer {
  const dialer = createDialer({ perHost: 8, open: 8 });
  return { dial: (_, timeoutMs) => dialer.dial({ host: '127.0.0.1', port }, timeoutMs) };
}

/** As Flink serves its internal channels with the suites of this cluster: mutual TLS 1.2, ECDHE with AES-GCM. */
function internalServer(store: string): Promise<NodeServer> {
  const { keys } = readKeyStore(readVector(`ssl/${store}`), { name: store, password: 'flinkpw' });
  const pem = new X509Certificate(keys[0]!.certificates[0]!).toString();
  const privateKey = keys[0]!.privateKey.export({ type: 'pkcs8', format: 'pem' });
  return nodeServer({
    key: privateKey,
    cert: pem,
    ca: pem,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
    ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384',
  });
}

/** `NAME=FOLDER` of every member. */
function configurationsOf({ promise }: Witnesses): readonly string[] {
  if (promise === undefined) return [];
  const root = ownFolder();
  return MEMBERS.map((member) => {
    const own = path.join(root, member);
    mkdirSync(own);
    const text = readFileSync(path.join(repositoryRoot(), `captures/${CASE}.conf/${member}/config.yaml`), 'utf8');
    writeFileSync(path.join(own, 'config.yaml'), promise(text), { mode: 0o600 });
    return `${member}=${own}`;
  });
}

function storesOf({ disk }: Witnesses): readonly { readonly path: string; readonly password: string }[] {
  if (disk === undefined) return [];
  const own = ownFolder();
  return Object.entries(disk).map(([as, name]) => {
    const file = path.join(own, as);
    copyFileSync(path.join(repositoryRoot(), 'test/vectors/ssl', name), file);
    chmodSync(file, 0o600);
    return { path: file, password: 'flinkpw' };
  });
}

function logsOf({ record }: Witnesses): readonly string[] {
  if (record === undefined) return [];
  const own = ownFolder();
  return LOGS.map((member) => {
    const text = Buffer.from(readVector(`logs/${CASE}/${member}.log`)).toString('utf8');
    const file = path.join(own, `${member}.log`);
    writeFileSync(file, record(text, member));
    return file;
  });
}
