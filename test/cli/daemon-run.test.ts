import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createServer } from 'node:tls';
import t from 'tap';
import { argumentsOf, probeTarget } from '../../src/cli/daemon-run.ts';
import { restAccess } from '../../src/cli/rest-access.ts';
import { readSettings } from '../../src/cli/settings-file.ts';
import type { RestAccess } from '../../src/net/flink-rest-types.ts';
import { listening } from '../support/listening.ts';
import { mintLeaf } from '../support/pki.ts';
import { temporary } from '../support/temporary.ts';

const folder = temporary();
const secret = path.join(folder, 'secret');
writeFileSync(secret, 's3cr:t\n');

async function authorizationOf(rest: string): Promise<RestAccess['authorization']> {
  const file = path.join(folder, 'flinkprobe.yaml');
  writeFileSync(file, `version: 1\nclusters:\n  - name: prod\n    rest: { url: "https://jm:8081"${rest} }\n`);
  const { settings } = await readSettings(file, folder);
  const args = argumentsOf(settings.clusters[0]!);
  const keys = { identities: {}, trustAnchors: {} };
  return restAccess({ ...args, rest: 'https://jm:8081' }, keys, new AbortController().signal).authorization;
}

t.test('REST gets the token or the password that the settings name, first line of the file', async (t) => {
  t.strictSame(await authorizationOf(`, token: { file: "${secret}" }`), { kind: 'bearer', value: 's3cr:t' });
  t.strictSame(await authorizationOf(`, basic: { user: flink, password: { file: "${secret}" } }`), {
    kind: 'basic',
    value: 'flink:s3cr:t',
  });
  t.equal(await authorizationOf(''), undefined);
});

t.test('a secret of REST that cannot be read is told with its file, and never taken for none', async (t) => {
  await t.rejects(authorizationOf(`, token: { file: "${secret}.gone" }`), {
    name: 'Unusable',
    message: /secret\.gone/,
  });
});

t.test(
  'a probe asks its target, also where the settings of its cluster name captures, logs and key stores',
  async (t) => {
    const { cert, key } = mintLeaf('flink');
    const server = await listening(createServer({ cert, key, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }));
    t.teardown(() => server.close());
    const file = path.join(folder, 'probed.yaml');
    const gone = path.join(folder, 'gone');
    writeFileSync(
      file,
      `version: 1\nclusters:\n  - name: recorded\n    captures: [${gone}.pcap]\n    logs: [${gone}.log]\n    keystores: [{ file: ${gone}.jks }]\n`,
    );
    const { settings } = await readSettings(file, folder);
    const report = await probeTarget(`rest=127.0.0.1:${server.port}`, 'quick', {
      settings: settings.clusters[0]!,
      signal: new AbortController().signal,
      tell: () => undefined,
    });
    t.equal(report.complete, true);
    t.match(
      report.observations.map(({ vantage, kind, server: at, tls }) => [vantage, kind, at.port, tls?.version]),
      [['active', 'tls', server.port, 'TLSv1.2']],
    );
    t.strictSame(
      report.inputs.filter(({ path: one }) => one?.startsWith(gone)),
      [],
    );
  },
);
