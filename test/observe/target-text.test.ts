import fc from 'fast-check';
import t from 'tap';
import { loadProbes } from '../../src/evaluate/directory.ts';
import { CHANNEL_IDS } from '../../src/model/channel.ts';
import { CollectSinkGuard } from '../../src/observe/collect-sink-guard.ts';
import {
  defaultTargets,
  type ParsedTarget,
  parseTarget,
  parseTargetsFile,
  TargetError,
  targetsOf,
} from '../../src/observe/target-text.ts';
import { configuration } from '../support/configurations.ts';

const probes = await loadProbes();

function refusal(text: string): string {
  try {
    parseTarget(text);
  } catch (error) {
    if (error instanceof TargetError) return error.message;
    throw error;
  }
  return 'not refused';
}

t.test('the three forms of a target are read', (t) => {
  const read: readonly (readonly [string, ParsedTarget])[] = [
    ['blob-server=jm:6124', { kind: 'endpoint', name: 'jm', port: 6124, channel: 'blob-server' }],
    ['jm:6124', { kind: 'endpoint', name: 'jm', port: 6124 }],
    ['jm', { kind: 'host', name: 'jm' }],
    ['  10.0.0.7:6122 ', { kind: 'endpoint', name: '10.0.0.7', port: 6122 }],
    ['rest=[::1]:8081', { kind: 'endpoint', name: '::1', port: 8081, channel: 'rest' }],
    ['[2001:db8::7]', { kind: 'host', name: '2001:db8::7' }],
    ['[2001:db8::7]:1', { kind: 'endpoint', name: '2001:db8::7', port: 1 }],
    ['flink_tm-1.ns.svc.:65535', { kind: 'endpoint', name: 'flink_tm-1.ns.svc.', port: 65_535 }],
    ['checkpoint-storage=minio:9000', { kind: 'endpoint', name: 'minio', port: 9000, channel: 'checkpoint-storage' }],
    ['1and1.example', { kind: 'host', name: '1and1.example' }],
    ['0xcafe-host:1', { kind: 'endpoint', name: '0xcafe-host', port: 1 }],
  ];
  for (const [text, target] of read) t.strictSame(parseTarget(text), target, text);
  t.end();
});

t.test('what cannot be meant is refused with how it is written', (t) => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['', /CHANNEL=HOST:PORT, HOST:PORT or HOST/],
    ['http://jm:8081/overview', /is a URL.*write jm:8081.*--rest/],
    ['::1', /in brackets: \[::1\] or \[::1\]:PORT/],
    ['::1:8081', /in brackets/],
    ['[::1', /\[ADDRESS\]:PORT/],
    ['[jm]:8081', /"jm" in brackets is no IPv6 address/],
    ['[10.0.0.1]:8081', /no IPv6 address/],
    ['jm:8081:8082', /more than one colon/],
    ['blob=jm:6124', /no channel is called "blob"; channels are rest, /],
    ['=jm:6124', /no channel is called ""/],
    ['unknown=jm:6124', /leave "unknown=" out/],
    ['rest=jm', /needs a port: write rest=jm:PORT/],
    ['collect-sink=tm1:6130', /never connected to/],
    ['jm:', /no port behind its colon/],
    ['jm:0', /0 is no port/],
    ['jm:65536', /65536 is no port/],
    ['jm:http', /"http" is no port/],
    ['jm:-1', /"-1" is no port/],
    ['jm:6100-6200', /one port, no range/],
    [':8081', /has no host/],
    ['rest=:8081', /has no host/],
    ['8081', /port without a host: write HOST:8081/],
    ['127.1', /neither a name nor an IPv4 address/],
    ['0x7f.1:80', /neither a name nor an IPv4 address/],
    ['256.1.1.1:80', /neither a name nor an IPv4 address/],
    ['0.0.0.0:8081', /no address to connect to/],
    ['[::]:8081', /no address to connect to/],
    ['user@jm:8081', /has no "@"/],
    ['jm/x:8081', /has no "\/"/],
    ['jm tm1', /has no " "/],
    ['jm,tm1', /has no ","/],
    ['[fe80::1%eth0]:80', /zone/],
    [`${'a'.repeat(254)}:80`, /at most 253/],
  ];
  for (const [text, message] of refused) t.match(refusal(text), message, text);
  t.end();
});

t.test('any text gives a target or a refusal, and a target written again is the same', (t) => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (text) => {
      t.equal(typeof refusal(text), 'string');
    }),
  );
  const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()).filter((one) => !/^(?:0\.0\.0\.0|[:0]+)$/.test(one));
  const channel = fc.option(fc.constantFrom(...CHANNEL_IDS.filter((one) => one !== 'collect-sink')), {
    nil: undefined,
  });
  fc.assert(
    fc.property(host, fc.integer({ min: 1, max: 65_535 }), channel, (name, port, id) => {
      const text = `${id === undefined ? '' : `${id}=`}${name.includes(':') ? `[${name}]` : name}:${port}`;
      t.strictSame(parseTarget(text), { kind: 'endpoint', name, port, ...(id === undefined ? {} : { channel: id }) });
    }),
  );
  t.end();
});

t.test('a targets file has one a line, comments, and faults with their line', (t) => {
  const text = '\uFEFF# cluster a\r\n\r\nrest=jm:8081 # the UI\r\n  tm1:6122\n\t\n[::1]:9249#not a comment';
  t.throws(() => parseTargetsFile(text, 'targets.txt'), { message: /^targets\.txt:6: / });
  t.strictSame(parseTargetsFile(text.replace('#not', ' # a'), 'targets.txt'), [
    { kind: 'endpoint', name: 'jm', port: 8081, channel: 'rest' },
    { kind: 'endpoint', name: 'tm1', port: 6122 },
    { kind: 'endpoint', name: '::1', port: 9249 },
  ]);
  t.strictSame(parseTargetsFile('', 'empty'), []);
  t.throws(() => parseTargetsFile('jm\ncollect-sink=tm1:6130\n', 'f'), { message: /^f:2: .*never connected to/ });
  t.end();
});

t.test('a host means the default ports of the channels that may be asked', (t) => {
  const targets = targetsOf(parseTarget('jm'), probes);
  t.strictSame(targets, defaultTargets('jm', probes));
  const places = targets.map(({ channel, port }) => `${channel} ${port}`).sort();
  // flink-docs and the Docker image: 6121 to 6124, 8081 to 8083, 9067, 9069, 9249; 8789 is the reporter's example.
  t.strictSame(places, [
    'blob-server 6124',
    'history-server 8082',
    'jmx 8789',
    'jobmanager-rpc 6123',
    'prometheus 9249',
    'queryable-state 9067',
    'queryable-state 9069',
    'rest 8081',
    'sql-gateway 8083',
    'taskmanager-data 6121',
    'taskmanager-rpc 6122',
  ]);
  t.ok(targets.every(({ name, channelBasis }) => name === 'jm' && channelBasis === 'port'));
  t.equal(targets.find(({ channel }) => channel === 'prometheus')?.component, undefined, 'either component’s');
  t.equal(targets.find(({ channel }) => channel === 'blob-server')?.component, 'jobmanager');
  t.end();
});

t.test('a named endpoint is itself', (t) => {
  t.strictSame(targetsOf(parseTarget('blob-server=jm:1'), probes), [
    { name: 'jm', port: 1, channel: 'blob-server', channelBasis: 'argument', component: 'jobmanager' },
  ]);
  t.strictSame(targetsOf(parseTarget('jm:1'), probes), [{ name: 'jm', port: 1, channelBasis: 'argument' }]);
  t.end();
});

t.test('the port of a collect sink is refused on every host, whatever it is called', (t) => {
  const guard = new CollectSinkGuard([
    configuration('rest.port: 8081'),
    configuration('a: b\ntaskmanager.collect-sink.port: 6130'),
    configuration('taskmanager.collect-sink.port: 0'),
  ]);
  const targets = ['tm1:6130', 'taskmanager-data=tm9:6130', 'tm1:6131', '[::1]:6130'].flatMap((text) =>
    targetsOf(parseTarget(text), probes),
  );
  const { allowed, refused } = guard.divide(targets);
  t.strictSame(
    allowed.map(({ port }) => port),
    [6131],
  );
  t.equal(refused.length, 3);
  t.match(refused[0]!.reason, /taskmanager\.collect-sink\.port: 6130 \(config\.yaml:2\): .*one connection at a time/);
  t.equal(guard.refusal({ port: 5000, channel: 'collect-sink' })?.includes('never connected'), true);
  t.equal(new CollectSinkGuard([]).refusal({ port: 6130 }), undefined);
  t.end();
});
