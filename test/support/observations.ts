import type { Channel, ChannelId } from '../../src/model/channel.ts';
import type {
  AdmissionProof,
  Alert,
  Asked,
  CaptureQuality,
  Certificate,
  ClientAuthentication,
  Expectation,
  NoAnswerReason,
  Observation,
  PlaintextDetails,
  Report,
  StateTransfer,
  TlsDetails,
  UndecidedReason,
} from '../../src/model/report.ts';
import { CAPTURED_AT, defaultPort, JM, type Process, TM1 } from './lab.ts';

export { finding, judged, verdict } from './judged.ts';
export { CAPTURED_AT, JM, NOW, PROBER, PROBES, TM1, TM2 } from './lab.ts';

let made = 0;

interface Common {
  readonly channel?: Channel;
  readonly server?: Process & { readonly port?: number };
  readonly client?: Process & { readonly port?: number };
  readonly at?: string;
  readonly until?: string;
  readonly change?: Partial<Observation>;
}

function connection(options: Common): Omit<Observation, 'kind'> {
  made += 1;
  const channel = options.channel ?? 'jobmanager-rpc';
  const at = options.at ?? CAPTURED_AT;
  return {
    id: `o${made}`,
    vantage: 'passive',
    observedAt: at,
    lastSeenAt: options.until ?? at,
    channel,
    channelBasis: 'protocol',
    roleBasis: 'syn',
    server: { port: defaultPort(channel), ...(options.server ?? JM) },
    client: { port: 40000 + made, ...(options.client ?? TM1) },
    bytes: { client: 812, server: 20114 },
    frames: { first: 10 * made, last: 10 * made + 9 },
  };
}

const RECORDS = { handshake: 4, changeCipherSpec: 1, alert: 0, applicationData: 40 } as const;

export function certificate(change: Partial<Certificate> = {}): Certificate {
  return {
    sha256: '51aa'.padEnd(64, '0'),
    sha1: '51aa'.padEnd(40, '0'),
    subject: 'CN=internal,O=lab',
    issuer: 'CN=internal,O=lab',
    serialNumber: '3b01',
    notBefore: '2026-01-01T00:00:00Z',
    notAfter: '2027-10-01T00:00:00Z',
    publicKey: { type: 'RSA', bits: 3072, curve: null },
    signatureAlgorithm: 'sha256WithRSAEncryption',
    subjectAltNames: ['DNS:jm', 'IP:10.77.0.1'],
    selfIssued: true,
    ...change,
  };
}

/** A chain as sent, leaf first. */
export function chain(...certificates: readonly Certificate[]): TlsDetails['serverCertificate'] {
  return { seen: 'present', truncated: false, chain: certificates };
}

export function hidden(
  because: 'encrypted' | 'resumed' | 'truncated' | 'not-reached',
): TlsDetails['serverCertificate'] {
  return { seen: 'hidden', because };
}

export function clientAuthentication(change: Partial<ClientAuthentication> = {}): ClientAuthentication {
  return {
    verdict: 'requested',
    presented: 'certificate',
    basis: 'messages',
    certificateAuthorities: ['CN=internal,O=lab'],
    certificateTypes: ['rsa_sign'],
    ...change,
  };
}

export function alert(from: Alert['from'], code: number, description: string): Alert {
  return { from, level: 'fatal', description, code, frame: 77 };
}

/** A healthy mutual TLS 1.2 connection as Flink makes it, but for what is changed. */
export function tls(options: Common & { readonly tls?: Partial<TlsDetails> } = {}): Observation {
  return {
    ...connection(options),
    kind: 'tls',
    tls: {
      outcome: 'established',
      resumed: false,
      startedAtOffset: 0,
      version: 'TLSv1.2',
      cipherSuite: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
      namedGroup: 'x25519',
      alpn: [],
      alerts: [],
      records: { client: RECORDS, server: RECORDS },
      serverCertificate: chain(certificate()),
      clientCertificate: chain(certificate()),
      clientAuthentication: clientAuthentication(),
      ...options.tls,
    },
    ...options.change,
  };
}

export const TLS12_SUITES: readonly string[] = [
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
];
export const TLS13_SUITES: readonly string[] = ['TLS_AES_256_GCM_SHA384', 'TLS_AES_128_GCM_SHA256'];

interface Probed extends Omit<Common, 'client'> {
  /** Suites by version, as accepted; versions are their keys. */
  readonly suites?: Readonly<Record<string, readonly string[]>>;
  /** Client authentication by version, `required` where it is left out. */
  readonly demands?: Readonly<Record<string, ClientAuthentication['verdict']>>;
  readonly admission?: readonly AdmissionProof[];
  readonly tls?: Partial<TlsDetails>;
  readonly asked?: Partial<Asked>;
}

/** What a probe has to say of how it asked: three connections, all answered. */
export function asked(change: Partial<Asked> = {}): Asked {
  return {
    profile: 'standard',
    connections: 3,
    complete: true,
    logLines: 2,
    attempts: [
      { purpose: 'all versions and suites', result: 'TLSv1.3 TLS_AES_256_GCM_SHA384', frames: { first: 1, last: 9 } },
      { purpose: 'TLSv1.2', result: 'TLSv1.2 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', frames: { first: 10, last: 19 } },
      { purpose: 'no certificate', result: 'refused: bad_certificate', frames: { first: 20, last: 29 } },
    ],
    ...change,
  };
}

/** A healthy endpoint with mutual TLS 1.2 and 1.3 as a probe without an identity finds it, but for what is changed. */
export function active(options: Probed = {}): Observation {
  const suites = options.suites ?? { 'TLSv1.3': TLS13_SUITES, 'TLSv1.2': TLS12_SUITES };
  const versions = Object.keys(suites);
  const demands = options.demands ?? Object.fromEntries(versions.map((version) => [version, 'required' as const]));
  const [version] = versions;
  const cipherSuite = version === undefined ? undefined : suites[version]?.[0];
  const { namedGroup: _, version: __, cipherSuite: ___, ...details } = tls(options).tls!;
  const { client: ____, frames: _____, ...common } = connection(options);
  return {
    ...common,
    vantage: 'active',
    channelBasis: 'argument',
    kind: 'tls',
    tls: {
      ...details,
      outcome: 'incomplete',
      ...(version === undefined ? {} : { version }),
      ...(cipherSuite === undefined ? {} : { cipherSuite }),
      accepted: { versions, cipherSuites: suites, namedGroups: ['x25519'], signatureSchemes: [] },
      clientCertificate: { seen: 'absent' },
      clientAuthentication: clientAuthentication({
        verdict: (version === undefined ? undefined : demands[version]) ?? 'unknown',
        byVersion: demands,
        presented: 'empty',
        basis: 'probe',
      }),
      ...(options.admission === undefined ? {} : { admission: options.admission }),
      ...options.tls,
    },
    asked: asked(options.asked),
    ...options.change,
  };
}

/** An endpoint that answered the harmless clear request of its channel. */
export function activeClear(options: Probed = {}): Observation {
  const { tls: _, ...rest } = active(options);
  return {
    ...rest,
    kind: 'plaintext',
    plaintext: clear(options).plaintext!,
    asked: asked({
      connections: 2,
      attempts: [
        { purpose: 'ClientHello', result: 'closed without a byte' },
        { purpose: 'HEARTBEAT', result: 'answered: DISASSOCIATE' },
      ],
      clear: { request: 'HEARTBEAT', outcome: 'answered', text: 'DISASSOCIATE' },
      ...options.asked,
    }),
    ...options.change,
  };
}

/** An endpoint that was named and did not answer. */
export function noAnswer(because: NoAnswerReason, options: Probed = {}): Observation {
  const { tls: _, ...rest } = active(options);
  return {
    ...rest,
    kind: 'no-answer',
    because,
    bytes: { client: 0, server: 0 },
    asked: asked({
      connections: 1,
      complete: false,
      reason: 'no-answer',
      attempts: [{ purpose: 'connect', result: because }],
      ...options.asked,
    }),
    ...options.change,
  };
}

/** What a credential got from a server. */
export function proof(
  credential: AdmissionProof['credential'],
  outcome: AdmissionProof['outcome'],
  version = 'TLSv1.2',
): AdmissionProof {
  return { credential, version, outcome, evidence: `${credential} was ${outcome}` };
}

/** TLS of which only the records in the middle were captured. */
export function midstreamTls(options: Common = {}): Observation {
  const { version: _, cipherSuite: __, namedGroup: ___, ...details } = tls(options).tls!;
  return tls({
    ...options,
    change: {
      quality: { midstream: true },
      ...options.change,
      tls: {
        ...details,
        outcome: 'incomplete',
        resumed: 'unknown',
        serverCertificate: hidden('not-reached'),
        clientCertificate: hidden('not-reached'),
        clientAuthentication: clientAuthentication({
          verdict: 'unknown',
          presented: 'unknown',
          certificateAuthorities: [],
        }),
      },
    },
  });
}

/** TLS 1.3 without a key log. */
export function tls13(options: Common & { readonly tls?: Partial<TlsDetails> } = {}): Observation {
  return tls({
    ...options,
    tls: {
      version: 'TLSv1.3',
      cipherSuite: 'TLS_AES_128_GCM_SHA256',
      serverCertificate: hidden('encrypted'),
      clientCertificate: hidden('encrypted'),
      clientAuthentication: clientAuthentication({
        verdict: 'unknown',
        presented: 'unknown',
        certificateAuthorities: [],
      }),
      ...options.tls,
    },
  });
}

/** A ClientHello that no ServerHello followed. */
export function hello(
  options: Common & { readonly answer: NonNullable<Observation['answer']>['kind']; readonly tls?: Partial<TlsDetails> },
): Observation {
  const { version: _, cipherSuite: __, namedGroup: ___, ...details } = tls(options).tls!;
  return tls({
    ...options,
    change: {
      tls: {
        ...details,
        outcome: 'refused',
        offered: {
          versions: ['TLSv1.2'],
          cipherSuites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
          namedGroups: ['x25519'],
          signatureSchemes: [],
        },
        serverCertificate: hidden('not-reached'),
        clientCertificate: hidden('not-reached'),
        clientAuthentication: clientAuthentication({
          verdict: 'unknown',
          presented: 'unknown',
          certificateAuthorities: [],
        }),
        ...options.tls,
      },
      answer: { kind: options.answer, text: `the ClientHello was answered by ${options.answer}` },
      ...options.change,
    },
  });
}

const PROTOCOLS: Partial<Record<Channel, string>> = {
  'jobmanager-rpc': 'flink-rpc',
  'taskmanager-rpc': 'flink-rpc',
  'taskmanager-data': 'flink-data',
  'blob-server': 'flink-blob',
  'collect-sink': 'collect-sink',
  'high-availability': 'zookeeper',
};

/** A clear connection that was answered in kind, but for what is changed. */
export function clear(options: Common & { readonly plaintext?: Partial<PlaintextDetails> } = {}): Observation {
  return {
    ...connection(options),
    kind: 'plaintext',
    plaintext: {
      protocol: PROTOCOLS[options.channel ?? 'jobmanager-rpc'] ?? 'http',
      details: {},
      firstBytes: '',
      stateTransfer: [],
      credentials: [],
      ...options.plaintext,
    },
    ...options.change,
  };
}

/** A clear request that was not answered in kind. */
export function clearRefused(
  options: Common & { readonly answer: NonNullable<Observation['answer']>['kind'] },
): Observation {
  const answer = { kind: options.answer, text: `a clear request was answered by ${options.answer}` };
  return clear({ ...options, change: { bytes: { client: 41, server: 0 }, answer, ...options.change } });
}

export function undecided(because: UndecidedReason, options: Common = {}): Observation {
  return { ...connection(options), kind: 'undecided', because, ...options.change };
}

export function transfer(kind: StateTransfer['kind'], change: Partial<StateTransfer> = {}): StateTransfer {
  return { kind, from: 'client', frame: 88, streamOffset: 4096, bytes: 1512, count: 1, ...change };
}

export function promise(channel: ChannelId, change: Partial<Expectation> = {}): Expectation {
  return {
    channel,
    member: null,
    tls: 'required',
    clientAuthentication: 'required',
    basis: 'configuration',
    because: [{ key: 'security.ssl.internal.enabled', value: 'true', file: 'config.yaml', line: 12, origin: 'file' }],
    ...change,
  };
}

export function quality(change: Partial<CaptureQuality> = {}): CaptureQuality {
  return {
    captureDrops: 0,
    cutPackets: 0,
    gaps: 0,
    gapBytes: 0,
    oneSidedConnections: 0,
    badChecksums: 0,
    undecodedPackets: 0,
    duplicates: 0,
    problems: [],
    ...change,
  };
}

/** The report of an earlier run, with nothing in it but what was seen then. */
export function baseline(observations: readonly Observation[], change: Partial<Report> = {}): Report {
  return {
    schemaVersion: 1,
    producer: { name: 'flinkprobe', version: '0.2.0' },
    command: 'verify',
    startedAt: '2026-11-21T12:59:00Z',
    finishedAt: '2026-11-21T13:00:00Z',
    complete: true,
    verdict: 'pass',
    inputs: [],
    observations,
    expectations: [],
    findings: [],
    coverage: [],
    ...change,
  };
}
