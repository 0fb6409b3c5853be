import { spawn } from 'node:child_process';
import { createReadStream, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { ENVIRONMENT as environment, flinkprobe, MAIN as main, spawned } from '../support/command-line.ts';
import { recording, repositoryRoot } from '../support/expected.ts';
import { scratch } from '../support/transform.ts';

const root = repositoryRoot();

const all = recording('1.20.3-all').path;
const off = recording('1.20.3-off').path;
const mixed = recording('1.20.3-w-off').path;

t.test('a cluster with everything on passes: exit 0', async (t) => {
  const { status, stdout, stderr } = spawned(['analyze', all]);
  t.equal(status, 0);
  t.match(stdout, /verdict +PASS/);
  t.equal(stderr, '');
});

t.test('options may stand before the command', async (t) => {
  t.match((await flinkprobe(['--format', 'nagios', 'analyze', all])).stdout, /^FLINKPROBE OK/);
});

t.test('a cluster in clear fails: exit 1, and the report names the setting that mends it', async (t) => {
  const { status, stdout } = await flinkprobe(['analyze', off]);
  t.equal(status, 1);
  t.match(stdout, /security\.ssl\.internal\.enabled: true/);
  t.match(stdout, /verdict +FAIL/);
});

t.test('findings below --fail-on end with 0', async (t) => {
  t.equal((await flinkprobe(['analyze', recording('1.20.3-prom').path, '--fail-on', 'medium'])).status, 0);
  t.equal((await flinkprobe(['analyze', recording('1.20.3-prom').path, '--fail-on', 'low'])).status, 1);
});

t.test('a channel that --expect names and that did not appear ends with 2', async (t) => {
  const { status, stdout } = await flinkprobe(['analyze', all, '--expect', 'metrics-query-service']);
  t.equal(status, 2);
  t.match(stdout, /metrics-query-service/);
  t.equal((await flinkprobe(['analyze', all, '--expect', 'rest'])).status, 0, 'one that did appear changes nothing');
});

t.test('wrong usage ends with 3, prints no report and says what is wrong', async (t) => {
  const cases: [string[], RegExp][] = [
    [[], /a command is needed/],
    [['analyse', all], /analyse: this is no command; there are analyze/],
    [['analyze'], /files|positional|argument/i],
    [['analyze', all, '--nonsense'], /nonsense/],
    [['analyze', all, '--format', 'pdf'], /pdf.*is not a format; there are text, json/],
    [['analyze', all, '--format', 'xml'], /xml.*is not a format/],
    [['analyze', all, '--format', 'json', '--format', 'text'], /only one format/],
    [['analyze', all, '--fail-on', 'info'], /fail-on/],
    [['analyze', all, '--expect', 'blob'], /blob.*is no channel/],
    [['analyze', all, '--since', 'yesterday'], /since.*yesterday/],
    [['analyze', all, '--host', 'jm'], /host.*jm/],
    [['analyze', all, '--port', '70000'], /port/],
    [['analyze', all, '--now', '12'], /now/],
    [['analyze', all, '--flink-version', 'latest'], /flink-version/],
    [['analyze', all, '--conf', '/nowhere'], /\/nowhere: no such file or folder/],
    [['analyze', all, '--names', '/nowhere'], /\/nowhere: no such file or folder/],
    [['analyze', all, '--keylog', '/nowhere'], /\/nowhere: no such file or folder/],
    [['analyze', all, '--policy', 'flink-strct'], /--policy: flink-strct: no such file.*flink-strict/],
    [['complete', 'bash'], /complete: this is no command; there are analyze/],
    [['explain', 'nothing-of-that-name'], /no rule, channel or policy/],
  ];
  for (const [args, message] of cases) {
    const { status, stdout, stderr } = await flinkprobe(args);
    t.equal(status, 3, args.join(' '));
    t.equal(stdout, '');
    t.match(stderr, message);
    t.notMatch(stderr, /^\s+at /m, 'no stack trace');
  }
});

t.test('an input that is no capture ends with 3 and names the file', async (t) => {
  const file = scratch(t);
  const folder = path.dirname(file('x', new Uint8Array(0)));
  mkdirSync(path.join(folder, 'folder'));
  const cases: [string, RegExp][] = [
    [file('empty.pcap', new Uint8Array(0)), /empty\.pcap.*empty/],
    [file('text.pcap', Buffer.from('this is no capture, only some text')), /text\.pcap: not a pcap or pcapng capture/],
    [path.join(folder, 'folder'), /folder/],
    [path.join(folder, 'missing.pcap'), /missing\.pcap.*(no such|not found|does not exist)/],
    [file('image.png', Buffer.from('89504e470d0a1a0a0000000d', 'hex')), /image\.png/],
  ];
  for (const [name, message] of cases) {
    const { status, stdout, stderr } = await flinkprobe(['analyze', name]);
    t.equal(status, 3, name);
    t.equal(stdout, '');
    t.match(stderr, message);
  }
});

t.test('a capture that shows nothing of Flink has passed nothing: exit 2', async (t) => {
  const file = scratch(t);
  const header = gunzipSync(readFileSync(all)).subarray(0, 24);
  const { status, stdout } = await flinkprobe(['analyze', file('nothing.pcap', header)]);
  t.equal(status, 2);
  t.match(stdout, /verdict +INCONCLUSIVE/);
});

t.test('a capture that breaks off gives what it holds, the byte offset, and 2 unless a finding fails it', async (t) => {
  const file = scratch(t);
  const whole = gunzipSync(readFileSync(all));
  const cut = file('cut.pcap', whole.subarray(0, whole.length - 11));
  const { status, stdout } = await flinkprobe(['analyze', cut, '--format', 'json']);
  t.equal(status, 2);
  const report = JSON.parse(stdout);
  t.equal(report.verdict, 'inconclusive');
  t.equal(report.inputs[0].packets, recording('1.20.3-all').expected.file.packets - 1);
  t.match(report.inputs[0].quality.problems, [{ reason: 'truncated-record' }]);
  t.ok(report.inputs[0].quality.problems[0].offset > 24);
  const clear = gunzipSync(readFileSync(off));
  t.equal((await flinkprobe(['analyze', file('clear.pcap', clear.subarray(0, clear.length - 11))])).status, 1);
});

t.test('standard input, a pipe and a file give the same report', async (t) => {
  const strip = (text: string): unknown => {
    const { startedAt, finishedAt, inputs, ...rest } = JSON.parse(text);
    return { ...rest, inputs: inputs.map(({ path: __, ...input }: { path: string }) => input) };
  };
  const bytes = readFileSync(all);
  const fromFile = await flinkprobe(['analyze', all, '--format', 'json', '--now', '2026-11-22T15:00:00Z']);
  const fromInput = spawned(['analyze', '-', '--format', 'json', '--now', '2026-11-22T15:00:00Z'], bytes);
  t.strictSame(strip(fromInput.stdout), strip(fromFile.stdout));
  const child = spawn(process.execPath, [main, 'analyze', '-', '--format', 'json', '--now', '2026-11-22T15:00:00Z'], {
    cwd: root,
    env: environment,
  });
  createReadStream(all, { highWaterMark: 777 }).pipe(child.stdin);
  let text = '';
  for await (const chunk of child.stdout) text += chunk;
  t.strictSame(strip(text), strip(fromFile.stdout));
});

t.test('the same input gives the same report but for the times of the run', async (t) => {
  const once = async (): Promise<unknown> => {
    const { startedAt, finishedAt, ...rest } = JSON.parse(
      (await flinkprobe(['analyze', mixed, '--format', 'json', '--now', '2026-11-22T15:00:00Z'])).stdout,
    );
    return rest;
  };
  t.strictSame(await once(), await once());
});

t.test('several formats at once go to files of mode 0600', async (t) => {
  const file = scratch(t);
  const json = file('report.json', new Uint8Array(0)).replace('report.json', 'new.json');
  const { stdout } = await flinkprobe(['analyze', mixed, '--format', `json=${json}`, '--format', 'nagios']);
  t.match(stdout, /^FLINKPROBE CRITICAL - .*\|.*\n$/);
  t.equal(JSON.parse(readFileSync(json, 'utf8')).schemaVersion, 1);
  t.equal(statSync(json).mode & 0o777, 0o600);
});

t.test('nagios as the only format folds the exit codes', async (t) => {
  t.equal((await flinkprobe(['analyze', all, '--format', 'nagios'])).status, 0);
  t.equal((await flinkprobe(['analyze', recording('1.20.3-prom').path, '--format', 'nagios'])).status, 1);
  t.equal((await flinkprobe(['analyze', off, '--format', 'nagios'])).status, 2);
  t.equal((await flinkprobe(['analyze', all, '--format', 'nagios', '--expect', 'jmx'])).status, 3);
});

t.test('options come from flags, then the environment, then a file', async (t) => {
  const file = scratch(t);
  const config = file('options.yaml', Buffer.from('format: nagios\n'));
  t.match((await flinkprobe(['analyze', all], { FLINKPROBE_FORMAT: 'jsonl' })).stdout, /^\{"record":/);
  t.match((await flinkprobe(['analyze', all, '--config', config])).stdout, /^FLINKPROBE OK/);
  t.match(
    (await flinkprobe(['analyze', all, '--config', config], { FLINKPROBE_FORMAT: 'jsonl' })).stdout,
    /^\{"record":/,
  );
  t.match((await flinkprobe(['analyze', all, '--config', config, '--format', 'text'])).stdout, /^flinkprobe 0/);
});

t.test('no colours and no control characters where standard output is no terminal', async (t) => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  t.notMatch((await flinkprobe(['analyze', off])).stdout, /[\x00-\x09\x0b-\x1f\x7f]/);
  t.match((await flinkprobe(['analyze', off], { FORCE_COLOR: '1' })).stdout, /\[/);
});

t.test('a reader that goes away ends it quietly', async (t) => {
  const child = spawn('sh', ['-c', `'${process.execPath}' '${main}' analyze '${off}' --format json | head -c 100`], {
    cwd: root,
    env: environment,
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  let stdout = '';
  for await (const chunk of child.stdout) stdout += chunk;
  t.equal(stdout.length, 100);
  t.equal(stderr, '');
});

t.test('an interrupt ends the reading, writes what was found and exits with 130', async (t) => {
  const child = spawn(process.execPath, [main, 'analyze', '-', '--format', 'json'], { cwd: root, env: environment });
  const bytes = gunzipSync(readFileSync(off));
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  // Taken from the pipe: the program reads, and so listens to signals.
  child.stdin.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => {
    setTimeout(() => child.kill('SIGINT'), 500);
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  t.equal(status, 130);
  const report = JSON.parse(stdout);
  t.equal(report.complete, false);
  t.ok(report.observations.length > 0);
});

t.test('--cross-check asks the second reader where it can, and says so', async (t) => {
  const file = scratch(t);
  const plain = file('plain.pcap', gunzipSync(readFileSync(all)));
  const check = async (name: string): Promise<unknown> =>
    JSON.parse((await flinkprobe(['analyze', name, '--cross-check', '--format', 'json'])).stdout).inputs[0].quality
      .crossCheck;
  t.equal(await check(plain), 'agrees');
  t.equal(await check(all), 'not-applicable');
});

t.test('--conf compares with the configuration and names file and line', async (t) => {
  const conf = recording('1.20.3-int-dataoff').configurations.flatMap(({ member, folder }) => [
    '--conf',
    `${member}=${folder}`,
  ]);
  const { stdout } = await flinkprobe(['analyze', recording('1.20.3-int-dataoff').path, ...conf, '--wide']);
  t.match(stdout, /taskmanager\.data\.ssl\.enabled/);
  t.match(stdout, /config\.yaml:\d+/);
});

t.test('a configuration that is odd is told with file and line; one that cannot be read ends with 3', async (t) => {
  const file = scratch(t);
  const twice = file('config.yaml', Buffer.from('rest.port: 8081\nrest.port: 8082\n'));
  const odd = await flinkprobe(['analyze', all, '--conf', `jm=${twice}`]);
  t.equal(odd.status, 1);
  t.match(odd.stdout, /configuration-not-as-written/);
  t.match(odd.stderr, /config\.yaml:2: /);
  const broken = file('config.yaml', Buffer.from('a: b\n  c: [\n'));
  const { status, stdout, stderr } = await flinkprobe(['analyze', all, '--conf', `jm=${broken}`]);
  t.equal(status, 3);
  t.equal(stdout, '');
  t.match(stderr, /--conf: .*config\.yaml:\d+: /);
});

t.test('--host, --port, --since and --until narrow what is looked at', async (t) => {
  const channels = async (args: readonly string[]): Promise<string[]> => {
    const report = JSON.parse((await flinkprobe(['analyze', off, '--format', 'json', ...args])).stdout);
    return [...new Set<string>(report.observations.map((one: { channel: string }) => one.channel))].sort();
  };
  t.strictSame(await channels(['--port', '6124']), ['blob-server']);
  t.strictSame(await channels(['--host', '10.77.0.9']), ['rest']);
  t.strictSame(await channels(['--since', '2030-01-01']), []);
  t.strictSame(await channels(['--until', '2030-01-01', '--port', '6123']), ['jobmanager-rpc']);
});

t.test('--redact leaves no name and no address', async (t) => {
  const { stdout } = await flinkprobe(['analyze', off, '--redact', '--format', 'json']);
  t.notMatch(stdout, /10\.77\.0|"tm1"|"jm"/);
  t.equal(
    JSON.parse(stdout).observations.every(
      (one: { plaintext?: { firstBytes: string } }) => (one.plaintext?.firstBytes ?? '') === '',
    ),
    true,
  );
});

t.test('no payload, password or token is in any format', async (t) => {
  for (const format of ['text', 'json', 'jsonl', 'nagios']) {
    for (const name of ['1.20.3-off', '1.20.3-s3-http-int', '1.20.3-gw-rest']) {
      const one = recording(name);
      const conf = one.configurations.flatMap(({ member, folder }) => ['--conf', `${member}=${folder}`]);
      const { stdout } = await flinkprobe(['analyze', one.path, '--format', format, ...conf]);
      // What the recorded jobs print and keep, and the passwords of their stores.
      t.notMatch(stdout, /CARD-4111|flinkpw|Basic [A-Za-z0-9+/=]{8}/, `${name} as ${format}`);
      t.notMatch(stdout, /434152442d34313131/, 'nor in hexadecimal');
    }
  }
});

t.test('--version prints the version of the package, --help the exit codes', async (t) => {
  t.equal(
    spawned(['--version']).stdout.trim(),
    JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).version,
  );
  const { stdout, status } = await flinkprobe(['--help']);
  t.equal(status, 0);
  t.match(stdout, /Exit codes/);
});

t.test('explain tells why and what mends it, for every rule and channel', async (t) => {
  const { stdout } = await flinkprobe(['explain']);
  t.match(stdout, /plaintext-state-transfer/);
  t.match(
    (await flinkprobe(['explain', 'static-rsa-key-exchange'])).stdout,
    /security\.ssl\.algorithms: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256/,
  );
  t.match((await flinkprobe(['explain', 'blob-server'])).stdout, /blob\.service\.ssl\.enabled/);
});

t.test('list formats --schema prints the JSON Schema that reports follow', async (t) => {
  const schema = JSON.parse((await flinkprobe(['list', 'formats', '--schema'])).stdout);
  t.match(schema, { type: 'object', properties: { schemaVersion: {}, findings: {} } });
  t.match((await flinkprobe(['list', 'channels'])).stdout, /^blob-server/m);
  t.match((await flinkprobe(['list', 'rules'])).stdout, /^plaintext-channel +critical/m);
});

t.test('a file of an unknown link type is told by number', async (t) => {
  const file = scratch(t);
  const bytes = gunzipSync(readFileSync(mixed));
  bytes.writeUInt32LE(127, 20);
  const name = file('radiotap.pcap', bytes);
  const { status, stdout } = await flinkprobe(['analyze', name, '--format', 'json']);
  t.equal(status, 2);
  t.match(JSON.parse(stdout).inputs[0].quality.problems, [{ reason: 'unsupported-link-type', message: /127/ }]);
  writeFileSync(name, bytes);
});
