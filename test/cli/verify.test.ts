import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { parseAuthorization } from '../../src/cli/rest-access.ts';
import type { Report } from '../../src/model/report.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { ENVIRONMENT, type Ended, flinkprobe, MAIN } from '../support/command-line.ts';
import { repositoryRoot } from '../support/expected.ts';
import { sampleReport } from '../support/sample-report.ts';
import { serve } from '../support/scripted-server.ts';
import { type FlinkStandIn, flinkStandIn } from '../support/targets/flink-stand-in.ts';

const folder = t.testdir({ tokens: {} });
const inFolder = (name: string): string => path.join(folder, name);

const cluster = await flinkStandIn({ taskManagers: 2, hosts: 'together' });
const mixed = await flinkStandIn({ taskManagers: 2, hosts: 'together', odd: { tm2: 'clear' } });
t.teardown(() => Promise.all([cluster.stop(), mixed.stop()]));

const trusted = inFolder('ca.pem');
writeFileSync(trusted, cluster.identity.pem);

/** Every stand-in is near. */
const FAST = ['--timeout', '400ms'];

function restOf(standIn: FlinkStandIn): string {
  const { host, port } = standIn.endpoint('jm', 'rest');
  return `https://${host}:${port}`;
}

function target(standIn: FlinkStandIn, member: string, channel: Parameters<FlinkStandIn['endpoint']>[1]): string {
  const { host, port } = standIn.endpoint(member, channel);
  return `${channel}=${host}:${port}`;
}

async function verify(...args: readonly string[]): Promise<Ended> {
  return flinkprobe(['verify', ...(args.includes('--timeout') ? [] : FAST), ...args]);
}

async function reportOf(...args: readonly string[]): Promise<Report & { readonly exit: number | null }> {
  const { status, stdout, stderr } = await verify('--format', 'json', ...args);
  assert.equal(stdout.slice(0, 1), '{', stderr);
  const report = JSON.parse(stdout) as Report;
  assert.equal(reportSchema.safeParse(report).error?.message, undefined, 'the report follows its schema');
  return { ...report, exit: status };
}

function places(report: Report): string[] {
  return report.observations.map(({ channel, server }) => `${channel} ${server.port}`);
}

t.test('what REST lists is asked, and every port of the cluster is told as it is', async (t) => {
  const report = await reportOf('--rest', restOf(cluster), '--truststore', trusted);
  const wanted = cluster.endpoints
    .filter(({ channel }) => channel !== 'metrics-query-service' && channel !== 'prometheus')
    .map(({ channel, port }) => `${channel} ${port}`);
  t.strictSame(
    wanted.filter((place) => !places(report).includes(place)),
    [],
  );
  for (const { channel, server, tls, vantage } of report.observations) {
    t.equal(vantage, 'active');
    const endpoint = cluster.endpoints.find(({ port }) => port === server.port);
    if (endpoint === undefined) continue;
    t.equal(tls?.clientAuthentication.verdict, channel === 'rest' ? 'not-requested' : 'required', channel);
    t.strictSame(tls?.accepted?.versions, ['TLSv1.2'], channel);
  }
  t.match(report.inputs, [{ kind: 'rest', format: 'verified by the trust store' }]);
  t.ok(report.expectations.some(({ basis }) => basis === 'configuration'));
  t.ok(report.watchedSeconds! > 0);
});

t.test('endpoints that are named are asked: a sound one passes, a clear one fails and is named', async (t) => {
  const sound = await reportOf(target(cluster, 'jm', 'blob-server'), target(cluster, 'tm1', 'taskmanager-data'));
  t.strictSame([sound.exit, sound.verdict], [0, 'pass']);
  const clear = target(mixed, 'tm2', 'taskmanager-data');
  const failed = await reportOf(target(mixed, 'tm1', 'taskmanager-data'), clear);
  t.strictSame([failed.exit, failed.verdict], [1, 'fail']);
  const { port } = mixed.endpoint('tm2', 'taskmanager-data');
  const critical = failed.findings.filter(({ severity }) => severity === 'critical');
  t.match(critical, [{ ruleId: 'plaintext-channel', endpoint: { port } }]);
  t.equal(critical.length, 1);
});

t.test('a file names targets, one a line', async (t) => {
  const file = inFolder('targets.txt');
  writeFileSync(file, `# after the restart\n${target(cluster, 'jm', 'blob-server')}\n`);
  const report = await reportOf('--targets', file);
  t.strictSame(places(report), [`blob-server ${cluster.endpoint('jm', 'blob-server').port}`]);
  t.match(report.inputs, [{ kind: 'target', path: file }]);
});

t.test('what speaks on a port that only has a number is found by asking', async (t) => {
  const at = (channel: 'taskmanager-rpc' | 'metrics-query-service'): string =>
    `127.0.0.1:${mixed.endpoint('tm2', channel).port}`;
  const places = [at('taskmanager-rpc'), at('metrics-query-service')];
  const silent = await reportOf(...places);
  t.match(
    silent.observations.map(({ channel, channelBasis, plaintext }) => ({ channel, channelBasis, plaintext })),
    places.map(() => ({
      channel: 'taskmanager-rpc',
      channelBasis: 'port',
      plaintext: { protocol: 'flink-rpc', details: { channelDoubt: /cannot be told without --associate$/ } },
    })),
  );
  const { stdout } = await verify(...places, '--wide');
  for (const place of places)
    t.match(stdout, new RegExp(`^channel .*${place}.*: which of .* without --associate$`, 'm'));
  const associated = await reportOf(...places, '--associate');
  const [rpc, metrics] = places.map((place) =>
    associated.observations.find(({ server }) => place === `127.0.0.1:${server.port}`),
  );
  t.match(rpc, {
    channel: 'taskmanager-rpc',
    plaintext: { details: { channelDoubt: /JobManager or of a TaskManager/ } },
  });
  t.match(metrics, { channel: 'metrics-query-service', channelBasis: 'protocol' });
  t.notOk('channelDoubt' in metrics!.plaintext!.details, 'its actor system tells');
});

t.test('a dry run prints endpoints and budget, and asks nothing but REST', async (t) => {
  const before = await cluster.connections();
  const out = inFolder('never.pcapng');
  const { status, stdout } = await verify(
    ...['--rest', restOf(cluster), '--truststore', trusted, '--dry-run', '--pcap-out', out],
  );
  t.equal(status, 0);
  for (const channel of ['jobmanager-rpc', 'taskmanager-data'] as const) {
    t.match(
      stdout,
      new RegExp(`^${channel} +\\S+:${cluster.endpoints.find((one) => one.channel === channel)!.port} `, 'm'),
    );
  }
  t.match(stdout, /^\d+ endpoints, at most \d+ connections and \d+ WARN or ERROR lines in Flink's logs/m);
  t.ok((await cluster.connections()) - before <= 2, 'one connection to REST, or one more');
  t.notOk(existsSync(out));
  const silent = await cluster.connections();
  await verify(target(cluster, 'jm', 'blob-server'), '--dry-run', '--profile', 'quick');
  t.equal(await cluster.connections(), silent, 'a named target is not touched');
});

t.test('the budget stands on standard error before the run, and --quiet leaves it out', async (t) => {
  const asked = [target(cluster, 'jm', 'blob-server'), '--profile', 'quick'];
  const { stdout, stderr } = await verify(...asked);
  t.match(stderr, /^flinkprobe: 1 endpoint, at most 4 connections and 2 WARN or ERROR lines/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  t.notMatch(stderr + stdout, /[\x00-\x09\x0b-\x1f\x7f]/, 'neither progress nor colours where there is no terminal');
  t.strictSame(await verify(...asked, '--quiet'), { status: 0, stdout: '', stderr: '' });
});

t.test('nothing listens: inconclusive, exit 2, and the reason is told', async (t) => {
  const server = await serve([]);
  await server.close();
  const report = await reportOf(`blob-server=127.0.0.1:${server.port}`);
  t.strictSame([report.exit, report.verdict], [2, 'inconclusive']);
  t.match(report.observations, [{ kind: 'no-answer', because: 'refused' }]);
});

t.test('what cannot be meant ends with 3, and nothing is asked', async (t) => {
  const here = '127.0.0.1:1';
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['blob-server=jm'], /a channel needs a port/],
    [['collect-sink=jm:1'], /never connected to/],
    [['http://jm:8081'], /give it as --rest/],
    [[here, '--wait', '2m'], /--wait: means nothing without --rest/],
    [[here, '--insecure-rest'], /--insecure-rest: means nothing without --rest/],
    [['--rest', 'https://jm', '--insecure-rest', '--rest-pin', 'aa'], /exclude each other/],
    [['--rest', 'https://jm', '--rest-pin', 'aa'], /--rest-pin: .*neither a SHA-1 nor a SHA-256/],
    [['--rest', 'ftp://jm'], /--rest: /],
    [[here, '--timeout', '5'], /--timeout: "5" is no duration/],
    [[here, '--timeout', '600h'], /--timeout: 600h is too long/],
    [[here, '--rate', '1', '--rate', '2'], /--rate: given more than once/],
    [[here, '--parallel', '0'], /--parallel: 0 is no whole number/],
    [[here, '--rate', '0'], /--rate: 0/],
    [[here, '--max-connections', '1.5'], /--max-connections: 1.5/],
    [[here, '--profile', 'deep'], /profile/],
    [[here, '--baseline', inFolder('missing.json')], /--baseline: .*no such file/],
    [[here, '--save-baseline', inFolder('no/such/folder.json')], /--save-baseline: .*cannot be written/],
    [[here, '--pcap-out', inFolder('no/such/file.pcapng')], /--pcap-out: .*cannot be written/],
    [[here, '--identity', inFolder('missing.p12')], /--identity: .*no such file/],
    [[here, '--targets', inFolder('missing.txt')], /--targets: .*no such file/],
  ];
  for (const [args, says] of cases) {
    const { status, stdout, stderr } = await verify(...args);
    t.equal(status, 3, args.join(' '));
    t.match(stderr, says);
    t.equal(stdout, '');
  }
});

t.test('REST that is not verified is told in the report; a pin verifies it; a wrong one does not', async (t) => {
  const loose = await reportOf('--rest', restOf(cluster), '--insecure-rest', '--profile', 'quick');
  t.match(loose.inputs, [{ format: 'NOT VERIFIED', problems: [{ message: /was not verified/ }] }]);
  t.match((await verify('--rest', restOf(cluster), '--insecure-rest', '--profile', 'quick')).stdout, /NOT VERIFIED/);
  const sha256 = loose.observations.flatMap(({ tls }) =>
    tls?.serverCertificate.seen === 'present' ? [tls.serverCertificate.chain[0]!.sha256] : [],
  )[0]!;
  const pinned = await reportOf('--rest', restOf(cluster), '--rest-pin', sha256, '--profile', 'quick');
  t.match(pinned.inputs, [{ format: 'verified by its fingerprint' }]);
  t.ok(pinned.observations.length > 3);
  const wrong = await reportOf('--rest', restOf(cluster), '--rest-pin', 'ab'.repeat(32), '--profile', 'quick');
  t.strictSame(places(wrong), [`rest ${cluster.endpoint('jm', 'rest').port}`], 'its own port is asked all the same');
  t.not(wrong.verdict, 'pass');
});

t.test('--wait tells how many came, and a run without all of them has not passed', async (t) => {
  const asked = ['--rest', restOf(cluster), '--truststore', trusted, '--profile', 'quick'];
  const { stderr } = await verify(...asked, '--wait', '10s', '--taskmanagers', '2');
  t.match(stderr, /2 of 2 TaskManagers/);
  const short = await reportOf(...asked, '--wait', '1s', '--taskmanagers', '3');
  t.not(short.verdict, 'pass');
  t.match(short.inputs[0]!.problems?.map(({ message }) => message).join('\n'), /2 of 3 TaskManagers[\s\S]*1 missing/);
});

t.test('a baseline is saved for its owner alone; beside it, a fault of the restart is found', async (t) => {
  const file = inFolder('baseline.json');
  const all = (standIn: FlinkStandIn): string[] => [
    target(standIn, 'jm', 'blob-server'),
    target(standIn, 'tm2', 'taskmanager-data'),
  ];
  writeFileSync(file, 'an older one');
  t.equal((await verify(...all(cluster), '--save-baseline', file)).status, 0);
  t.equal(statSync(file).mode & 0o777, 0o600);
  const saved = JSON.parse(readFileSync(file, 'utf8')) as Report;
  t.equal(saved.verdict, 'pass');
  const after = await reportOf(...all(mixed), '--baseline', file);
  t.equal(after.comparison?.baseline.verdict, 'pass');
  const weaker = after.comparison?.endpoints.filter(({ change }) => change === 'weaker');
  t.match(weaker, [{ channel: 'taskmanager-data', details: [/in clear/] }]);
  t.equal(weaker?.length, 1);
  const { stdout } = await verify(...all(mixed), '--baseline', file);
  t.match(stdout, /^SINCE .*baseline\.json.*PASS\n {2}weaker +taskmanager-data/m);
});

t.test('what is no baseline, or one of another schema version, is refused by name', async (t) => {
  const file = inFolder('odd.json');
  const says = async (text: string): Promise<string> => {
    writeFileSync(file, text);
    const { status, stderr } = await verify('127.0.0.1:1', '--baseline', file);
    t.equal(status, 3);
    return stderr;
  };
  t.match(await says('not json'), /odd\.json: no JSON/);
  t.match(await says('{}'), /odd\.json: no report.*no schemaVersion/);
  t.match(await says('{"schemaVersion":99}'), /odd\.json: schemaVersion 99 is unknown/);
  t.match(await says(JSON.stringify({ ...sampleReport(), findings: 7 })), /odd\.json: .*findings/);
});

t.test('--pcap-out writes the conversation for its owner alone, and analyze reads it', async (t) => {
  const file = inFolder('probe.pcapng');
  const report = await reportOf(target(cluster, 'jm', 'blob-server'), '--pcap-out', file);
  t.equal(statSync(file).mode & 0o777, 0o600);
  const { stdout } = await flinkprobe(['analyze', file, '--format', 'json']);
  const read = JSON.parse(stdout) as Report;
  const { port } = cluster.endpoint('jm', 'blob-server');
  t.ok(read.observations.length > 0);
  t.ok(read.observations.every(({ server }) => server.port === port));
  const chains = (from: Report): string[] =>
    from.observations.flatMap(({ tls }) =>
      tls?.serverCertificate.seen === 'present' ? [tls.serverCertificate.chain[0]!.sha256] : [],
    );
  t.strictSame(new Set(chains(read)), new Set(chains(report)));
  t.equal(read.summary?.connections, report.observations[0]?.asked?.connections);
});

t.test('a limit on all connections is kept, and what it left out is told', async (t) => {
  const before = await cluster.connections();
  const report = await reportOf(target(cluster, 'jm', 'blob-server'), '--max-connections', '3');
  t.ok((await cluster.connections()) - before <= 3);
  t.match(report.observations, [{ asked: { complete: false, reason: 'budget' } }]);
  t.equal(report.exit, 2);
  t.equal(report.verdict, 'inconclusive');
});

t.test('an interrupt prints what was found, marked incomplete, and exits with 130; SIGTERM with 143', async (t) => {
  const silent = await serve([{ do: 'expect', bytes: 1_000_000 }]);
  t.teardown(() => silent.close());
  const args = [target(cluster, 'jm', 'blob-server'), `taskmanager-data=127.0.0.1:${silent.port}`];
  const saved = inFolder('interrupted.json');
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const child = spawn(
      process.execPath,
      [MAIN, 'verify', ...args, '--format', 'json', '--profile', 'quick', '--timeout', '60s', '--save-baseline', saved],
      { cwd: repositoryRoot(), env: ENVIRONMENT },
    );
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const answered = silent.connections + 1;
    while (silent.connections < answered) await new Promise((resolve) => setTimeout(resolve, 50));
    await new Promise((resolve) => setTimeout(resolve, 700));
    child.kill(signal);
    const [status] = await once(child, 'close');
    t.equal(status, code, stderr);
    const report = JSON.parse(stdout) as Report;
    t.equal(report.complete, false);
    t.match(
      report.observations.find(({ channel }) => channel === 'blob-server'),
      { kind: 'tls' },
    );
    t.notOk(existsSync(saved), 'it is no baseline');
    t.match(stderr, /not saved, since the run was interrupted/);
  }
});

t.test('options come from the environment too, and --redact leaves no address', async (t) => {
  const asked = ['verify', target(cluster, 'jm', 'blob-server'), '--profile', 'quick'];
  const { stdout } = await flinkprobe(asked, { FLINKPROBE_FORMAT: 'nagios' });
  t.match(stdout, /^FLINKPROBE OK - verify/);
  const redacted = await flinkprobe([...asked, '--format', 'json', '--redact']);
  t.notMatch(redacted.stdout, /127\.0\.0\.1|flink\.internal/);
});

t.test('a key log is not needed and no secret is printed: neither password nor token is in any output', async (t) => {
  const file = inFolder('token');
  writeFileSync(file, 'Bearer SECRET-TOKEN-4711\n');
  for (const format of ['text', 'json', 'jsonl', 'nagios']) {
    const { stdout, stderr } = await verify(
      ...['--rest', restOf(cluster), '--truststore', trusted, '--profile', 'quick', '--verbose'],
      ...['--rest-authorization-file', file, '--format', format],
    );
    t.notMatch(stdout + stderr, /SECRET-TOKEN/, format);
  }
});

t.test('authorisation is read as people write it', async (t) => {
  const basic = { kind: 'basic', value: 'flink:pass word' };
  t.strictSame(parseAuthorization('flink:pass word'), basic);
  t.strictSame(parseAuthorization(`Basic ${Buffer.from('flink:pass word').toString('base64')}`), basic);
  t.strictSame(parseAuthorization('Bearer abc.def'), { kind: 'bearer', value: 'abc.def' });
  t.strictSame(parseAuthorization('bearer abc.def '), { kind: 'bearer', value: 'abc.def' });
  t.strictSame(parseAuthorization('abc.def'), { kind: 'bearer', value: 'abc.def' });
  t.throws(() => parseAuthorization('Basic bm9uZQ=='), /no user:password/);
});

t.test('analyze still refuses what it does not have', async (t) => {
  const { status, stderr } = await flinkprobe(['analyze', 'captures/1.20.3-all.pcap.gz', '--truststore', 'x']);
  t.equal(status, 3);
  t.match(stderr, /--truststore: this is not in version [\d.]+ yet, but with verify/);
});
