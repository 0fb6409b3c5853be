import type { Test } from 'tap';
import type { Certificate, Observation } from '../../src/model/report.ts';
import type { ExpectedClear, ExpectedTls } from './expected.ts';

function tally(values: readonly (string | undefined)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) if (value !== undefined) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

const withoutZeros = (counts: Readonly<Record<string, number | undefined>>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).filter((entry): entry is [string, number] => (entry[1] ?? 0) > 0));

function sum(observations: readonly Observation[], of: (one: Observation) => number): number {
  return observations.reduce((total, one) => total + of(one), 0);
}

function certificates(
  observations: readonly Observation[],
  side: 'serverCertificate' | 'clientCertificate',
): Map<string, Certificate> {
  const found = new Map<string, Certificate>();
  for (const { tls } of observations) {
    const seen = tls?.[side];
    const leaf = seen?.seen === 'present' ? seen.chain[0] : undefined;
    if (leaf !== undefined) found.set(leaf.sha256, leaf);
  }
  return found;
}

/** Compares what was seen of one server in TLS with the facts of its recording. */
export function compareTls(t: Test, seen: readonly Observation[], expected: ExpectedTls): void {
  const tls = seen.filter((one) => one.kind === 'tls');
  const details = tls.map((one) => one.tls!);
  t.equal(tls.length, expected.connections, 'connections in TLS');
  t.equal(details.filter((one) => one.outcome === 'established').length, expected.established, 'established');
  t.equal(details.filter((one) => one.resumed === true).length, expected.resumed, 'resumed');
  t.equal(details.filter((one) => one.offered !== undefined).length, expected.clientHellos, 'ClientHellos');
  t.equal(details.filter((one) => one.cipherSuite !== undefined).length, expected.serverHellos, 'ServerHellos');
  t.strictSame(tally(details.map((one) => one.version)), expected.versions, 'versions');
  t.strictSame(tally(details.map((one) => one.cipherSuite)), expected.cipherSuites, 'suites');
  t.strictSame(
    tally(details.map((one) => one.clientAuthentication.verdict)),
    withoutZeros(expected.clientAuthentication),
    'client authentication',
  );
  t.strictSame(
    tally(details.map((one) => one.clientAuthentication.presented)),
    withoutZeros(expected.presented),
    'what was presented',
  );
  const alerts = details.flatMap((one) => one.alerts.filter((alert) => alert.description !== 'encrypted'));
  t.strictSame(
    tally(alerts.map((alert) => `${alert.from} ${alert.level} ${alert.code}`)),
    Object.fromEntries(expected.alerts.map(({ from, level, code, count }) => [`${from} ${level} ${code}`, count])),
    'plain alerts',
  );
  for (const role of ['client', 'server'] as const) {
    for (const kind of ['handshake', 'changeCipherSpec', 'alert', 'applicationData'] as const) {
      t.equal(
        sum(tls, (one) => one.tls!.records[role][kind]),
        expected.records[role][kind],
        `${role} ${kind} records`,
      );
    }
  }
  for (const [side, list] of [
    ['serverCertificate', expected.serverCertificates],
    ['clientCertificate', expected.clientCertificates],
  ] as const) {
    const found = certificates(tls, side);
    t.strictSame([...found.keys()].sort(), list.map((one) => one.sha256).sort(), side);
    for (const fact of list) {
      const one = found.get(fact.sha256);
      t.match(
        one,
        {
          sha1: fact.sha1,
          subject: fact.subject,
          issuer: fact.issuer,
          notBefore: fact.notBefore,
          notAfter: fact.notAfter,
          publicKey: { type: fact.keyType, bits: fact.keyBits },
          signatureAlgorithm: fact.signatureAlgorithm,
          selfIssued: fact.selfIssued,
        },
        `facts of ${fact.subject}`,
      );
      t.strictSame([...(one?.subjectAltNames ?? [])].sort(), [...fact.subjectAltNames].sort());
    }
  }
  compareAnswers(t, tls, expected.answers);
}

function compareAnswers(
  t: Test,
  seen: readonly Observation[],
  expected: Readonly<Record<string, number | undefined>>,
): void {
  t.strictSame(tally(seen.map((one) => one.answer?.kind)), withoutZeros(expected), 'answers that were not in kind');
}

/** Compares what was seen of one server in clear with the facts of its recording. */
export function compareClear(
  t: Test,
  seen: readonly Observation[],
  expected: ExpectedClear,
  places: 'with-places' | 'without-places' = 'with-places',
): void {
  const clear = seen.filter((one) => one.kind === 'plaintext');
  t.equal(clear.length, expected.connections, 'connections in clear');
  t.strictSame(tally(clear.map((one) => one.plaintext!.protocol)), expected.protocols, 'protocols');
  t.equal(
    sum(clear, (one) => one.bytes.client),
    expected.bytes.client,
    'bytes of the client',
  );
  t.equal(
    sum(clear, (one) => one.bytes.server),
    expected.bytes.server,
    'bytes of the server',
  );
  const transfers = clear.flatMap((one) => one.plaintext!.stateTransfer);
  for (const fact of expected.stateTransfer) {
    const alike = transfers.filter((one) => one.kind === fact.kind && one.from === fact.from);
    t.equal(
      alike.reduce((total, one) => total + one.count, 0),
      fact.count,
      `${fact.kind} from the ${fact.from}: how often`,
    );
    t.equal(
      alike.reduce((total, one) => total + one.bytes, 0),
      fact.bytes,
      `${fact.kind} from the ${fact.from}: bytes`,
    );
    if (places === 'without-places') continue;
    const first = [...alike].sort((a, b) => a.frame - b.frame)[0];
    t.strictSame(
      { frame: first?.frame, streamOffset: first?.streamOffset },
      fact.first,
      `${fact.kind}: the first one's place`,
    );
  }
  const kinds = new Set(expected.stateTransfer.map((one) => `${one.kind} ${one.from}`));
  t.strictSame(
    transfers.map((one) => `${one.kind} ${one.from}`).filter((one) => !kinds.has(one)),
    [],
    'no other state',
  );
  const credentials = clear.flatMap((one) => one.plaintext!.credentials);
  t.strictSame(
    tally(credentials.flatMap((one) => Array<string>(one.count).fill(`${one.kind} ${one.name.toLowerCase()}`))),
    Object.fromEntries(expected.credentials.map((one) => [`${one.kind} ${one.name.toLowerCase()}`, one.count])),
    'credentials',
  );
  compareAnswers(t, clear, expected.answers);
}
