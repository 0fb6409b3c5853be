import path from 'node:path';
import t, { type Test } from 'tap';
import { analyse } from '../../src/cli/analysis.ts';
import { readConfiguration } from '../../src/cli/common.ts';
import type { Certificate, Finding, Observation, Report } from '../../src/model/report.ts';
import {
  type ExpectedClear,
  type ExpectedServer,
  type ExpectedTls,
  type Problem,
  type Recording,
  type RunKind,
  recordings,
} from '../support/expected.ts';

/**
 * Every recording of a real cluster against the facts that tshark, openssl and the clusters' own truth state of it.
 * Nothing here was taken from what flinkprobe prints.
 */
const NOW = Date.parse('2026-11-22T15:00:00Z');

const report = (one: Recording, kind: RunKind): Promise<Report> =>
  analyse({
    captures: [one.path],
    configurations:
      kind === 'policy' ? [] : one.configurations.map(({ member, folder }) => readConfiguration(`${member}=${folder}`)),
    names: Object.entries(one.expected.members)
      .map(([address, name]) => `${address} ${name}`)
      .join('\n'),
    expect: [],
    failOn: 'medium',
    now: NOW,
  });

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

function compareTls(t: Test, seen: readonly Observation[], expected: ExpectedTls): void {
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

function compareClear(t: Test, seen: readonly Observation[], expected: ExpectedClear): void {
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

/** Rules that tell a problem. */
const RULES: Readonly<Record<Problem, readonly string[]>> = {
  plaintext: ['plaintext-channel', 'plaintext-external-system'],
  mixed: ['mixed-tls-and-clear'],
  refused: ['handshake-refused', 'mixed-tls-and-clear'],
  'state-in-clear': ['plaintext-state-transfer'],
  'records-in-clear': ['plaintext-state-transfer', 'plaintext-unprotectable'],
  'user-code-in-clear': ['plaintext-state-transfer'],
  'credentials-in-clear': ['credentials-in-clear'],
  'no-client-authentication': ['no-client-authentication'],
  'open-rest': ['rest-open-to-all'],
  'static-rsa': ['static-rsa-key-exchange'],
  cbc: ['cbc-without-encrypt-then-mac'],
  'weak-key': ['weak-public-key'],
  'weak-signature': ['weak-signature'],
  expired: ['certificate-expired'],
  'name-mismatch': ['rest-certificate-name'],
  'certificate-differs': ['certificate-differs'],
  'never-tls': ['plaintext-unprotectable'],
};

function finds(
  report: Report,
  { problem, channel, member }: { problem: Problem; channel: string; member?: string },
): Finding | undefined {
  return report.findings.find(
    (one) =>
      one.verdict === 'fail' &&
      RULES[problem].includes(one.ruleId) &&
      one.channel === channel &&
      (member === undefined || one.endpoint?.member === member || one.message.includes(member)),
  );
}

const serverKey = (one: Pick<ExpectedServer, 'host' | 'port'>): string => `${one.host}:${one.port}`;

for (const one of recordings()) {
  t.test(`${one.name} is read as the cluster's truth states it`, async (t) => {
    const { expected } = one;
    const seen = await report(one, 'policy');
    const [input] = seen.inputs;
    t.equal(input?.packets, expected.file.packets);
    t.equal(input?.bytes, expected.file.bytes);
    t.equal(input?.firstPacketAt, expected.file.firstPacketAt);
    t.equal(input?.lastPacketAt, expected.file.lastPacketAt);
    t.strictSame(input?.quality?.problems, []);
    t.equal(seen.complete, true);
    t.equal(seen.summary?.connections, expected.connections.answered + expected.connections.midstream, 'connections');
    t.equal(seen.summary?.refusedAttempts, expected.connections.refused, 'refused attempts');
    t.equal(seen.summary?.unansweredAttempts, expected.connections.unanswered, 'unanswered attempts');
    const servers = expected.servers.filter((server) => server.kind !== 'none' || server.silent > 0);
    t.strictSame(
      [...new Set(seen.observations.map((observation) => serverKey(observation.server)))].sort(),
      servers.map(serverKey).sort(),
      'servers',
    );
    for (const server of servers) {
      await t.test(`${server.channel} at ${server.member} ${serverKey(server)}`, async (t) => {
        const observations = seen.observations.filter(
          (observation) => serverKey(observation.server) === serverKey(server),
        );
        t.strictSame([...new Set(observations.map((observation) => observation.channel))], [server.channel]);
        t.equal(observations[0]?.server.member, server.member);
        t.equal(observations[0]?.server.component, server.component);
        if (server.tls !== undefined) compareTls(t, observations, server.tls);
        if (server.clear !== undefined) compareClear(t, observations, server.clear);
      });
    }
  });

  for (const kind of ['policy', 'conf'] as const) {
    const from = kind === 'policy' ? 'by the default policy' : 'by its configurations';
    t.test(`${one.name} judged ${from} gives what its truth demands`, async (t) => {
      const judged = await report(one, kind);
      for (const problem of one.expected.mustFind.filter((entry) => entry.under.includes(kind))) {
        t.ok(finds(judged, problem), `finds ${problem.problem} on ${problem.channel} ${problem.member ?? ''}`);
      }
      for (const problem of one.expected.mustNotFind.filter((entry) => entry.under.includes(kind))) {
        t.notOk(
          finds(judged, problem),
          `does not find ${problem.problem} on ${problem.channel} ${problem.member ?? ''}`,
        );
      }
      const verdict = one.expected.verdict[kind];
      if (verdict !== null && verdict !== undefined) t.equal(judged.verdict, verdict, 'verdict');
      t.strictSame(
        judged.findings.filter((finding) => finding.verdict === 'error'),
        [],
        'no rule threw',
      );
    });
  }
}

t.test('the recordings are all there', async (t) => {
  t.equal(recordings('shipped').length, 10);
  t.equal(recordings('others').length, 20);
  t.ok(recordings().every((one) => path.basename(one.path).startsWith(one.name)));
});
