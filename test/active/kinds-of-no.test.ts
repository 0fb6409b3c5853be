import t from 'tap';
import { BANNER, countedPort, type NoTlsId, noTlsTarget } from '../support/targets/no-tls.ts';
import { PATIENCE, survey } from './support.ts';

const CONNECTIONS_MAX = 5;
/** What all waiting together may exceed the time that it is made of. */
const SLACK_MS = 700;

interface No {
  readonly id: NoTlsId;
  readonly what: string;
  readonly kind: string;
  readonly because: string;
  /** Said of the answer, where there was one. */
  readonly text?: RegExp;
}

const KINDS: readonly No[] = [
  { id: 'E0', what: 'silent', kind: 'no-answer', because: 'silent' },
  { id: 'E1', what: 'closes at once', kind: 'no-answer', because: 'closed-at-once' },
  { id: 'E2', what: 'resets', kind: 'no-answer', because: 'reset' },
  {
    id: 'E3',
    what: 'answers HTTP 400',
    kind: 'undecided',
    because: 'unknown-protocol',
    text: /HTTP\/1\.1 400|"400 1"/,
  },
  { id: 'E4', what: 'reads and closes', kind: 'no-answer', because: 'closed-after-bytes' },
  { id: 'E5', what: 'sends a banner', kind: 'undecided', because: 'unknown-protocol', text: /banner/ },
  { id: 'E6', what: 'closes after a second', kind: 'no-answer', because: 'closed-late' },
];

const CLEAR_HTTP = { kind: 'plaintext', plaintext: { protocol: 'http' } };

for (const channel of [undefined, 'jobmanager-rpc'] as const) {
  t.test(`every kind of no has a reason of its own, channel ${channel ?? 'not told'}`, async (t) => {
    await Promise.all(
      KINDS.map(async ({ id, what, kind, because, text }) => {
        const port = await noTlsTarget(id);
        const startedAt = Date.now();
        const seen = await survey(port, channel === undefined ? {} : { channel });
        const took = Date.now() - startedAt;
        await port.close();
        // On a port of which nothing is known, HTTP is a finding of its own: it is asked further.
        const expected = id === 'E3' && channel === undefined ? CLEAR_HTTP : { kind, because };
        t.match(seen, expected, `${id} ${what}`);
        t.equal(seen.tls, undefined, `${id} is no TLS`);
        if (text !== undefined)
          t.match(seen.answer?.text ?? JSON.stringify(seen.plaintext), text, `${id} is told apart`);
        t.ok(port.connections() <= CONNECTIONS_MAX, `${id}: ${port.connections()} connections`);
        t.equal(seen.asked?.connections, port.connections(), `${id}: all are told`);
        if (id === 'E0') t.ok(took <= 2 * PATIENCE.answerMs + SLACK_MS, `${id}: ${took} ms`);
      }),
    );
  });
}

t.test('a banner is told by its head, and never taken for a version of TLS', async (t) => {
  const port = await noTlsTarget('E5');
  t.teardown(() => port.close());
  const seen = await survey(port);
  t.equal(seen.answer?.kind, 'plaintext');
  const head = Buffer.from(seen.answer?.firstBytes ?? seen.plaintext?.firstBytes ?? '', 'hex').toString('latin1');
  t.ok(head.length >= 4 && BANNER.startsWith(head), JSON.stringify(head));
});

t.test('a port where nobody listens refuses', async (t) => {
  const port = await noTlsTarget('E0');
  await port.close();
  const seen = await survey(port, { channel: 'blob-server' });
  t.match(seen, { kind: 'no-answer', because: 'refused', asked: { connections: 1 } });
});

t.test('octets that look like no protocol are undecided', async (t) => {
  const port = await countedPort((socket) => socket.once('data', () => socket.end(Buffer.from([0x80, 1, 2, 0xff, 0]))));
  t.teardown(() => port.close());
  const seen = await survey(port, { channel: 'blob-server' });
  t.match(seen, { kind: 'undecided', because: 'unknown-protocol' });
  t.equal(seen.tls, undefined);
});

// Flink 1.16 and 1.18 whose JVM refuses all configured suites: two hellos, HEARTBEAT and a bare connection, a line each.
t.test('a port that refuses everything may be TLS that logs everything', async (t) => {
  const port = await noTlsTarget('E4');
  t.teardown(() => port.close());
  const { asked } = await survey(port, { channel: 'jobmanager-rpc' });
  t.equal(asked?.connections, 4);
  t.ok(asked!.logLines >= 4 && asked!.logLines <= 8, `${asked?.logLines} lines are announced`);
});

t.test('a quick look leaves it at the hello and the ask: each further try is a line in a log', async (t) => {
  for (const [id, because] of [
    ['E1', 'closed-after-bytes'],
    ['E2', 'reset'],
    ['E4', 'closed-after-bytes'],
  ] as const) {
    const port = await noTlsTarget(id);
    const seen = await survey(port, { channel: 'jobmanager-rpc', profile: 'quick' });
    await port.close();
    t.match(seen, { kind: 'no-answer', because, asked: { connections: 2 } }, id);
    // The hello, and the HEARTBEAT, for which Netty 3 in TLS may write two.
    t.ok(seen.asked!.logLines <= 3, `${id}: no more lines than hello and ask may cost`);
  }
});
