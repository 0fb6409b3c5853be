import { rmSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { cluster, mended, SECRET, STORES, skip } from '../support/fix-plan-clusters.ts';
import { lackingFlink, readByFlink } from '../support/flink-reader.ts';

/** A cluster in clear, as each version names its file. */
const CASES = [
  { version: '1.17.2', file: 'flink-conf.yaml', optOut: 'akka.ssl.enabled' },
  { version: '1.20.3', file: 'config.yaml', optOut: 'pekko.ssl.enabled' },
] as const;

for (const { version, file, optOut } of CASES) {
  const missing = skip || lackingFlink(version);
  t.test(`Flink ${version} reads what the plan made, and its TLS comes up with it`, { skip: missing }, async (t) => {
    const text = [
      '# as delivered',
      'jobmanager.rpc.address: jm',
      'rest.address: jm   # also for the dashboard',
      'rest.bind-address: 0.0.0.0',
      `${optOut}: false`,
      'taskmanager.numberOfTaskSlots: 2',
      'security.ssl.internal.enabled: true',
      'security.ssl.internal.keystore: /opt/flink/ssl/internal.p12',
      `security.ssl.internal.keystore-password: ${SECRET}`,
      'security.ssl.internal.truststore: /opt/flink/ssl/internal-trust.p12',
      `security.ssl.internal.truststore-password: ${SECRET}`,
      '',
    ].join('\n');
    const own = cluster({ jm: [file, text] }, STORES);
    rmSync(path.join(own.ssl, 'rest.p12'));
    await mended(t, own, `--flink-version=${version}`);
    const folder = path.join(own.folder, 'jm');
    const read = readByFlink(version, [folder], own.folder).get(folder)!;
    t.equal(read.get('rest.address'), 'jm');
    t.equal(read.get('security.ssl.internal.enabled'), 'true');
    t.equal(read.get('security.ssl.rest.enabled'), 'true');
    t.equal(read.get('security.ssl.internal.key-password'), SECRET);
    t.equal(read.get(optOut), undefined);
    t.match(read.get('security.ssl.algorithms'), /^TLS_ECDHE_RSA_WITH_AES_128_GCM/);
  });
}
