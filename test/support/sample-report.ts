import type { CaptureQuality, Certificate, Finding, Observation, Report, TlsDetails } from '../../src/model/report.ts';

/** What an attacker may put into a certificate, a host name or a path: ANSI colours, a bell, line breaks, reordering. */
export const HOSTILE = '\u001b[31mred\u001b[0m\nsecond line\r\ttab\u0007\u009b2J\u202etxt.exe\u2028end|pipe';

export const CLEAN: CaptureQuality = {
  captureDrops: 0,
  cutPackets: 0,
  gaps: 0,
  gapBytes: 0,
  oneSidedConnections: 0,
  badChecksums: 0,
  undecodedPackets: 0,
  duplicates: 0,
  problems: [],
};

const RECORDS = { handshake: 4, changeCipherSpec: 1, alert: 0, applicationData: 40 };

export function certificate(change: Partial<Certificate> = {}): Certificate {
  return {
    sha256: 'bb31'.padEnd(62, '0').concat('ac'),
    sha1: 'aa'.repeat(20),
    subject: 'CN=internal,O=flinkprobe lab',
    issuer: 'CN=internal,O=flinkprobe lab',
    serialNumber: '3b01',
    notBefore: '2026-11-01T00:00:00Z',
    notAfter: '2027-02-19T12:00:00Z',
    publicKey: { type: 'RSA', bits: 3072, curve: null },
    signatureAlgorithm: 'sha256WithRSAEncryption',
    subjectAltNames: ['DNS:jm', 'IP:10.77.0.1'],
    selfIssued: true,
    ...change,
  };
}

export function tlsDetails(change: Partial<TlsDetails> = {}): TlsDetails {
  return {
    outcome: 'established',
    resumed: false,
    startedAtOffset: 0,
    version: 'TLSv1.2',
    cipherSuite: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
    namedGroup: 'x25519',
    alpn: [],
    alerts: [],
    records: { client: RECORDS, server: RECORDS },
    serverCertificate: { seen: 'present', truncated: false, chain: [certificate()] },
    clientCertificate: { seen: 'present', truncated: false, chain: [certificate()] },
    clientAuthentication: {
      verdict: 'requested',
      presented: 'certificate',
      basis: 'messages',
      certificateAuthorities: ['CN=internal,O=flinkprobe lab'],
      certificateTypes: ['rsa_sign'],
    },
    ...change,
  };
}

export function observation(change: Partial<Observation> = {}): Observation {
  return {
    id: 'o1',
    vantage: 'passive',
    observedAt: '2026-11-22T13:56:13.637313Z',
    lastSeenAt: '2026-11-22T13:56:28.036413Z',
    channel: 'jobmanager-rpc',
    channelBasis: 'port',
    roleBasis: 'syn',
    server: { host: '10.77.0.1', port: 6123, component: 'jobmanager', member: 'jm' },
    client: { host: '10.77.0.2', port: 40122, component: 'taskmanager', member: 'tm1' },
    kind: 'tls',
    bytes: { client: 812, server: 20114 },
    frames: { first: 12, last: 90 },
    tls: tlsDetails(),
    ...change,
  };
}

export function clearObservation(change: Partial<Observation> = {}): Observation {
  const { tls: _, ...rest } = observation();
  return {
    ...rest,
    kind: 'plaintext',
    channelBasis: 'protocol',
    plaintext: {
      protocol: 'flink-data',
      details: { partitionRequests: 8, paths: ['/opt/app/job.jar'] },
      firstBytes: '00000061badc0ffe02',
      stateTransfer: [{ kind: 'records', from: 'server', frame: 88, streamOffset: 4096, bytes: 1512, count: 3 }],
      credentials: [],
    },
    ...change,
  };
}

export function finding(change: Partial<Finding> = {}): Finding {
  return {
    ruleId: 'plaintext-data',
    severity: 'critical',
    verdict: 'fail',
    channel: 'taskmanager-data',
    endpoint: { host: '10.77.0.3', port: 6121, component: 'taskmanager', member: 'tm2' },
    title: 'Channel in clear where TLS is expected',
    message: 'Shuffle data of tm2 crossed in clear: whoever is on the path reads and changes records.',
    expected: 'mutual TLS 1.2 or better (taskmanager.data.ssl.enabled: true)',
    observed: 'flink-data in clear from 10.77.0.2, 1512 bytes of records',
    evidence: [
      { observation: 'o3', frame: 88, streamOffset: 4096, text: 'BufferResponse 00 00 00 2f ba dc 0f fe 00 in clear' },
    ],
    witnesses: { wire: 'fail', handshake: 'not-heard', promise: 'pass', record: 'not-heard' },
    remediation: {
      text: 'Set in config.yaml of tm2, then restart it:',
      settings: { 'security.ssl.internal.enabled': 'true', 'taskmanager.data.ssl.enabled': 'true' },
      command: null,
    },
    references: ['https://nightlies.apache.org/flink/'],
    fingerprint: 'f'.repeat(32),
    waived: null,
    ...change,
  };
}

/** One of everything: TLS, clear, mixed, TLS 1.3 with hidden certificates, silence, waivers, hostile text. */
export function sampleReport(change: Partial<Report> = {}): Report {
  const hidden = { seen: 'hidden', because: 'encrypted' } as const;
  const hostile = certificate({ subject: `CN=${HOSTILE}`, sha256: 'cc'.repeat(32), notAfter: '2026-11-10T00:00:00Z' });
  return {
    schemaVersion: 1,
    producer: { name: 'flinkprobe', version: '0.1.0' },
    command: 'analyze',
    startedAt: '2026-11-22T15:00:00.000Z',
    finishedAt: '2026-11-22T15:00:01.250Z',
    complete: true,
    verdict: 'fail',
    inputs: [
      {
        kind: 'capture',
        path: `/srv/customer-acme/${HOSTILE}.pcap`,
        format: 'pcap',
        packets: 4621,
        bytes: 1512235,
        firstPacketAt: '2026-11-22T13:56:13.637313Z',
        lastPacketAt: '2026-11-22T13:56:28.036413Z',
        quality: {
          ...CLEAN,
          gaps: 2,
          gapBytes: 4096,
          problems: [{ offset: 1607, reason: 'truncated-record', message: `cut in record 12 ${HOSTILE}` }],
        },
      },
    ],
    observations: [
      observation(),
      observation({
        id: 'o2',
        channel: 'rest',
        server: { host: '10.77.0.1', port: 8081, component: 'jobmanager', member: 'jm' },
        tls: tlsDetails({
          version: 'TLSv1.3',
          cipherSuite: 'TLS_AES_128_GCM_SHA256',
          serverName: HOSTILE,
          serverCertificate: hidden,
          clientCertificate: hidden,
          clientAuthentication: {
            verdict: 'not-requested',
            presented: 'none',
            basis: 'record-lengths',
            evidence: 'first client record 53',
            certificateAuthorities: [],
            certificateTypes: [],
          },
        }),
      }),
      clearObservation({
        id: 'o3',
        channel: 'taskmanager-data',
        server: { host: '10.77.0.3', port: 6121, component: 'taskmanager', member: 'tm2' },
      }),
      observation({
        id: 'o4',
        channel: 'taskmanager-data',
        server: { host: '10.77.0.3', port: 6121, component: 'taskmanager', member: 'tm2' },
      }),
      observation({
        id: 'o5',
        channel: 'blob-server',
        server: { host: `evil${HOSTILE}.example`, port: 6124, component: 'jobmanager', member: HOSTILE },
        tls: tlsDetails({ serverCertificate: { seen: 'present', truncated: false, chain: [hostile] } }),
      }),
      clearObservation({
        id: 'o6',
        channel: 'prometheus',
        server: { host: '10.77.0.2', port: 9249, component: 'taskmanager', member: 'tm1' },
        answer: { kind: 'plaintext', text: `HTTP/1.1 200 ${HOSTILE}`, firstBytes: '485454502f312e31' },
      }),
    ],
    expectations: [
      {
        channel: 'taskmanager-data',
        member: null,
        tls: 'required',
        clientAuthentication: 'required',
        basis: 'configuration',
        because: [
          {
            key: 'security.ssl.internal.enabled',
            value: 'true',
            file: '/etc/acme/config.yaml',
            line: 12,
            origin: 'file',
          },
        ],
      },
    ],
    findings: [
      finding({ change: 'new' }),
      finding({
        ruleId: 'certificate-expired',
        severity: 'high',
        channel: 'blob-server',
        endpoint: { host: `evil${HOSTILE}.example`, port: 6124, component: 'jobmanager', member: HOSTILE },
        title: `Expired certificate served ${HOSTILE}`,
        message: `Subject CN=${HOSTILE}`,
        observed: `not after 2026-11-10 (${HOSTILE})`,
        evidence: [{ observation: 'o5', frame: 13, text: HOSTILE, file: `/srv/${HOSTILE}` }],
        remediation: { text: HOSTILE, settings: { [`key${HOSTILE}`]: HOSTILE }, command: `keytool ${HOSTILE}` },
        fingerprint: 'e'.repeat(32),
      }),
      finding({
        ruleId: 'plaintext-prometheus',
        severity: 'low',
        channel: 'prometheus',
        endpoint: { host: '10.77.0.2', port: 9249, component: 'taskmanager', member: 'tm1' },
        title: 'Channel that Flink cannot protect',
        evidence: [{ observation: 'o6', text: 'GET /metrics answered in clear' }],
        fingerprint: 'd'.repeat(32),
      }),
    ],
    coverage: [
      { channel: 'jobmanager-rpc', expectedEndpoints: 1, seenEndpoints: 1, verdict: 'pass', witnesses: ['wire'] },
      { channel: 'taskmanager-rpc', expectedEndpoints: 2, seenEndpoints: 0, verdict: 'not-seen', witnesses: [] },
      {
        channel: 'metrics-query-service',
        expectedEndpoints: 1,
        seenEndpoints: 0,
        verdict: 'not-seen',
        witnesses: [],
        expected: true,
      },
    ],
    summary: {
      connections: 17,
      refusedAttempts: 3,
      unansweredAttempts: 0,
      clearUnknownConnections: 1,
      clearBytes: 1_438_000,
      tlsBytes: 20_926,
      flinkVersions: ['1.20.3'],
    },
    ...change,
  };
}

/** A run with nothing to say: one TLS connection, no finding. */
export function cleanReport(change: Partial<Report> = {}): Report {
  const [first] = sampleReport().observations;
  return sampleReport({
    verdict: 'pass',
    inputs: [],
    observations: [first!],
    findings: [],
    coverage: [],
    ...change,
  });
}
