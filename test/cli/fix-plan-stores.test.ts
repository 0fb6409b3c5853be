import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { cluster, mended, recordedCluster, SECRET, STORES, skip } from '../support/fix-plan-clusters.ts';

t.test('recorded clusters pass the audit once their plan is carried out', { skip }, async (t) => {
  for (const [name, restart] of [['1.20.3-off', 'all-at-once']] as const) {
    t.comment(name);
    const { before, after } = await mended(t, recordedCluster(name), '--flink-version=1.20.3');
    t.equal(before.plan.restart, restart, name);
    t.equal(after.plan.findings.length, 0, name);
  }
});

t.test(
  'an expired internal certificate is exchanged in rounds, none of which parts the cluster',
  { skip },
  async (t) => {
    const own = recordedCluster('1.20.3-all', {
      ...STORES,
      'internal.p12': 'internal-expired.p12',
      'internal-trust.p12': 'internal-expired-trust.p12',
    });
    const { before } = await mended(t, own, '--flink-version=1.20.4');
    t.equal(before.plan.restart, 'rolling');
    t.match(before.plan.because[0], /learns to trust the new one beside the old one/);
    const titles = before.plan.steps.map(({ title }) => title);
    const rounds = titles.flatMap((title, index) => (/one after the other/.test(title) ? [index] : []));
    const [trusted, shown] = [/^Trust the new/, /^Show the new/].map((one) =>
      titles.findIndex((title) => one.test(title)),
    );
    t.strictSame(
      [trusted! < rounds[0]!, rounds[0]! < shown!, shown! < rounds[1]!, rounds.length],
      [true, true, true, 2],
    );
  },
);

t.test('REST alone: what serves it is restarted, TaskManagers go on', { skip }, async (t) => {
  const own = recordedCluster('1.20.3-all', { ...STORES, 'rest.p12': 'internal-expired.p12' });
  const { before } = await mended(t, own, '--flink-version=1.20.4');
  t.equal(before.plan.restart, 'rest-only');
  t.notMatch(before.text, /taskmanager\.sh/);
});

/** TLS of both families, on one member. */
const lines = (changes: Readonly<Record<string, string>> = {}): string =>
  Object.entries({
    'rest.address': 'jm',
    'rest.bind-address': 'localhost',
    ...Object.fromEntries(
      ['internal', 'rest'].flatMap((family) => [
        [`security.ssl.${family}.enabled`, 'true'],
        [`security.ssl.${family}.keystore`, `/opt/flink/ssl/${family}.p12`],
        [`security.ssl.${family}.keystore-password`, SECRET],
        [`security.ssl.${family}.key-password`, SECRET],
        [`security.ssl.${family}.truststore`, `/opt/flink/ssl/${family}-trust.p12`],
        [`security.ssl.${family}.truststore-password`, SECRET],
      ]),
    ),
    ...changes,
  })
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('');

t.test('a truststore that does not know the own certificate learns it', { skip }, async (t) => {
  const own = cluster({ jm: ['config.yaml', lines()] }, { ...STORES, 'internal-trust.p12': 'rest-trust.p12' });
  const { before } = await mended(t, own, '--flink-version=2.3.0');
  t.equal(before.plan.restart, 'all-at-once');
});

t.test('a key that its password does not open gets the password of its store', { skip }, async (t) => {
  const text = lines({ 'security.ssl.internal.key-password': 'another-one' });
  const own = cluster({ jm: ['config.yaml', text] }, STORES);
  const { before } = await mended(t, own, '--flink-version=2.3.0');
  t.notMatch(before.text, 'another-one');
  t.match(
    readFileSync(path.join(own.folder, 'jm/config.yaml'), 'utf8'),
    /^security.ssl.internal.key-password: 'flinkpw'$/m,
  );
});

t.test('a password that everybody knows is changed in the store and in the configuration', { skip }, async (t) => {
  const own = cluster({ jm: ['config.yaml', lines()] }, STORES);
  const known = 'changeit';
  for (const name of ['internal.p12', 'internal-trust.p12']) {
    const arguments_ = ['-storepasswd', '-new', known, '-keystore', path.join(own.ssl, name), '-storepass', SECRET];
    t.equal(spawnSync('keytool', arguments_).status, 0);
  }
  const file = path.join(own.folder, 'jm/config.yaml');
  const text = readFileSync(file, 'utf8').replace(/^(security\.ssl\.internal\..*password: ).*$/gm, `$1${known}`);
  spawnSync('sh', ['-c', 'cat > "$0"', file], { input: text });
  const { before } = await mended(t, { ...own, secret: known }, '--flink-version=2.3.0');
  t.notMatch(before.text, known);
  t.notMatch(readFileSync(file, 'utf8'), known);
});

t.test('clients that REST is to ask for a certificate are known by a truststore, made for it', { skip }, async (t) => {
  const text = lines({ 'security.ssl.rest.authentication-enabled': 'true' }).replace(
    /^security\.ssl\.rest\.truststore.*\n/gm,
    '',
  );
  const own = cluster({ jm: ['config.yaml', text] }, STORES);
  const { before } = await mended(t, own, '--flink-version=2.3.0');
  t.equal(before.plan.restart, 'rest-only');
  t.ok(before.plan.findings.some(({ ruleId, cure }) => ruleId === 'rest-open-by-configuration' && cure === 'step'));
});
