import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import t from 'tap';
import { missing, run } from '../capture-tools.ts';
import { Talker } from '../openssl.ts';
import { flinkStandIn } from './flink-stand-in.ts';
import { ALL_TARGETS, available, Targets } from './start.ts';
import type { RunningTarget, TargetId } from './target.ts';

/** What the targets are said to be, held against openssl, keytool and nmap: what flinkprobe is measured against. */
const MUTUAL: readonly TargetId[] = ['A1', 'A2', 'A3', 'A4', 'A5', 'B1', 'B2', 'C2', 'C3', 'D1', 'D2'];
const SCANNED: readonly TargetId[] = ['A1', 'B1', 'C1', 'D1'];
const FLAGS: Readonly<Record<string, string>> = { 'TLSv1.2': '-tls1_2', 'TLSv1.3': '-tls1_3' };
const WAIT_MS = 400;
const targets = await Targets.start(...available(ALL_TARGETS));
t.teardown(() => targets.stop());

/** How a handshake without a certificate ends for `s_client`, and what it says of the request. */
async function withoutCertificate({ address, port }: RunningTarget, flag: string): Promise<string> {
  const client = new Talker('openssl', ['s_client', '-connect', `${address}:${port}`, flag]);
  await client.hear(/Verify return code/);
  // In TLS 1.3 the server judges after the client is done.
  await client.hear(/alert|Post-Handshake|handshake failure/, WAIT_MS);
  client.end();
  await client.ended();
  return client.output;
}

function judged(output: string): string {
  if (/SSL alert number \d+/.test(output)) return 'required';
  return /Acceptable client certificate CA names|Client Certificate Types|Requested Signature Algorithms/.test(output)
    ? 'requested'
    : 'not-requested';
}

t.test(
  'openssl sees the client authentication that each target is said to have',
  {
    skip: missing('openssl'),
  },
  async (t) => {
    const targets = await Targets.start(...available(MUTUAL));
    t.teardown(() => targets.stop());
    await Promise.all(
      available(MUTUAL).map(async (id) => {
        const target = targets.get(id);
        for (const version of target.truth.versions.filter((one) => one in FLAGS)) {
          const output = await withoutCertificate(target, FLAGS[version]!);
          t.equal(judged(output), target.truth.clientAuthentication, `${id} ${version}`);
          t.strictSame(authoritiesIn(output), target.truth.authorities, `${id} ${version} authorities`);
        }
      }),
    );
  },
);

function authoritiesIn(output: string): string[] {
  const names = /Acceptable client certificate CA names\n((?:[^\n]*CN[^\n]*\n)+)/.exec(output)?.[1] ?? '';
  const lines = names.split('\n').filter((one) => one !== '');
  return lines.map((name) => name.replace(/\s*=\s*/g, '='));
}

t.test('keytool sees the certificate of a target', { skip: missing('java', 'keytool') }, async (t) => {
  const { address, port, leafSha256 } = targets.get('A1');
  const printed = run('keytool', ['-J-Duser.language=en', '-printcert', '-sslserver', `${address}:${port}`]);
  const sha256 = /SHA256: ([0-9A-F:]+)/.exec(printed)?.[1]?.replaceAll(':', '').toLowerCase();
  t.equal(sha256, leafSha256);
  t.match(printed, /Owner: CN=flink\.internal\n/);
  t.match(printed, /4096-bit RSA/);
});

/** IANA names by version; nmap writes `TLSv1.0`, and AKE for what TLS 1.3 leaves out. */
async function scanned({ address, port }: RunningTarget): Promise<Record<string, string[]>> {
  const nmap = new Talker('nmap', ['-Pn', '-p', String(port), '--script', 'ssl-enum-ciphers', address]);
  await nmap.ended();
  const suites: Record<string, string[]> = {};
  let version = '';
  for (const line of nmap.output.split('\n')) {
    version = /^\|\s+(TLSv[\d.]+):/.exec(line)?.[1]?.replace(/\.0$/, '') ?? version;
    const name = /^\|\s+(TLS_\S+)/.exec(line)?.[1]?.replace('TLS_AKE_WITH_', 'TLS_');
    if (name !== undefined) suites[version] = [...(suites[version] ?? []), name];
  }
  return suites;
}

const nmap = spawnSync('nmap', ['--version']).error === undefined ? false : 'nmap not found';
t.test('nmap sees the suites that each target is said to have', { skip: nmap }, async (t) => {
  const ids = available(SCANNED);
  await Promise.all(
    ids.map(async (id) => {
      const target = targets.get(id);
      const seen = await scanned(target);
      // Where the client's order decides, nmap's order is its own.
      const ordered = (list: readonly string[]): readonly string[] =>
        target.truth.suitePreference === 'server' ? list : [...list].sort();
      t.strictSame(Object.keys(seen).sort(), [...target.truth.versions].sort(), id);
      for (const version of target.truth.versions) {
        t.strictSame(ordered(seen[version] ?? []), ordered(target.truth.cipherSuites[version]!), `${id} ${version}`);
      }
    }),
  );
});

/** What a port answers to these octets within some time; ` FIN` where it ended. */
function ask(endpoint: { host: string; port: number }, bytes: Buffer | string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(endpoint.port, endpoint.host);
    let answer = '';
    socket.on('data', (piece) => {
      answer += piece.toString('latin1');
    });
    socket.on('end', () => {
      answer += ' FIN';
    });
    socket.on('error', (error) => {
      answer += (error as NodeJS.ErrnoException).code;
    });
    socket.write(bytes);
    setTimeout(() => {
      socket.destroy();
      resolve(answer);
    }, WAIT_MS);
  });
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const latin1 = (octets: string, text: string): string => hex(octets).toString('latin1') + text;
const HEARTBEAT = hex('0000000412020803');
const ADD_CREDIT = hex(`0000001dbadc0ffe0600000001${'00'.repeat(16)}`);
const HELLO_HEAD = hex('16030100c8010000c4030a');
const GET = 'GET /config HTTP/1.1\r\nHost: jm\r\n\r\n';

t.test('a clear stand-in answers as real Flink was seen to', async (t) => {
  const flink = await flinkStandIn({ taskManagers: 1, internal: 'clear', rest: 'clear', hosts: 'together' });
  t.teardown(() => flink.stop());
  const [rpc, blob, data, rest] = [
    flink.endpoint('jm', 'jobmanager-rpc'),
    flink.endpoint('jm', 'blob-server'),
    flink.endpoint('tm1', 'taskmanager-data'),
    flink.endpoint('jm', 'rest'),
  ];
  const answers = await Promise.all([
    ...[ask(rpc, HEARTBEAT), ask(rpc, HELLO_HEAD), ask(blob, hex('0101')), ask(blob, HELLO_HEAD)],
    ...[ask(data, ADD_CREDIT), ask(data, HELLO_HEAD), ask(rest, GET), ask(rest, HELLO_HEAD)],
  ]);
  const [heartbeat, rpcHello, addressing, blobHello, credit, dataHello, config, restHello] = answers;
  t.equal(heartbeat, latin1('000000041202080200000000', ' FIN'));
  t.equal(rpcHello, ' FIN');
  // 408 octets, as `ObjectOutputStream` of OpenJDK 17 writes this IOException.
  t.ok(addressing?.startsWith(latin1('0198010000aced000573720013', 'java.io.IOException')));
  t.match(addressing, 'Unknown type of BLOB addressing: 1.');
  t.equal(blobHello, 'ECONNRESET');
  t.ok(credit?.startsWith(latin1('000001f7badc0ffe01aced00057372001f', 'java.lang.IllegalStateException')));
  t.match(credit, `No reader for receiverId = ${'0'.repeat(32)} exists.`);
  t.equal(dataHello, '');
  t.match(config, /^HTTP\/1\.1 200 OK.*"flink-version":"1\.20\.3"/s);
  t.match(restHello, /^HTTP\/1\.1 404 Not Found.*\/bad-request\."\]\} FIN$/s);
  t.equal(restHello!.length, 151 + ' FIN'.length);
});

t.test('a stand-in with TLS refuses clear asks as real Flink was seen to', async (t) => {
  const flink = await flinkStandIn({ taskManagers: 1, hosts: 'together' });
  t.teardown(() => flink.stop());
  const answers = await Promise.all([
    ask(flink.endpoint('jm', 'jobmanager-rpc'), HEARTBEAT),
    ask(flink.endpoint('jm', 'blob-server'), HEARTBEAT),
    ask(flink.endpoint('jm', 'blob-server'), hex('0101')),
    ask(flink.endpoint('tm1', 'taskmanager-data'), ADD_CREDIT),
    ask(flink.endpoint('jm', 'rest'), GET),
  ]);
  t.strictSame(answers.slice(0, 4), [' FIN', latin1('1503030002020a', ' FIN'), '', ' FIN']);
  t.match(answers[4], /^HTTP\/1\.1 301 Moved Permanently\r\nlocation: https:/);
  t.equal(await flink.connections(), answers.length);
});
