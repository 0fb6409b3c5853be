import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Report } from '../../src/model/report.ts';
import { INTERNAL, type Lines, REST, recorded, store, written } from '../support/audited.ts';
import { flinkprobe } from '../support/command-line.ts';

/** What `audit --jdk --flink-version` foretells of a restart, from end to end: for each fault who says what will happen. */

const SUITES = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384';
const vector = (name: string): string =>
  fileURLToPath(new URL(`../../../test/vectors/keystore/${name}`, import.meta.url));

/** Internal TLS that comes up. */
const SOUND: Lines = {
  ...INTERNAL,
  'security.ssl.internal.keystore': store('internal.p12'),
  'security.ssl.internal.truststore': store('internal-trust.p12'),
  'security.ssl.algorithms': SUITES,
};
const DEFAULT_SUITES: Lines = Object.fromEntries(
  Object.entries(SOUND).filter(([key]) => key !== 'security.ssl.algorithms'),
);

const folder = t.testdir({});
const damaged = path.join(folder, 'damaged.p12');
writeFileSync(damaged, readFileSync(store('internal.p12')).subarray(0, 900), { mode: 0o600 });
const missing = path.join(folder, 'gone.p12');

interface Prediction {
  readonly name: string;
  readonly lines: Lines | string;
  readonly flink?: string;
  readonly jdk?: string;
  readonly rule: string;
  /** What will happen, in words. */
  readonly said: RegExp;
  readonly stores?: readonly string[];
}

const key = (name: string, value: string): Lines => ({ ...SOUND, [`security.ssl.internal.${name}`]: value });

const PREDICTIONS: readonly Prediction[] = [
  ...['11.0.30', '17.0.18', '21.0.10', '24', '25.0.3'].map((jdk) => ({
    name: `the default suite of 1.20.3 on JDK ${jdk}`,
    lines: DEFAULT_SUITES,
    flink: '1.20.3',
    jdk,
    rule: 'suites-refused-by-jdk',
    said: /^JDK [\d.]+ has disabled every suite of the list: the port opens and no handshake succeeds\.$/,
  })),
  {
    name: 'JCEKS without a type',
    lines: key('keystore', store('internal.jceks')),
    rule: 'store-type-mismatch',
    said: /the process does not start/,
  },
  {
    name: 'PKCS#12 opened as JCEKS',
    lines: key('keystore-type', 'JCEKS'),
    rule: 'store-type-mismatch',
    said: /Java does not open it, and the process does not start/,
  },
  {
    name: 'BCFKS without a type',
    lines: key('keystore', vector('ec.bcfks')),
    rule: 'store-type-mismatch',
    said: /the process does not start/,
  },
  {
    name: 'PKCS11 for a file',
    lines: key('truststore-type', 'PKCS11'),
    rule: 'store-type-mismatch',
    said: /the process does not start/,
  },
  {
    name: 'a missing keystore',
    lines: key('keystore', missing),
    rule: 'store-not-usable',
    said: /is missing: no such file\. The process ends at its next start/,
  },
  {
    name: 'a missing truststore',
    lines: key('truststore', missing),
    rule: 'store-not-usable',
    said: /is missing: no such file\. The process ends at its next start/,
  },
  {
    name: 'a damaged keystore',
    lines: key('keystore', damaged),
    rule: 'store-not-usable',
    said: /is damaged: .*The process ends at its next start/,
  },
  {
    name: 'a keystore without a key',
    lines: key('keystore', store('internal-trust.p12')),
    rule: 'store-not-usable',
    said: /no handshake of this process can succeed/,
  },
  {
    name: 'a wrong store password',
    lines: key('keystore-password', 'wrong'),
    rule: 'store-password-wrong',
    said: /does not open it: the process ends at its next start/,
  },
  {
    name: 'a wrong truststore password',
    lines: key('truststore-password', 'wrong'),
    rule: 'store-password-wrong',
    said: /does not open it: the process ends at its next start/,
  },
  {
    name: 'a key password that differs from that of PKCS#12',
    lines: key('key-password', 'other'),
    rule: 'store-password-wrong',
    said: /does not open by key-password: the process ends/,
  },
  {
    name: 'a key password that differs from that of JKS',
    lines: { ...key('keystore', store('internal.jks')), 'security.ssl.internal.key-password': 'other' },
    rule: 'store-password-wrong',
    said: /does not open by key-password: the process ends/,
  },
  {
    name: 'a pin of another certificate',
    lines: key('cert.fingerprint', 'AA'.repeat(20)),
    rule: 'pin-does-not-match-keystore',
    said: /ports open, and no process lets another in/,
  },
  { name: 'a SHA-256 pin', lines: key('cert.fingerprint', 'AA'.repeat(32)), rule: 'pin-not-sha1', said: /./ },
  {
    name: 'a truststore of somebody else',
    lines: key('truststore', store('rest-trust.p12')),
    rule: 'truststore-does-not-trust-keystore',
    said: /./,
  },
  {
    name: 'a keystore that is not configured',
    lines: { 'security.ssl.internal.enabled': 'true' },
    rule: 'store-setting-missing',
    said: /the process does not start/,
  },
  {
    name: 'an expired self-signed certificate',
    lines: recorded('1.20.3-int-expired', 'jm'),
    stores: ['internal-expired.p12', 'internal-expired-trust.p12'],
    flink: '1.20.3',
    rule: 'stored-certificate-expired',
    said: /Nothing in Flink notices it: after a restart the cluster comes up although it should not/,
  },
  {
    name: 'the switch that 2.0 took away',
    lines: { 'security.ssl.enabled': 'true' },
    flink: '2.0.1',
    rule: 'removed-tls-switch',
    said: /./,
  },
  {
    name: 'a list of protocols',
    lines: { ...SOUND, 'security.ssl.protocol': 'TLSv1.2,TLSv1.3' },
    rule: 'protocol-list',
    said: /./,
  },
  {
    name: 'TLS 1.3 suites under TLS 1.2',
    lines: { ...SOUND, 'security.ssl.algorithms': 'TLS_AES_128_GCM_SHA256' },
    rule: 'suites-do-not-fit-protocol',
    said: /./,
  },
  {
    name: 'REST client authentication without a truststore, up to 1.17',
    lines: { ...REST, 'security.ssl.rest.authentication-enabled': 'true' },
    flink: '1.17.2',
    rule: 'rest-open-by-configuration',
    said: /the JobManager does not start/,
  },
];

async function foretold({
  lines,
  flink = '2.1.1',
  jdk = '17.0.18',
  stores = [],
}: Omit<Prediction, 'name' | 'rule' | 'said'>): Promise<Report> {
  const conf = typeof lines === 'string' ? lines : written(lines);
  const { stdout } = await flinkprobe([
    'audit',
    ...[`--conf=${conf}`, `--flink-version=${flink}`, `--jdk=${jdk}`, '--now=2026-11-23T00:00:00Z', '--format=json'],
    ...stores.map((name) => `--keystore=${store(name)}`),
  ]);
  return JSON.parse(stdout) as Report;
}

/** That say that something does not come up. */
const FATAL = /does not start|ends at its next start|no handshake|no process lets another in|shuts? .* out/;

t.test('what is sound is foretold to come up', async (t) => {
  for (const [flink, jdk] of [
    ['1.20.3', '17.0.18'],
    ['1.20.4', '21.0.10'],
    ['2.1.1', '24'],
  ] as const) {
    const { findings } = await foretold({ lines: SOUND, flink, jdk });
    t.strictSame(
      findings.filter(({ message }) => FATAL.test(message ?? '')),
      [],
      `${flink} on ${jdk}`,
    );
  }
  for (const [flink, jdk] of [
    ['1.20.3', '17.0.17'],
    ['1.20.3', '11.0.29'],
    ['2.2.1', '25.0.3'],
  ] as const) {
    const { findings } = await foretold({ lines: DEFAULT_SUITES, flink, jdk });
    t.notOk(
      findings.some(({ ruleId }) => ruleId === 'suites-refused-by-jdk'),
      `the default of ${flink} on ${jdk}`,
    );
  }
});

for (const { name, rule, said, ...asked } of PREDICTIONS) {
  t.test(`${name} is foretold by ${rule}`, async (t) => {
    const { findings, verdict } = await foretold(asked);
    const own = findings.filter(({ ruleId }) => ruleId === rule);
    t.ok(own.length > 0, findings.map(({ ruleId }) => ruleId).join(' '));
    t.ok(
      own.some(({ message }) => said.test(message ?? '')),
      own[0]?.message ?? 'nothing',
    );
    t.ok(
      own.some((one) => one.verdict === 'fail' && /high|critical/.test(one.severity)),
      own[0]?.severity ?? '',
    );
    t.equal(verdict, 'fail');
  });
}
