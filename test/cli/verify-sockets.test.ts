import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { readIdentity } from '../../src/cli/secrets.ts';
import type { Report } from '../../src/model/report.ts';
import { nodeServer } from '../active/node-server.ts';
import { noIpv6 } from '../support/capture-tools.ts';
import { flinkprobe } from '../support/command-line.ts';
import { flinkStandIn } from '../support/targets/flink-stand-in.ts';
import { readVector } from '../support/vectors.ts';

const folder = t.testdir({ password: 'flinkpw\n' });
const inFolder = (name: string): string => path.join(folder, name);

const clear = await flinkStandIn({ taskManagers: 1, hosts: 'together', internal: 'clear', rest: 'clear' });
t.teardown(() => clear.stop());

interface Run {
  readonly report: Report;
  readonly status: number | null;
  readonly stderr: string;
}

async function verify(...args: readonly string[]): Promise<Run> {
  const { status, stdout, stderr } = await flinkprobe([
    ...['verify', '--format', 'json', '--profile', 'quick'],
    ...args,
  ]);
  assert.equal(stdout.slice(0, 1), '{', stderr);
  return { report: JSON.parse(stdout) as Report, status, stderr };
}

for (const name of ['rsa-jdk17.p12', 'rsa.jks']) {
  t.test(
    `an identity from ${name}, as keytool makes it, is let in where it is trusted and refused elsewhere`,
    async (t) => {
      const file = inFolder(name);
      writeFileSync(file, readVector(`keystore/${name}`));
      const password = inFolder('password');
      const { certificates } = readIdentity({ file, passwordFile: password });
      const ca = certificates.map((der) => new X509Certificate(der).toString());
      const mutual = { requestCert: true, rejectUnauthorized: true } as const;
      const [own, other] = await Promise.all([nodeServer({ ...mutual, ca }), nodeServer(mutual)]);
      t.teardown(() => Promise.all([own.close(), other.close()]));
      const { report } = await verify(
        ...[`blob-server=127.0.0.1:${own.port}`, `taskmanager-data=127.0.0.1:${other.port}`],
        ...['--identity', `internal=${file}`, '--identity-password-file', password],
      );
      const outcome = (port: number): string | undefined =>
        report.observations
          .find(({ server }) => server.port === port)
          ?.tls?.admission?.find(({ credential }) => credential === 'identity')?.outcome;
      t.strictSame([outcome(own.port), outcome(other.port)], ['admitted', 'refused']);
      t.strictSame(
        report.findings.filter(({ ruleId }) => ruleId === 'identity-refused').map(({ endpoint }) => endpoint?.port),
        [other.port],
      );
    },
  );
}

t.test('--associate tells each process by the uid of its start', async (t) => {
  const members = ['jm', 'tm1'] as const;
  const places = members.map((member) => {
    const channel = member === 'jm' ? 'jobmanager-rpc' : 'taskmanager-rpc';
    return `${channel}=127.0.0.1:${clear.endpoint(member, channel).port}`;
  });
  const { report } = await verify(...places, '--associate');
  t.strictSame(report.processes?.map(({ component, source }) => [component, source]).sort(), [
    ['jobmanager', 'rpc'],
    ['taskmanager', 'rpc'],
  ]);
  const uids = report.processes!.map(({ identity }) => identity);
  for (const uid of uids) t.match(uid, /^[0-9a-f]{16}$/);
  t.equal(new Set(uids).size, 2);
  const again = await verify(...places, '--associate');
  t.strictSame(again.report.processes, report.processes, 'the same process, the same uid');
  t.equal((await verify(...places)).report.processes, undefined, 'nothing is told unasked');
});

t.test('--rate spaces connections', async (t) => {
  const { port } = clear.endpoint('tm1', 'taskmanager-rpc');
  const startedAt = performance.now();
  const { report } = await verify(`taskmanager-rpc=127.0.0.1:${port}`, '--rate', '2');
  const { connections } = report.observations[0]!.asked!;
  t.ok(connections >= 2);
  // The first needs no waiting; half a second before each of the others, less what clocks round.
  t.ok(performance.now() - startedAt >= (connections - 1) * 500 - 50, `${connections} connections`);
});

t.test('a name that has no address is an endpoint that was not seen', async (t) => {
  const { report, status } = await verify('blob-server=flinkprobe.invalid:6124');
  t.equal(status, 2);
  t.match(report.observations, [
    {
      channel: 'blob-server',
      server: { host: 'flinkprobe.invalid', port: 6124 },
      ...{ kind: 'no-answer', because: 'unresolved', asked: { connections: 0 } },
    },
  ]);
});

t.test('an IPv6 address in brackets is asked', { skip: noIpv6 }, async (t) => {
  const server = await nodeServer({}, '::1');
  t.teardown(() => server.close());
  const { report } = await verify(`rest=[::1]:${server.port}`);
  t.match(report.observations, [{ channel: 'rest', server: { host: '::1', port: server.port }, kind: 'tls' }]);
});
