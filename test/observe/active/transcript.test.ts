import type { SecureVersion } from 'node:tls';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { loadProbes } from '../../../src/evaluate/directory.ts';
import type { Observation } from '../../../src/model/report.ts';
import type { DialFault, Transcript, WireEvent } from '../../../src/net/wire.ts';
import { recordTranscript } from '../../../src/observe/active/transcript.ts';
import { bothWays } from '../../support/both-ways.ts';
import { noIpv6 } from '../../support/capture-tools.ts';
import { VECTORS } from '../../support/flink-protocols.ts';
import { mintLeaf } from '../../support/pki.ts';
import { closeAtByte, segmentProxy, serve } from '../../support/scripted-server.ts';
import { hear, hearAll, replay, talk, talkTls, talkTo } from '../../support/wire-client.ts';

const hex = (text: string): string => Buffer.from(text).toString('hex');
const identity = mintLeaf('jobmanager');

/** The property: whoever reads the capture sees what was seen live. */
async function same(t: Test, transcripts: readonly Transcript[]): Promise<readonly Observation[]> {
  const { live, read, attempts, written } = await bothWays(transcripts, t.testdir());
  t.strictSame(read, live);
  t.strictSame(attempts.read, attempts.live);
  t.equal(written.problem, undefined);
  return live;
}

async function refused(host = '127.0.0.1'): Promise<Transcript> {
  const server = await serve([], { host });
  await server.close();
  return talk(server);
}

t.test('every kind of no reads from the capture as it was seen', async (t) => {
  const transcripts = [
    await refused(),
    await talkTo([], (wire) => hearAll(wire, 20)),
    await talkTo([{ do: 'fin' }], (wire) => hearAll(wire, 500)),
    await talkTo([{ do: 'rst' }], (wire) => hearAll(wire, 500)),
    await talkTo([{ do: 'send', bytes: hex('SSH-2.0-x\r\n') }, { do: 'rst' }], (wire) => hearAll(wire, 500)),
    await talkTo([], (wire) => hearAll(wire, 20), 'rst'),
    await talkTo([], async (wire) => wire.send(Buffer.from('0101', 'hex'))),
  ];
  const live = await same(t, transcripts);
  t.strictSame(
    live.map(({ kind, because }) => [kind, because]),
    [
      ['no-answer', 'closed-at-once'],
      ['no-answer', 'closed-at-once'],
      ['no-answer', 'reset'],
      ['undecided', 'one-sided'],
      ['no-answer', 'reset'],
      ['undecided', 'one-sided'],
    ],
  );
});

t.test('a connection that never stood has a record, which tells a refusal from silence', async (t) => {
  const protocols = (await loadProbes()).flatMap((probe) => probe.protocols);
  const never = recordTranscript(await refused(), { first: 5 }, protocols);
  t.match(never, { speech: { kind: 'silent' }, syn: 'seen', synAck: 'not-seen', reset: 'by-1', packets: [1, 1] });
  t.match([never.first.frame, never.last.frame], [5, 6]);
  for (const fault of ['timeout', 'unreachable', 'connection-limit'] as const) {
    const transcript = { ...attempt(fault), startedAt: 1000.5 };
    const record = recordTranscript(transcript, { first: 1 }, protocols);
    t.match(record, { speech: { kind: 'silent' }, synAck: 'not-seen', reset: 'no', packets: [1, 0] }, fault);
    t.match(record.first, { frame: 1, seconds: 1, nanoseconds: 500_000 });
  }
});

t.test('recorded conversations of Flink, said again, whole and byte by byte', async (t) => {
  const names = Object.keys(VECTORS);
  const transcripts = [];
  for (const name of names) transcripts.push(await replay(name));
  const live = await same(t, transcripts);
  for (const [index, name] of names.entries()) {
    // What was recorded from its middle on is no beginning of the protocol.
    const protocol = name.includes('midstream') ? 'none' : VECTORS[name];
    if (protocol !== 'none') t.equal(live[index]?.plaintext?.protocol, protocol, name);
  }
  const short = names.filter((name) => /refused|blob|tls|http/.test(name));
  const bytewise = [];
  for (const name of short) bytewise.push(await replay(name, 1));
  const seen = await same(t, bytewise);
  t.strictSame(
    seen.map(({ kind, bytes }) => [kind, bytes]),
    short.map((name) => live[names.indexOf(name)]!).map(({ kind, bytes }) => [kind, bytes]),
  );
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const satisfies readonly SecureVersion[]) {
  t.test(`${version} to Node's TLS server, opened by our own secrets`, async (t) => {
    const options = { ...identity, minVersion: version, maxVersion: version };
    const echo = [
      { do: 'tls', options },
      { do: 'expect', bytes: 'any' },
      { do: 'send', bytes: hex('echo') },
    ] as const;
    const plain = await serve(echo);
    const asking = { ...options, requestCert: true, ca: [identity.cert] };
    const mutual = await serve([{ do: 'tls', options: asking }, ...echo.slice(1)]);
    const slow = await segmentProxy(plain, 1);
    const transcripts = [
      await talkTls(plain, {}),
      await talkTls(mutual, {}),
      await talkTls(mutual, identity),
      await talkTls(slow, { servername: 'flink.example' }),
      { ...(await talkTls(plain, {})), secrets: [] },
      await talk(plain, async (wire) => {
        wire.send(Buffer.from('GET /config HTTP/1.1\r\n\r\n'));
        await hear(wire, 1);
      }),
    ];
    const live = await same(t, transcripts);
    const [whole, refusal, admitted, bytewise, closedBook] = live.map(({ tls }) => tls);
    t.match(whole, { version, outcome: 'established', serverCertificate: { seen: 'present' } });
    t.equal(whole?.decrypted, version === 'TLSv1.3' ? true : whole?.decrypted);
    t.match(refusal, { outcome: 'refused', clientAuthentication: { verdict: 'required', presented: 'empty' } });
    t.match(admitted, { clientAuthentication: { presented: 'certificate' } });
    t.match(bytewise, { outcome: 'established', serverName: 'flink.example' });
    t.equal(closedBook?.serverCertificate.seen, version === 'TLSv1.3' ? 'hidden' : 'present');
    await Promise.all([slow.close(), plain.close(), mutual.close()]);
  });
}

t.test('a TLS server that dies at any byte of its flight', async (t) => {
  const server = await serve([{ do: 'tls', options: identity }]);
  const transcripts: Transcript[] = [];
  for (const at of [0, 1, 4, 5, 6, 9, 50, 100, 127, 128, 400, 1000, 1400]) {
    const proxy = await closeAtByte(server, at, at % 2 === 0 ? 'fin' : 'rst');
    transcripts.push(await talkTls(proxy, {}));
    await proxy.close();
  }
  await server.close();
  const live = await same(t, transcripts);
  t.equal(live.length, transcripts.length);
  t.strictSame(
    live.slice(0, 2).map(({ bytes }) => bytes.server),
    [0, 1],
  );
});

t.test('IPv6 connections read as they were seen', { skip: noIpv6 }, async (t) => {
  const http = 'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n';
  const script = [{ do: 'expect', bytes: 'any' }, { do: 'send', bytes: hex(http) }, { do: 'fin' }] as const;
  const ask = Buffer.from('GET /config HTTP/1.1\r\nhost: x\r\n\r\n');
  const transcripts = [
    await refused('::1'),
    await talkTo(
      script,
      async (wire) => {
        wire.send(ask);
        await hearAll(wire, 500);
      },
      'fin',
      '::1',
    ),
  ];
  const live = await same(t, transcripts);
  t.match(live, [{ kind: 'plaintext', server: { host: '::1' }, plaintext: { protocol: 'http' } }]);
});

function attempt(fault: DialFault): Transcript {
  const local = { host: '10.0.0.2', port: 40_000 };
  const remote = { host: '10.0.0.1', port: 6123 };
  return { local, remote, startedAt: 1000, fault, events: [], endedAt: 2000, secrets: [] };
}

const HOSTS = [
  ['10.0.0.2', '10.0.0.1'],
  ['2001:db8::2', '2001:db8::1'],
  ['0.0.0.0', '10.0.0.1'],
] as const;

const OPENINGS = [
  '',
  '0101',
  '160301',
  '1603010200010001fc0303',
  hex('GET /config HTTP/1.1\r\n\r\n'),
  '15030300020228',
];

/** A side says something, or ends. */
const happening = fc.record({
  side: fc.constantFrom(0 as const, 1 as const),
  what: fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constantFrom(...OPENINGS), fc.uint8Array({ maxLength: 40 })) },
    { weight: 1, arbitrary: fc.constantFrom('fin' as const, 'rst' as const) },
    { weight: 1, arbitrary: fc.constant(100_000) },
  ),
  after: fc.double({ min: 0, max: 3000, noNaN: true }),
});

/** Any transcript that a wire could make: nothing comes of a side that has ended, nothing at all after a reset. */
const transcripts = fc
  .record({
    hosts: fc.constantFrom(...HOSTS),
    // Few ports: addresses and ports come again.
    port: fc.integer({ min: 40_000, max: 40_001 }),
    startedAt: fc.double({ min: 1.7e12, max: 1.7e12 + 1e6, noNaN: true }),
    fault: fc.option(fc.constantFrom<DialFault>('refused', 'timeout', 'unreachable', 'connection-limit'), {
      freq: 4,
      nil: undefined,
    }),
    happenings: fc.array(happening, { maxLength: 8 }),
  })
  .map(({ hosts, port, startedAt, fault, happenings }): Transcript => {
    const local = { host: hosts[0], port };
    const remote = { host: hosts[1], port: 6123 };
    const common = { local, remote, startedAt, secrets: [] };
    if (fault !== undefined) return { ...common, fault, events: [], endedAt: startedAt + 1.25 };
    const events: WireEvent[] = [];
    const ended = new Set<number>();
    let at = startedAt + 0.5;
    for (const { side, what, after } of happenings) {
      at += after;
      if (ended.has(side)) continue;
      if (what === 'fin' || what === 'rst') {
        events.push({ kind: 'end', side, how: what, at });
        ended.add(side);
        if (what === 'rst') break;
        continue;
      }
      const bytes = typeof what === 'number' ? new Uint8Array(what).fill(7) : joined(what);
      if (bytes.length > 0) events.push({ kind: 'bytes', side, bytes, at });
    }
    return { ...common, connectedAt: startedAt + 0.5, events, endedAt: at };
  });

function joined([opening, more]: readonly [string, Uint8Array]): Uint8Array {
  return Uint8Array.from([...Buffer.from(opening, 'hex'), ...more]);
}

t.test('whatever crossed, the capture of it reads the same', async (t) => {
  const folder = t.testdir();
  await fc.assert(
    fc.asyncProperty(fc.array(transcripts, { minLength: 1, maxLength: 6 }), async (all) => {
      const { live, read, attempts } = await bothWays(all, folder);
      t.strictSame(read, live);
      t.strictSame(attempts.read, attempts.live);
      return t.passing();
    }),
    { numRuns: 100 },
  );
});
