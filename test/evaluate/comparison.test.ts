import fc from 'fast-check';
import t from 'tap';
import { compareEndpoints } from '../../src/evaluate/comparison.ts';
import type { Observation, ProcessIdentity } from '../../src/model/report.ts';
import {
  active,
  activeClear,
  certificate,
  chain,
  clear,
  JM,
  noAnswer,
  proof,
  TLS12_SUITES,
  TM1,
  TM2,
  tls,
} from '../support/observations.ts';

const TM3 = { host: '10.77.0.4', member: 'tm3', component: 'taskmanager' } as const;
const data = (server: { host: string; member?: string; port?: number }, options: Parameters<typeof active>[0] = {}) =>
  active({ channel: 'taskmanager-data', server: { component: 'taskmanager', ...server }, ...options });

function changed(now: Observation, then: Observation) {
  const [change] = compareEndpoints({ observations: [now] }, { observations: [then] });
  return change!;
}

t.test('finds a member again on another port and at another address', async (t) => {
  const then = { observations: [data({ ...TM1, port: 40001 }), data({ ...TM2, port: 40002 })] };
  const now = {
    observations: [data({ ...TM2, port: 50001 }), data({ host: '10.77.0.8', member: 'tm1', port: 50002 })],
  };
  t.strictSame(
    compareEndpoints(now, then).map(({ change, endpoint }) => [change, endpoint.member, endpoint.port]),
    [
      ['unchanged', 'tm2', 50001],
      ['unchanged', 'tm1', 50002],
    ],
  );
});

t.test('gives a TaskManager of another name the place of one that is gone, and says so', async (t) => {
  const then = { observations: [data(TM1), data(TM2)] };
  const [same, other] = compareEndpoints({ observations: [data(TM1), data(TM3)] }, then);
  t.strictSame(same?.details, []);
  t.match(other, { change: 'unchanged', endpoint: { member: 'tm3' }, details: ['took the place of tm2'] });
});

t.test('tells what is new and what is gone, asked or not', async (t) => {
  const then = { observations: [data(TM1), active({ server: JM })] };
  const now = { observations: [data(TM1), data(TM2), noAnswer('refused', { server: JM })] };
  t.strictSame(
    compareEndpoints(now, then).map(({ change, endpoint, details }) => [change, endpoint.member, ...details]),
    [
      ['unchanged', 'tm1'],
      ['new', 'tm2'],
      ['gone', 'jm', 'asked: refused'],
    ],
  );
  t.match(compareEndpoints({ observations: [] }, then)[0]?.details, ['not asked: nothing names it any more']);
});

t.test('tells two ports of one member apart by their ports where these stayed', async (t) => {
  const [a, b] = [data({ ...TM1, port: 1 }), data({ ...TM1, port: 2 }, { suites: { 'TLSv1.2': TLS12_SUITES } })];
  const changes = compareEndpoints({ observations: [b, a] }, { observations: [a, b] });
  t.strictSame(
    changes.map(({ change }) => change),
    ['unchanged', 'unchanged'],
  );
});

const WEAK = 'TLS_RSA_WITH_AES_128_CBC_SHA';
const ONLY12 = { 'TLSv1.2': TLS12_SUITES };
const WORSE: readonly (readonly [string, Observation, Observation, RegExp])[] = [
  ['TLS became clear', active(), activeClear(), /^in clear, where it was TLSv1.3$/],
  [
    'clear text beside TLS',
    active(),
    active({ asked: { clear: { request: 'HEARTBEAT', outcome: 'answered', text: 'x' } } }),
    /answers in clear beside TLS/,
  ],
  ['the best version is older', active(), active({ suites: ONLY12 }), /at best TLSv1.2, where it was TLSv1.3/],
  [
    'an old version is taken',
    active({ suites: ONLY12 }),
    active({ suites: { ...ONLY12, TLSv1: TLS12_SUITES } }),
    /takes TLSv1, which it did not/,
  ],
  [
    'a weak suite is taken',
    active({ suites: ONLY12 }),
    active({ suites: { 'TLSv1.2': [...TLS12_SUITES, WEAK] } }),
    /takes TLS_RSA_WITH_AES_128_CBC_SHA, which/,
  ],
  [
    'a certificate is no longer demanded in one version',
    active(),
    active({ demands: { 'TLSv1.3': 'required', 'TLSv1.2': 'not-requested' } }),
    /client certificate not asked for in TLSv1.2, where it was required/,
  ],
  [
    'a stranger is let in',
    active({ admission: [proof('stranger', 'refused')] }),
    active({ admission: [proof('stranger', 'admitted')] }),
    /admits a stranger certificate in TLSv1.2, which it refused/,
  ],
  [
    'the DH group shrank',
    active({ tls: { dh: { bits: 2048 } } }),
    active({ tls: { dh: { bits: 1024 } } }),
    /1024 bits/,
  ],
  [
    'the key shrank',
    active(),
    active({
      tls: {
        serverCertificate: chain(
          certificate({ sha256: 'dd'.repeat(32), publicKey: { type: 'RSA', bits: 1024, curve: null } }),
        ),
      },
    }),
    /RSA key of 1024 bits, where it had 3072/,
  ],
];

for (const [name, strong, weak, text] of WORSE) {
  t.test(`weaker, and stronger the other way round: ${name}`, async (t) => {
    const worse = changed(weak, strong);
    t.equal(worse.change, 'weaker');
    t.match(worse.details.join('; '), text);
    t.equal(changed(strong, weak).change, 'stronger');
    t.equal(changed(strong, strong).change, 'unchanged');
    t.equal(changed(weak, weak).change, 'unchanged');
  });
}

t.test('compares suites only where both runs asked for all of them', async (t) => {
  const more = { 'TLSv1.2': [...TLS12_SUITES, WEAK] };
  const quick = active({ suites: ONLY12, asked: { profile: 'quick' } });
  t.equal(changed(active({ suites: more }), quick).change, 'unchanged');
  const partial = { complete: false, reason: 'connection-limit' } as const;
  t.equal(changed(active({ suites: more }), active({ suites: ONLY12, asked: partial })).change, 'unchanged');
});

t.test('knows nothing of an unknown demand', async (t) => {
  const unknown = active({ demands: { 'TLSv1.3': 'unknown', 'TLSv1.2': 'required' } });
  t.equal(changed(unknown, active()).change, 'unchanged');
});

t.test('takes captures for a baseline too', async (t) => {
  t.equal(changed(activeClear(), tls()).change, 'weaker');
  t.equal(changed(active({ suites: ONLY12 }), tls()).change, 'unchanged', 'a request seen is no demand proven');
  t.equal(changed(tls(), clear()).change, 'stronger');
});

t.test('tells certificates that stayed, changed, are hidden or are none', async (t) => {
  const renewed = active({ tls: { serverCertificate: chain(certificate({ sha256: 'dd'.repeat(32) })) } });
  t.equal(changed(active(), active()).certificate, 'same');
  t.equal(changed(renewed, active()).certificate, 'changed');
  t.equal(changed(active(), activeClear()).certificate, 'unknown');
  t.equal(changed(activeClear(), active()).certificate, 'none');
});

t.test('tells a restart by identifiers of one source, and nothing without them', async (t) => {
  const identity = (identity: string, source: 'rest' | 'rpc' = 'rest'): ProcessIdentity[] => [
    { component: 'jobmanager', member: 'jm', source, identity },
  ];
  const said = (then: ProcessIdentity[], now: ProcessIdentity[]) =>
    compareEndpoints({ observations: [active()], processes: now }, { observations: [active()], processes: then })[0]
      ?.process;
  t.equal(said(identity('a'), identity('a')), 'same');
  t.equal(said(identity('a'), identity('b')), 'restarted');
  t.equal(said(identity('a'), identity('b', 'rpc')), 'unknown');
  t.equal(said([], identity('b')), 'unknown');
});

t.test('does not take a name that a configuration gives for a process that went on', async (t) => {
  const server = { ...TM1, member: 'tm1' };
  const said = (then: string, now: string) => {
    const run = (identity: string) => ({
      observations: [active({ channel: 'taskmanager-data', server })],
      processes: [{ component: 'taskmanager', member: 'tm1', source: 'rest', identity } as const],
    });
    return compareEndpoints(run(now), run(then))[0]?.process;
  };
  t.equal(said('tm1', 'tm1'), 'unknown', 'taskmanager.resource-id is set');
  t.equal(said('tm1', 'tm2'), 'restarted');
  t.equal(said('10.77.0.2:41234-5fe1a2', '10.77.0.2:41234-5fe1a2'), 'same');
  t.equal(said('10.77.0.2:41234-5fe1a2', '10.77.0.2:41234-8a23cd'), 'restarted');
  t.equal(said('container_e17_1410901177871_0001_01_000005', 'container_e17_1410901177871_0001_01_000005'), 'same');
  t.equal(said('my-cluster-taskmanager-1-2', 'my-cluster-taskmanager-1-2'), 'same');
});

t.test('a run compared with itself, in any order, is unchanged throughout', async () => {
  const endpoint = fc.record({
    member: fc.constantFrom('a', 'b', 'c'),
    host: fc.constantFrom('10.0.0.1', '10.0.0.2'),
    port: fc.integer({ min: 1, max: 4 }),
    make: fc.constantFrom(active, activeClear),
  });
  const runs = fc.uniqueArray(endpoint, { maxLength: 8, selector: ({ host, port }) => `${host} ${port}` });
  fc.assert(
    fc.property(runs, fc.infiniteStream(fc.nat()), (endpoints, random) => {
      const seen = endpoints.map(({ make, ...server }) => make({ server }));
      const shuffled = seen.map((one) => [random.next().value as number, one] as const).sort((a, b) => a[0] - b[0]);
      const changes = compareEndpoints({ observations: shuffled.map(([, one]) => one) }, { observations: seen });
      return changes.length === seen.length && changes.every(({ change }) => change === 'unchanged');
    }),
  );
});
