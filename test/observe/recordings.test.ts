import path from 'node:path';
import t from 'tap';
import { analyse } from '../../src/cli/analysis.ts';
import { readConfigurations } from '../../src/cli/configuration-sources.ts';
import type { Finding, Report } from '../../src/model/report.ts';
import { compareClear, compareTls } from '../support/compare.ts';
import { type ExpectedServer, type Problem, type Recording, type RunKind, recordings } from '../support/expected.ts';

/**
 * Every recording of a real cluster against the facts that tshark, openssl and the clusters' own truth state of it.
 * Nothing here was taken from what flinkprobe prints.
 */
const NOW = Date.parse('2026-11-22T15:00:00Z');

const report = async (one: Recording, kind: RunKind): Promise<Report> =>
  analyse({
    captures: [one.path],
    configurations: await readConfigurations({
      conf: kind === 'policy' ? [] : one.configurations.map(({ member, folder }) => `${member}=${folder}`),
    }),
    names: Object.entries(one.expected.members)
      .map(([address, name]) => `${address} ${name}`)
      .join('\n'),
    expect: [],
    failOn: 'medium',
    now: NOW,
  });

/** Rules that tell a problem. */
const RULES: Readonly<Record<Problem, readonly string[]>> = {
  plaintext: ['plaintext-channel', 'plaintext-external-system'],
  mixed: ['mixed-tls-and-clear'],
  refused: ['handshake-refused', 'mixed-tls-and-clear'],
  'state-in-clear': ['plaintext-state-transfer'],
  'records-in-clear': ['plaintext-state-transfer', 'plaintext-unprotectable'],
  'user-code-in-clear': ['plaintext-channel'],
  'credentials-in-clear': ['credentials-in-clear'],
  'no-client-authentication': ['no-client-authentication'],
  'open-rest': ['rest-open-to-all'],
  'static-rsa': ['static-rsa-key-exchange'],
  cbc: ['cbc-without-encrypt-then-mac'],
  'weak-key': ['weak-certificate-key'],
  'weak-signature': ['weak-certificate-signature'],
  expired: ['expired-certificate'],
  'name-mismatch': ['certificate-does-not-name-host'],
  'certificate-differs': ['certificate-differs-between-members'],
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
    // Where only the configuration tells a channel from another, it is given.
    const isConfigured = expected.servers.some((server) => server.channelKnownFrom === 'configuration');
    const seen = await report(one, isConfigured ? 'conf' : 'policy');
    const input = seen.inputs.find(({ kind }) => kind === 'capture');
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
