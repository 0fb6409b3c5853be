import fc from 'fast-check';
import t from 'tap';
import type { LogEvidence } from '../../src/logs/evidence.ts';
import { LogReader, MAX_EVIDENCE } from '../../src/logs/reader.ts';

const NETTY = 'org.apache.pekko.remote.transport.netty.NettyTransport';

function read(...lines: readonly string[]): readonly LogEvidence[] {
  const reader = new LogReader();
  reader.push(Buffer.from(`${lines.join('\n')}\n`));
  return reader.finish().processes.flatMap((one) => one.evidence);
}

function entry(logger: string, message: string, level = 'WARN'): string {
  return `2026-11-22 13:00:00,000 ${level}  ${logger} [] - ${message}`;
}

function rpcFailure(cause: string): LogEvidence | undefined {
  return read(entry(NETTY, `Remote connection to [/10.0.0.9:40000] failed with ${cause}`))[0];
}

/** Messages of sun.security.ssl and sun.security.validator (JDK 8 to 21), and what Java means by them. */
const TEXTS: readonly (readonly [cause: string, reason: string])[] = [
  [
    'javax.net.ssl.SSLHandshakeException: No appropriate protocol (protocol is disabled or cipher suites are inappropriate)',
    'nothing-enabled',
  ],
  [
    'javax.net.ssl.SSLHandshakeException: The client supported protocol versions [TLSv1.3] are not accepted by server preferences [TLSv1.2]',
    'no-common-protocol',
  ],
  [
    'javax.net.ssl.SSLHandshakeException: PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed, caused by: java.security.cert.CertificateExpiredException: NotAfter: Thu Oct 22 13:00:00 UTC 2026',
    'expired',
  ],
  ['javax.net.ssl.SSLHandshakeException: null cert chain', 'empty-client-certificate'],
  [
    'javax.net.ssl.SSLHandshakeException: No subject alternative names matching IP address 10.0.0.9 found',
    'name-mismatch',
  ],
  [
    'javax.net.ssl.SSLHandshakeException: server certificate with unknown fingerprint: CN=internal',
    'server-pin-differs',
  ],
  [
    'javax.net.ssl.SSLHandshakeException: Extended key usage does not permit use for TLS client authentication',
    'key-usage',
  ],
  [
    'javax.net.ssl.SSLHandshakeException: Certificates do not conform to algorithm constraints',
    'algorithm-constraints',
  ],
  [
    'org.apache.flink.shaded.netty4.io.netty.handler.ssl.SslHandshakeTimeoutException: handshake timed out after 10000ms',
    'timeout',
  ],
  ['javax.net.ssl.SSLHandshakeException: Remote host terminated the handshake', 'closed'],
  ['javax.net.ssl.SSLHandshakeException: something new', 'other'],
  [
    'org.jboss.netty.handler.codec.frame.TooLongFrameException: Adjusted frame length exceeds 10485760: 369296132 - discarded',
    'peer-in-tls',
  ],
  [
    'org.jboss.netty.handler.codec.frame.TooLongFrameException: Adjusted frame length exceeds 10485760: 352518916 - discarded',
    'peer-in-tls',
  ],
];

for (const [cause, reason] of TEXTS) {
  t.test(`${reason}: ${cause.slice(cause.indexOf(': ') + 2, 90)}`, (t) => {
    t.match(rpcFailure(cause), { event: 'handshake-failed', failure: { reason, side: 'server' } });
    t.end();
  });
}

t.test('does not take other troubles for TLS', (t) => {
  t.strictSame(rpcFailure('java.io.IOException: Connection reset by peer'), undefined);
  t.strictSame(
    rpcFailure(
      'org.jboss.netty.handler.codec.frame.TooLongFrameException: Adjusted frame length exceeds 10485760: 1195725860 - discarded',
    ),
    undefined,
    'GET of HTTP',
  );
  t.strictSame(
    read(
      entry(
        'org.apache.pekko.remote.ReliableDeliverySupervisor',
        'Association with remote system [pekko.ssl.tcp://flink@jm:6123] has failed, address is now gated for [50] ms. Reason: [Association failed] Caused by: [java.net.ConnectException: Connection refused]',
      ),
    ),
    [],
  );
  t.end();
});

t.test('leaves to a job what a job cannot connect to', (t) => {
  const task = entry(
    'org.apache.flink.runtime.taskmanager.Task',
    'Source: Kafka (1/1)#0 switched from RUNNING to FAILED with failure cause:',
  );
  t.strictSame(read(task, 'javax.net.ssl.SSLHandshakeException: Received fatal alert: bad_certificate'), []);
  t.strictSame(read(task, 'java.io.IOException: keystore password was incorrect'), []);
  t.end();
});

t.test('takes the data channel from the trace of a task', (t) => {
  const [told] = read(
    entry(
      'org.apache.flink.runtime.taskmanager.Task',
      'Map (1/2)#0 switched from RUNNING to FAILED with failure cause:',
    ),
    "org.apache.flink.runtime.io.network.netty.exception.LocalTransportException: javax.net.ssl.SSLHandshakeException: PKIX path building failed (connection to 'tm2/10.77.0.3:6121 [tm2-1]')",
  );
  t.match(told, {
    channel: 'taskmanager-data',
    server: { host: 'tm2', port: 6121 },
    failure: { reason: 'untrusted', side: 'client' },
  });
  t.end();
});

t.test('does not count what a JobManager retells of its TaskManagers', (t) => {
  t.strictSame(
    read(
      entry(
        'org.apache.flink.runtime.executiongraph.ExecutionGraph',
        'Map (1/2) switched from DEPLOYING to FAILED on tm2:6122-1.',
      ),
      'java.io.IOException: Failed to fetch BLOB a/b from jm/10.77.0.1:6124 and store it under /tmp/x',
      'Caused by: java.io.IOException: GET operation failed: Unrecognized response',
    ),
    [],
  );
  t.end();
});

t.test('forgets what may have other causes once the TaskManager has registered', (t) => {
  const lost = entry(
    'org.apache.pekko.remote.ReliableDeliverySupervisor',
    'Association with remote system [pekko.tcp://flink@jm:6123] has failed, address is now gated for [50] ms. Reason: [Association failed] Caused by: [The remote system explicitly disassociated (reason unknown).]',
  );
  const registered = entry(
    'org.apache.flink.runtime.taskexecutor.TaskExecutor',
    'Successful registration at resource manager pekko.tcp://flink@jm:6123/user/rpc/resourcemanager_* under registration id 0.',
    'INFO',
  );
  t.equal(read(lost).length, 1);
  t.strictSame(read(lost, registered), []);
  t.equal(read(registered, lost).length, 1);
  t.end();
});

/** Texts of SSLUtils, the JDK's key stores and Netty. */
const STARTS: readonly (readonly [text: string, reason: string, subject?: string])[] = [
  [
    'IllegalConfigurationException: The config option security.ssl.internal.truststore or security.ssl.truststore is missing.',
    'option-missing',
    'security.ssl.internal.truststore',
  ],
  ['java.lang.IllegalArgumentException: malformed fingerprint (length is 32 but expected 20): bb31', 'malformed-pin'],
  ['java.io.IOException: keystore password was incorrect', 'wrong-store-password'],
  ['java.io.IOException: Keystore was tampered with, or password was incorrect', 'wrong-store-password'],
  ['java.security.UnrecoverableKeyException: Cannot recover key', 'wrong-key-password'],
  ['java.nio.file.NoSuchFileException: /opt/flink/ssl/internal.p12', 'store-missing'],
  ['java.io.IOException: Invalid keystore format', 'wrong-store-type'],
  [
    'java.security.InvalidAlgorithmParameterException: the trustAnchors parameter must be non-empty',
    'empty-truststore',
  ],
  [
    'java.lang.IllegalArgumentException: Unsupported CipherSuite: TLS_RSA_WITH_RC4_128_SHA',
    'unknown-suite',
    'TLS_RSA_WITH_RC4_128_SHA',
  ],
  [
    'java.security.NoSuchAlgorithmException: TLSv1.2,TLSv1.3 SSLContext not available',
    'unknown-protocol',
    'TLSv1.2,TLSv1.3',
  ],
];

for (const [text, reason, subject] of STARTS) {
  t.test(`tells a start that failed: ${reason}, ${text.slice(0, 50)}`, (t) => {
    const head = entry(
      'org.apache.flink.runtime.entrypoint.ClusterEntrypoint',
      'Could not start cluster entrypoint X.',
      'ERROR',
    );
    const [told] = read(
      head,
      'org.apache.flink.runtime.entrypoint.ClusterEntrypointException: Failed',
      `Caused by: ${text}`,
    );
    t.match(told, {
      event: 'start-failed',
      line: 1,
      failure: { reason, ...(subject === undefined ? {} : { subject }) },
    });
    t.end();
  });
}

t.test('keeps a bounded number of different things, and counts the rest', (t) => {
  const reader = new LogReader();
  for (let i = 0; i < MAX_EVIDENCE + 500; i++) {
    reader.push(
      Buffer.from(`${entry('o.a.f.x.PekkoRpcServiceUtils', `Actor system started at pekko.tcp://flink@h${i}:6123`)}\n`),
    );
  }
  const reading = reader.finish();
  t.equal(reading.processes[0]?.evidence.length, MAX_EVIDENCE);
  t.equal(reading.dropped, 500);
  t.end();
});

t.test('takes any bytes: garbage between pieces of real lines', (t) => {
  const piece = fc.constantFrom(
    'Actor system started at ',
    'pekko.ssl.tcp://flink@',
    'jm:6123',
    'NettyConfig [server address: , server port: 99999, ssl enabled: true',
    'not an SSL/TLS record: 0000',
    'Loading configuration property: a, ',
    '{"message":"',
    'Remote connection to [',
    ' (Version: ',
    'Downloading x from [::1]:',
    'o.a.f.BlobClient - ',
    '\n',
    '\r\n',
    'Caused by: ',
    'SSLHandshakeException',
  );
  const noise = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, noise), { maxLength: 30 }), (parts) => {
      const reader = new LogReader();
      for (const part of parts) reader.push(Buffer.from(part, 'latin1'));
      const reading = reader.finish();
      for (const { evidence } of reading.processes) {
        for (const { line, lastLine, server } of evidence) {
          if (line < 1 || lastLine < line || lastLine > reading.lines) return false;
          if (server !== undefined && (server.port < 0 || server.port > 65_535)) return false;
        }
      }
      return true;
    }),
    { numRuns: 500 },
  );
  t.end();
});
