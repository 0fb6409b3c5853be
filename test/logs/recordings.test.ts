import t from 'tap';
import type { LogEvidence, LoggedProcess, LogReading } from '../../src/logs/evidence.ts';
import { LogReader } from '../../src/logs/reader.ts';
import type { ChannelId } from '../../src/model/channel.ts';
import { readVector } from '../support/vectors.ts';

function read(path: string): LogReading {
  const reader = new LogReader();
  reader.push(readVector(`logs/${path}.log`));
  return reader.finish();
}

function current(path: string): LoggedProcess {
  const process = read(path).processes.find(({ state }) => state === 'current');
  if (process === undefined) throw new Error(`${path} has no process`);
  return process;
}

type Kind = 'tls' | 'plaintext';
const [S, C]: readonly [Kind, Kind] = ['tls', 'plaintext'];
const CHANNELS = ['jobmanager-rpc', 'blob-server', 'taskmanager-data', 'rest'] as const;

/** What was seen on the wire while these logs were written: RPC, BLOB, data, REST. */
const TRUTH: Readonly<Record<string, readonly [Kind, Kind, Kind, Kind]>> = {
  '1.20.3-off': [C, C, C, C],
  '1.20.3-int': [S, S, S, C],
  '1.20.3-int-dataoff': [S, S, C, C],
  '1.20.3-int-bloboff': [S, C, S, C],
  '1.20.3-int-rpcoff': [C, S, S, C],
  '1.20.3-rest': [C, C, C, S],
  '1.20.3-all': [S, S, S, S],
};

for (const [name, truth] of Object.entries(TRUTH)) {
  t.test(`${name}: the logs say of each channel what was on the wire`, (t) => {
    const evidence = ['jm', 'tm1'].flatMap((process) => current(`${name}/${process}`).evidence);
    const said = (channel: ChannelId): readonly (string | undefined)[] => [
      ...new Set(evidence.filter((one) => one.channel === channel && one.says !== undefined).map((one) => one.says)),
    ];
    for (const [index, channel] of CHANNELS.entries()) {
      t.strictSame(said(channel), [truth[index] === 'tls' ? 'tls' : 'clear'], channel);
    }
    t.strictSame(said('taskmanager-rpc'), said('jobmanager-rpc'));
    t.strictSame(said('metrics-query-service'), said('jobmanager-rpc'));
    t.equal(evidence.filter((one) => one.failure !== undefined).length, 0, 'a cluster that works tells of no failure');
    t.end();
  });
}

t.test('knows process, version, Java and time of the start', (t) => {
  t.match(current('1.20.3-int/jm'), {
    component: 'jobmanager',
    host: 'jm',
    version: '1.20.3',
    revision: '01e3a6d',
    java: /17\.0\.15/,
    startedAt: { text: '2026-11-22T13:56:31.597Z', zone: 'assumed' },
    parser: 'standard',
    configurationFile: '/opt/flink/run/jm/conf/config.yaml',
  });
  t.match(current('1.17.2-w-off/tm2'), { component: 'taskmanager', host: 'tm2', version: '1.17.2', parser: undefined });
  t.end();
});

t.test('tells two processes in one log apart: the JobManager before and after it was given TLS', (t) => {
  const { processes } = read('1.20.3-w-rolling/jm');
  const scheme = (process: LoggedProcess | undefined): string | undefined =>
    process?.evidence.find(({ event }) => event === 'actor-system-started')?.says;
  t.strictSame(
    processes.map(({ state }) => state),
    ['earlier', 'current'],
  );
  t.strictSame(processes.map(scheme), ['clear', 'tls']);
  t.strictSame(
    processes.map(({ startedAt }) => startedAt?.text.slice(0, 19)),
    ['2026-11-22T13:55:23', '2026-11-22T13:55:38'],
  );
  t.end();
});

type Failure = readonly [reason: string, side: string, certainty: string, alert?: string];

/** Wire and setting of each case are known: which side was wrong, and which refused. */
const FAILURES: Readonly<Record<string, readonly Failure[]>> = {
  '1.20.3-w-off/jm': [['peer-in-clear', 'server', 'proven']],
  '1.20.3-w-off/tm2': [['peer-in-tls', 'client', 'likely']],
  '1.20.3-w-on/jm': [['peer-in-tls', 'server', 'likely']],
  '1.20.3-w-on/tm2': [['peer-in-clear', 'client', 'likely']],
  '1.20.3-w-cert/jm': [['alert', 'server', 'proven', 'certificate_unknown']],
  '1.20.3-w-cert/tm2': [['untrusted', 'client', 'proven']],
  '1.20.3-w-cert-client/jm': [['empty-client-certificate', 'server', 'proven']],
  '1.20.3-w-cert-client/tm2': [['alert', 'client', 'proven', 'bad_certificate']],
  '1.20.3-w-ec/jm': [['no-common-suite', 'server', 'proven']],
  '1.20.3-w-pin-jm/jm': [['client-pin-differs', 'server', 'proven']],
  '1.20.3-w-pin-jm/tm1': [['alert', 'client', 'proven', 'certificate_unknown']],
  '1.20.3-wb-mixed/jm': [['peer-in-clear', 'server', 'proven']],
  '1.20.3-wb-mixed/tm2': [['peer-in-tls', 'client', 'likely']],
  '1.20.3-wd-mixed/tm1': [['peer-in-clear', 'server', 'proven']],
  '1.17.2-w-off/jm': [['peer-in-clear', 'server', 'proven']],
  '1.17.2-w-off/tm2': [
    ['peer-in-tls', 'client', 'proven'],
    ['peer-in-tls', 'client', 'likely'],
  ],
  '1.17.2-w-cert-client/jm': [['empty-client-certificate', 'server', 'proven']],
};

function failures(path: string): readonly LogEvidence[] {
  return current(path).evidence.filter(({ event }) => event === 'handshake-failed');
}

for (const [path, expected] of Object.entries(FAILURES)) {
  t.test(`${path}: tells why connections fail, and which side says so`, (t) => {
    const told = failures(path).map(({ failure }) =>
      [failure?.reason, failure?.side, failure?.certainty, failure?.alert].filter((one) => one !== undefined),
    );
    t.strictSame(
      [...new Set(told.map((one) => one.join(' ')))],
      expected.map((one) => one.join(' ')),
    );
    const channel = path.includes('wb-') ? 'blob-server' : path.includes('wd-') ? 'taskmanager-data' : 'jobmanager-rpc';
    t.strictSame([...new Set(failures(path).map((one) => one.channel))], [channel]);
    t.end();
  });
}

t.test('decodes who spoke clear text from the bytes that Netty logged', (t) => {
  const [rpc] = failures('1.20.3-w-off/jm');
  t.match(rpc, {
    count: 2,
    client: { host: '10.77.0.3' },
    failure: { claimed: 'tm2' },
    text: /flink@tm2:6122 \(tcp\)/,
  });
  t.match(failures('1.17.2-w-off/jm')[0]?.failure, { claimed: 'tm2' });
  t.match(failures('1.20.3-wd-mixed/tm1')[0]?.text, /a shuffle message of a TaskManager in clear/);
  t.end();
});

t.test('tells servers that Flink has no TLS for', (t) => {
  const { evidence } = current('1.20.3-prom/jm');
  t.match(
    evidence.find(({ channel }) => channel === 'prometheus'),
    { says: 'clear', server: { host: 'jm', port: 9249 } },
  );
  t.match(
    evidence.find(({ channel }) => channel === 'jmx'),
    { says: 'clear', server: { host: 'jm', port: 8789 } },
  );
  t.match(
    current('1.20.3-gw-rest/tm1').evidence.find(({ channel }) => channel === 'collect-sink'),
    { says: 'clear', server: { host: 'tm1', port: 6130 } },
  );
  t.end();
});

t.test('tells secrets in Java options by name, and ZooKeeper over TLS', (t) => {
  const { evidence } = current('1.20.3-zk-tls/jm');
  t.strictSame(
    evidence.filter(({ event }) => event === 'secret-written').map(({ failure }) => failure?.subject),
    ['zookeeper.ssl.keyStore.password', 'zookeeper.ssl.trustStore.password'],
  );
  t.match(
    evidence.find(({ channel }) => channel === 'high-availability'),
    { says: 'tls' },
  );
  t.end();
});

t.test('repeats no secret and no logged bytes, whatever a log holds', (t) => {
  for (const path of [...Object.keys(FAILURES), '1.20.3-zk-tls/jm', '1.20.3-all/jm']) {
    const text = JSON.stringify(read(path));
    t.notMatch(text, /flinkpw/, path);
    t.notMatch(text, /[0-9a-f]{64}/, `${path}: no bytes of the peer`);
  }
  t.end();
});

t.test('gives the same wherever the bytes are cut', (t) => {
  const bytes = readVector('logs/1.20.3-w-off/jm.log');
  const whole = JSON.stringify(read('1.20.3-w-off/jm'));
  for (let at = 0; at < bytes.length; at += 97) {
    const reader = new LogReader();
    reader.push(bytes, 0, at);
    reader.push(bytes, at);
    if (JSON.stringify(reader.finish()) !== whole) t.fail(`cut at ${at}`);
  }
  t.end();
});

t.test('reads every beginning of a log without a fault, and never more than the whole tells', (t) => {
  const bytes = readVector('logs/1.20.3-w-rolling/jm.log');
  const all = read('1.20.3-w-rolling/jm').processes.flatMap((one) => one.evidence).length;
  for (let end = 0; end < bytes.length; end += 61) {
    const reader = new LogReader();
    reader.push(bytes, 0, end);
    if (reader.finish().processes.flatMap((one) => one.evidence).length > all) t.fail(`cut at ${end}`);
  }
  t.end();
});
