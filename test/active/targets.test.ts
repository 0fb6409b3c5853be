import t from 'tap';
import type { Observation } from '../../src/model/report.ts';
import { front } from '../support/targets/front.ts';
import { ALL_TARGETS, available, missingFor, Targets } from '../support/targets/start.ts';
import type { TargetId, Truth } from '../support/targets/target.ts';
import { survey } from './support.ts';

/** One survey of each target against what the target is known to be. */
const targets = await Targets.start(...available(ALL_TARGETS));
t.teardown(() => targets.stop());

/** Connections that one survey may take: fewer than nmap needs for the suites alone. */
const CONNECTIONS_MAX: Readonly<Partial<Record<TargetId, number>>> = { A1: 14, A2: 14, A4: 21, B1: 49, D1: 76 };
/** Versions whose handshake our client finishes, and so judges. */
const JUDGED = new Set(['TLSv1.2', 'TLSv1.3']);

/** Lists are compared in order only where the order is the server's. */
function suitesOf(suites: Readonly<Record<string, readonly string[]>>, truth: Truth): Record<string, string[]> {
  const sorted = truth.suitePreference === 'client';
  return Object.fromEntries(
    [...truth.versions].map((version) => {
      const list = [...(suites[version] ?? [])];
      return [version, sorted ? list.sort() : list];
    }),
  );
}

function authenticationOf(versions: readonly string[], of: (version: string) => string | undefined): object {
  return Object.fromEntries(versions.filter((one) => JUDGED.has(one)).map((version) => [version, of(version)]));
}

for (const id of ALL_TARGETS) {
  // Suites of TLS 1.1 and older are looked for by the full profile only.
  const profile = /[CD]1/.test(id) ? 'full' : 'standard';
  t.test(`${id} is reported as it is (${profile})`, { skip: missingFor(id) }, async (t) => {
    const target = targets.get(id);
    const { truth } = target;
    const counted = await front(target);
    const seen = await survey(counted, { profile, channel: 'jobmanager-rpc' });
    await counted.close();
    t.equal(seen.kind, 'tls');
    const tls = seen.tls!;
    t.strictSame([...tls.accepted!.versions].sort(), [...truth.versions].sort(), 'versions');
    t.strictSame(suitesOf(tls.accepted!.cipherSuites, truth), suitesOf(truth.cipherSuites, truth), 'suites');
    t.strictSame(
      authenticationOf(truth.versions, (version) => tls.clientAuthentication.byVersion?.[version]),
      authenticationOf(truth.versions, () => truth.clientAuthentication),
      'client authentication by version',
    );
    t.strictSame(tls.clientAuthentication.certificateAuthorities, truth.authorities, 'authorities');
    t.equal(leafOf(seen)?.sha256, target.leafSha256, 'leaf');
    if (id !== 'C1') t.equal(tls.suitePreference, truth.suitePreference, 'who decides the suite');
    t.match(seen.asked, { complete: true, connections: counted.connections() }, 'every connection is told');
    t.ok(counted.connections() <= (CONNECTIONS_MAX[id] ?? 80), `${counted.connections()} connections`);
  });
}

function leafOf({ tls }: Observation): { readonly sha256: string } | undefined {
  return tls?.serverCertificate.seen === 'present' ? tls.serverCertificate.chain[0] : undefined;
}

t.test('C1 shows its 1024 bits of Diffie-Hellman', { skip: missingFor('C1') }, async (t) => {
  const seen = await survey(targets.get('C1'), { channel: 'jobmanager-rpc' });
  t.match(seen.tls, { version: 'TLSv1', dh: { bits: 1024 } });
});

/** A report without what belongs to the run: times, and the port. */
function timeless({ observedAt: _, lastSeenAt: __, server, ...rest }: Observation): object {
  return { ...rest, server: server.host };
}

t.test('octets that come one by one make no difference', { skip: missingFor('A1') }, async (t) => {
  const [whole, single] = await Promise.all([front(targets.get('A1')), front(targets.get('A1'), { segment: 1 })]);
  // No channel, so that nothing is sent in clear: a server that closes before it has read all of that answers by RST.
  const reports = await Promise.all([whole, single].map((port) => survey(port)));
  t.strictSame(timeless(reports[1]!), timeless(reports[0]!));
  await Promise.all([whole.close(), single.close()]);
});

t.test('one record a message or one record a flight: the same report', { skip: missingFor('A1', 'A2') }, async (t) => {
  const [socket, engine] = await Promise.all(
    (['A1', 'A2'] as const).map((id) => survey(targets.get(id), { channel: 'jobmanager-rpc' })),
  );
  const comparable = (seen: Observation): object => {
    // Record counts and lengths are how the same was said.
    const { records: _, ...tls } = seen.tls!;
    const { bytes: __, ...rest } = seen;
    return timeless({ ...rest, bytes: { client: 0, server: 0 }, tls } as Observation);
  };
  t.strictSame(comparable(engine!), comparable(socket!));
});
