import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ChannelId, Component } from '../../src/model/channel.ts';
import type { StateTransferKind } from '../../src/model/report.ts';

/** Facts of one recording: `captures/README.md` explains every field. Made by tshark, openssl and hand, never by us. */
export interface Expected {
  readonly schema: 1;
  readonly case: string;
  readonly what: string;
  readonly flinkVersion: string;
  readonly java: string;
  /** Of the decompressed pcap. */
  readonly file: {
    readonly sha256: string;
    readonly bytes: number;
    readonly packets: number;
    readonly firstPacketAt: string;
    readonly lastPacketAt: string;
  };
  readonly connections: {
    readonly total: number;
    readonly answered: number;
    readonly midstream: number;
    readonly refused: number;
    readonly unanswered: number;
  };
  readonly refusedConnectionAttempts: number;
  readonly tlsRecords: Partial<ExpectedRecords>;
  readonly leaks: { readonly stateLines: number; readonly recordLines: number };
  readonly members: Readonly<Record<string, string>>;
  readonly servers: readonly ExpectedServer[];
  readonly configured: Readonly<Record<string, ExpectedConfiguration>>;
  readonly verdict: Readonly<Record<RunKind, 'pass' | 'fail' | 'inconclusive' | null>>;
  readonly mustFind: readonly ExpectedProblem[];
  readonly mustNotFind: readonly ExpectedProblem[];
}

/** `policy`: a run without configuration. `conf`: a run with `--conf` of every member. */
export type RunKind = 'policy' | 'conf';

export type Problem =
  | 'plaintext'
  | 'mixed'
  | 'refused'
  | 'state-in-clear'
  | 'records-in-clear'
  | 'user-code-in-clear'
  | 'credentials-in-clear'
  | 'no-client-authentication'
  | 'open-rest'
  | 'static-rsa'
  | 'cbc'
  | 'weak-key'
  | 'weak-signature'
  | 'expired'
  | 'name-mismatch'
  | 'certificate-differs'
  | 'never-tls';

export interface ExpectedProblem {
  readonly problem: Problem;
  readonly channel: ChannelId;
  readonly member?: string;
  readonly under: readonly RunKind[];
}

export interface ExpectedRecords {
  readonly changeCipherSpec: number;
  readonly alert: number;
  readonly handshake: number;
  readonly applicationData: number;
}

export type ExpectedConfiguration = Readonly<
  Record<
    | 'jobmanager-rpc'
    | 'taskmanager-rpc'
    | 'metrics-query-service'
    | 'taskmanager-data'
    | 'blob-server'
    | 'rest'
    | 'restClientAuthentication',
    boolean
  >
>;

export interface ExpectedServer {
  readonly channel: ChannelId;
  readonly channelKnownFrom: 'content' | 'port' | 'configuration';
  readonly host: string;
  readonly port: number;
  readonly member: string;
  readonly component: Component;
  readonly answered: number;
  readonly midstream: number;
  readonly refused: number;
  readonly unanswered: number;
  readonly silent: number;
  readonly kind: 'tls' | 'plaintext' | 'mixed' | 'none';
  readonly tls?: ExpectedTls;
  readonly clear?: ExpectedClear;
}

type Tally = Readonly<Record<string, number>>;
type Answers = Readonly<Partial<Record<'alert' | 'fin' | 'reset' | 'silence' | 'plaintext', number>>>;

export interface ExpectedTls {
  readonly connections: number;
  readonly established: number;
  readonly resumed: number;
  readonly clientHellos: number;
  readonly serverHellos: number;
  readonly versions: Tally;
  readonly cipherSuites: Tally;
  readonly serverCertificates: readonly ExpectedCertificate[];
  readonly clientCertificates: readonly ExpectedCertificate[];
  readonly clientAuthentication: Readonly<
    Partial<Record<'required' | 'requested' | 'not-requested' | 'unknown', number>>
  >;
  readonly presented: Readonly<Partial<Record<'certificate' | 'empty' | 'none' | 'unknown', number>>>;
  readonly basis: readonly ('messages' | 'record-lengths')[];
  readonly certificateRequests: number;
  readonly emptyAuthorityLists: number;
  readonly alerts: readonly {
    readonly from: 'client' | 'server';
    readonly level: 'warning' | 'fatal';
    readonly code: number;
    readonly count: number;
  }[];
  readonly answers: Answers;
  readonly records: { readonly client: ExpectedRecords; readonly server: ExpectedRecords };
}

export interface ExpectedCertificate {
  readonly sha256: string;
  readonly sha1: string;
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly keyType: 'RSA' | 'EC';
  readonly keyBits: number;
  readonly signatureAlgorithm: string;
  readonly subjectAltNames: readonly string[];
  readonly selfIssued: boolean;
  readonly messages: number;
  readonly chainLength: number;
}

export interface ExpectedClear {
  readonly connections: number;
  readonly protocols: Tally;
  readonly bytes: { readonly client: number; readonly server: number };
  readonly stateTransfer: readonly {
    readonly kind: StateTransferKind;
    readonly from: 'client' | 'server';
    readonly count: number;
    readonly bytes: number;
    readonly first: { readonly frame: number; readonly streamOffset: number };
  }[];
  readonly credentials: readonly {
    readonly kind: 'basic-authorization' | 'bearer-authorization' | 'other-authorization';
    readonly name: string;
    readonly count: number;
    readonly firstFrame: number;
  }[];
  readonly counts: Tally;
  readonly answers: Answers;
}

/** A recording in the tree, with its facts. */
export interface Recording {
  readonly name: string;
  readonly expected: Expected;
  /** The gzip file. */
  readonly path: string;
  /** Its configurations: one folder a member. */
  readonly configurations: readonly { readonly member: string; readonly folder: string }[];
}

const SHIPPED = 'captures';
const OTHERS = join('test', 'captures');
const CAPTURE_ENDING = '.pcap.gz';

/** Top folder of the repository: tests run from it (`npm test`), or from anywhere below. */
export function repositoryRoot(from: string = process.cwd()): string {
  let folder = resolve(from);
  for (;;) {
    if (readdirSync(folder).includes('captures') && readdirSync(folder).includes('package.json')) return folder;
    const parent = resolve(folder, '..');
    if (parent === folder) throw new Error(`no captures/ beside a package.json at or above ${from}`);
    folder = parent;
  }
}

/** The recordings of `captures/`, or of `test/captures/`, or both, by name. */
export function recordings(which: 'shipped' | 'others' | 'all' = 'all'): Recording[] {
  const root = repositoryRoot();
  const folders = { shipped: [SHIPPED], others: [OTHERS], all: [SHIPPED, OTHERS] }[which];
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith(CAPTURE_ENDING))
      .sort()
      .map((name) => readRecording(root, folder, name.slice(0, -CAPTURE_ENDING.length))),
  );
}

/** One recording by its name (`1.20.3-int`), wherever it is. */
export function recording(name: string): Recording {
  const found = recordings().find((one) => one.name === name);
  if (found === undefined) throw new Error(`no recording ${name} in ${SHIPPED} or ${OTHERS}`);
  return found;
}

/** The pcap, decompressed by Node, not by us. */
export function pcapBytes(one: Recording): Uint8Array {
  return gunzipSync(readFileSync(one.path));
}

/** Facts of the servers of one channel. */
export function serversOf(expected: Expected, channel: ChannelId): ExpectedServer[] {
  return expected.servers.filter((server) => server.channel === channel);
}

function readRecording(root: string, folder: string, name: string): Recording {
  const base = join(root, folder, name);
  const expected = JSON.parse(readFileSync(`${base}.expected.json`, 'utf8')) as Expected;
  if (expected.schema !== 1 || expected.case !== name) {
    throw new Error(`${relative(root, base)}.expected.json: schema ${expected.schema}, case ${expected.case}`);
  }
  const configurations = readdirSync(`${base}.conf`).map((member) => ({
    member,
    folder: join(`${base}.conf`, member),
  }));
  return { name, expected, path: `${base}${CAPTURE_ENDING}`, configurations };
}
