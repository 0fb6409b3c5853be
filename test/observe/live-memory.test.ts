import t from 'tap';
import type { ClearReading } from '../../src/model/probe.ts';
import { LiveMemory } from '../../src/observe/live-memory.ts';
import type { ConnectionRecord, RecordedSpeech } from '../../src/observe/record.ts';
import type { TlsReading } from '../../src/tls/reading.ts';

const clear = (protocol = 'flink-data'): RecordedSpeech => ({
  kind: 'clear',
  reading: { protocol, answered: true, stateTransfer: [], credentials: [] } as unknown as ClearReading,
});
const tls = (outcome: 'established' | 'refused' = 'established'): RecordedSpeech => ({
  kind: 'tls',
  foreign: [undefined, undefined],
  reading: {
    outcome,
    version: 'TLSv1.3',
    clientAuthentication: { verdict: 'unknown', presented: 'unknown' },
    alerts: [],
  } as unknown as TlsReading,
});

let frame = 0;
function connection(speech: RecordedSpeech, seconds: number, more: Partial<ConnectionRecord> = {}): ConnectionRecord {
  frame++;
  return {
    hosts: ['10.0.0.2', '10.0.0.1'],
    ports: [40_000 + frame, 6121],
    encapsulation: 0,
    synAck: 'seen',
    first: { frame, seconds, nanoseconds: 0 },
    last: { frame, seconds: seconds + 1, nanoseconds: 0 },
    speech,
    ...more,
  } as ConnectionRecord;
}

const kinds = (memory: LiveMemory, open: readonly ConnectionRecord[] = []): string[] =>
  memory.snapshot(open).map(({ record }) => `${record.hosts[0]} ${record.speech.kind}`);

t.test('of connections that are alike the newest is kept, with how many there were', (t) => {
  const memory = new LiveMemory({ rememberMs: 1000, clock: () => 0 });
  const three = [1, 2, 3].map((seconds) => connection(tls(), seconds));
  for (const one of three) memory.add(one);
  t.same(memory.list(), [{ record: three[2], repeats: 2 }]);
  t.end();
});

t.test('clients are told apart by their hosts, not by their ports', (t) => {
  const memory = new LiveMemory({ rememberMs: 1000, clock: () => 0 });
  memory.add(connection(tls(), 1));
  memory.add(connection(tls(), 2, { hosts: ['10.0.0.3', '10.0.0.1'] }));
  t.same(kinds(memory), ['10.0.0.2 tls', '10.0.0.3 tls']);
  t.end();
});

t.test('what was not seen for long is forgotten; what is seen again is not', (t) => {
  let clock = 0;
  const memory = new LiveMemory({ rememberMs: 1000, clock: () => clock });
  memory.add(connection(clear(), 1));
  memory.add(connection(tls(), 1, { hosts: ['10.0.0.3', '10.0.0.1'] }));
  clock = 900;
  memory.add(connection(clear(), 2));
  clock = 1500;
  t.same(kinds(memory), ['10.0.0.2 clear']);
  clock = 2000;
  t.same(kinds(memory), []);
  t.end();
});

t.test('clear text is forgotten when the same two speak TLS well after it', (t) => {
  const memory = new LiveMemory({ rememberMs: 1_000_000, clock: () => 0 });
  memory.add(connection(clear(), 100));
  t.same(
    kinds(memory, [connection(tls(), 105)]),
    ['10.0.0.2 clear', '10.0.0.2 tls'],
    'both, as long as both may be in use',
  );
  t.same(kinds(memory, [connection(tls(), 130)]), ['10.0.0.2 tls']);
  t.same(
    kinds(memory, [connection(tls(), 130, { hosts: ['10.0.0.9', '10.0.0.1'] })]),
    ['10.0.0.2 clear', '10.0.0.9 tls'],
    'another client proves nothing',
  );
  t.same(
    kinds(memory, [connection(tls('refused'), 130)]),
    ['10.0.0.2 clear', '10.0.0.2 tls'],
    'a handshake that failed proves nothing',
  );
  t.end();
});

t.test('TLS is forgotten when the same two speak clear well after it', (t) => {
  const memory = new LiveMemory({ rememberMs: 1_000_000, clock: () => 0 });
  memory.add(connection(tls(), 100));
  t.same(kinds(memory, [connection(clear(), 130)]), ['10.0.0.2 clear']);
  t.end();
});

t.test('a flood of kinds takes no more room than there is', (t) => {
  const memory = new LiveMemory({ rememberMs: 1_000_000, clock: () => 0, maxKept: 30 });
  for (let port = 1; port <= 1000; port++) memory.add(connection(clear(), port, { ports: [50_000, port] }));
  const ports = memory.list().map(({ record }) => record.ports[1]);
  t.same(ports, [991, 992, 993, 994, 995, 996, 997, 998, 999, 1000], 'the newest, three units of weight each');
  t.equal(memory.folded, 990);
  t.end();
});

t.test('a connection in TLS that lasts supersedes clear text that ended shortly before it began', (t) => {
  const memory = new LiveMemory({ rememberMs: 1000, clock: () => 0 });
  memory.add(connection(clear(), 100));
  const lasting = (until: number): ConnectionRecord =>
    connection(tls(), 105, { last: { frame: frame + 1, seconds: until, nanoseconds: 0 } });
  t.same(kinds(memory, [lasting(111)]), ['10.0.0.2 clear', '10.0.0.2 tls'], 'clear text ended 10 s ago');
  t.same(kinds(memory, [lasting(112)]), ['10.0.0.2 tls']);
  const later = new LiveMemory({ rememberMs: 1000, clock: () => 0 });
  later.add(connection(clear(), 120));
  t.same(kinds(later, [lasting(200)]).sort(), ['10.0.0.2 clear', '10.0.0.2 tls'], 'clear text came later');
  t.end();
});
