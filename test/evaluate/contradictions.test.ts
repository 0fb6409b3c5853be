import t from 'tap';
import type { Finding, Report } from '../../src/model/report.ts';
import { ALL, RENEWED, report, type Witnesses } from '../support/four-witnesses.ts';

/**
 * A cluster of which four witnesses say the same, and of each pair of witnesses one contradiction, made by changing what
 * one of them is given: another certificate on disk or at a port, a line of a configuration, a line of a log.
 */
type Witness = keyof Finding['witnesses'];

const told = ({ findings }: Report): string[] => [...new Set(findings.map(({ ruleId }) => ruleId))].sort();

function replacing(from: string | RegExp, to: string): (text: string) => string {
  return (text) => {
    const changed = text.replaceAll(from, to);
    if (changed === text) throw new Error(`nothing to change: ${from}`);
    return changed;
  };
}

const ONE_SUITE = replacing(/(security\.ssl\.algorithms: ).*/g, '$1TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384');
const RPC_IN_CLEAR = replacing('pekko.ssl.tcp://flink@jm:6123', 'pekko.tcp://flink@jm:6123');
const DATA_IN_CLEAR = replacing('ssl enabled: true', 'ssl enabled: false');

interface Pair {
  readonly witnesses: readonly [Witness, Witness];
  /** The two alone, of one mind. */
  readonly agree: Witnesses;
  /** One of them says something else. */
  readonly change: Partial<Witnesses>;
  readonly rule: string;
  /** Who is accused, by process and channel. */
  readonly accused: readonly string[];
  /** What the two say in the finding. */
  readonly says: readonly ['pass' | 'fail', 'pass' | 'fail'];
  /** Evidence of the first and of the second witness. */
  readonly evidence: readonly [Partial<Record<'text' | 'file', RegExp>>, Partial<Record<'text' | 'file', RegExp>>];
  /** Where all four are heard, the changed one contradicts the others too. */
  readonly withAll: readonly string[];
}

const { wire, handshake, promise, disk, record } = ALL as Required<Witnesses>;
const jmLog = (change: (text: string) => string) => (text: string, member: string) =>
  member === 'jm' ? change(text) : text;
const tm1Log = (change: (text: string) => string) => (text: string, member: string) =>
  member === 'tm1' ? change(text) : text;

const PAIRS: readonly Pair[] = [
  {
    witnesses: ['wire', 'handshake'],
    agree: { wire, handshake },
    change: { handshake: 'internal-renewed.p12' },
    rule: 'wire-and-handshake-differ',
    accused: ['jm jobmanager-rpc', 'tm1 taskmanager-data', 'tm2 taskmanager-data', 'jm blob-server'],
    says: ['fail', 'fail'],
    evidence: [{ text: /-> .*showed CN=internal.*bb31100a/ }, { text: /showed CN=internal.*6719e26a/ }],
    withAll: ['served-certificate-is-not-the-one-on-disk', 'wire-and-handshake-differ'],
  },
  {
    witnesses: ['wire', 'promise'],
    agree: { wire, promise, disk },
    change: { disk: RENEWED },
    rule: 'served-certificate-is-not-the-one-on-disk',
    accused: ['jm jobmanager-rpc', 'tm1 taskmanager-data', 'tm2 taskmanager-data'],
    says: ['fail', 'pass'],
    evidence: [{ text: /-> .*shows CN=internal.*bb31100a/ }, { file: /internal\.p12$/, text: /holds .*6719e26a/ }],
    withAll: ['served-certificate-is-not-the-one-on-disk'],
  },
  {
    witnesses: ['wire', 'record'],
    agree: { wire, record },
    change: { record: jmLog(RPC_IN_CLEAR) },
    rule: 'log-and-wire-differ',
    accused: ['jm jobmanager-rpc'],
    says: ['pass', 'fail'],
    evidence: [{ text: /-> jm.*TLSv1\.2/ }, { file: /jm\.log$/, text: /^line \d+: .*pekko\.tcp/ }],
    withAll: ['log-and-wire-differ'],
  },
  {
    witnesses: ['handshake', 'promise'],
    agree: { handshake, promise },
    change: { promise: ONE_SUITE },
    rule: 'configured-tls-is-not-served',
    accused: ['jm jobmanager-rpc', 'tm1 taskmanager-data', 'tm2 taskmanager-data', 'jm blob-server'],
    says: ['fail', 'pass'],
    evidence: [
      { text: /accepted TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256/ },
      { file: /config\.yaml$/, text: /AES_256_GCM_SHA384 \(line \d+\)$/ },
    ],
    withAll: ['configured-tls-is-not-served', 'log-and-configuration-differ'],
  },
  {
    witnesses: ['handshake', 'record'],
    agree: { handshake, record },
    change: { record: tm1Log(DATA_IN_CLEAR) },
    rule: 'log-and-wire-differ',
    accused: ['tm1 taskmanager-data'],
    says: ['pass', 'fail'],
    evidence: [{ text: /tm1 \(10\.77\.0\.2:6121\).*TLSv1\.2/ }, { file: /tm1\.log$/, text: /^line \d+: / }],
    withAll: ['log-and-wire-differ'],
  },
  {
    witnesses: ['promise', 'record'],
    agree: { promise, disk, record },
    change: { promise: ONE_SUITE },
    rule: 'log-and-configuration-differ',
    accused: ['jm unknown', 'tm1 unknown'],
    says: ['pass', 'fail'],
    evidence: [
      { text: /configured: TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 \(config\.yaml:\d+\)/ },
      { file: /\.log$/, text: /^line \d+: / },
    ],
    withAll: ['configured-tls-is-not-served', 'log-and-configuration-differ'],
  },
];

const WITNESSES: readonly Witness[] = ['wire', 'handshake', 'promise', 'record'];

t.test('four witnesses that agree tell nothing, and the coverage names what each says', async (t) => {
  const { findings, verdict, coverage } = await report(ALL);
  t.strictSame(
    findings.map(({ ruleId, message }) => `${ruleId}: ${message}`),
    [],
  );
  t.equal(verdict, 'pass');
  const rpc = coverage.find(({ channel }) => channel === 'jobmanager-rpc');
  t.match(rpc, {
    verdict: 'pass',
    witnesses: WITNESSES,
    says: { wire: 'pass', handshake: 'pass', promise: 'pass', record: 'pass' },
  });
});

for (const { witnesses, agree, change, rule, accused, says, evidence, withAll } of PAIRS) {
  const [first, second] = witnesses;
  t.test(`${first} against ${second}: ${rule}`, async (t) => {
    const silent = await report(agree);
    t.strictSame(
      silent.findings.map(({ ruleId, message }) => `${ruleId}: ${message}`),
      [],
      'of one mind they tell nothing',
    );
    const heard = new Set(silent.coverage.flatMap((one) => one.witnesses));
    t.strictSame(
      WITNESSES.filter((one) => heard.has(one)),
      WITNESSES.filter((one) => witnesses.includes(one)),
    );

    const torn = await report({ ...agree, ...change });
    t.strictSame(told(torn), [rule]);
    t.strictSame(
      torn.findings.map(({ endpoint, file, channel }) => `${endpoint?.member ?? file?.member} ${channel}`),
      accused,
    );
    for (const finding of torn.findings) {
      t.strictSame([finding.witnesses[first], finding.witnesses[second]], says, 'what the two say');
      for (const other of WITNESSES.filter((one) => !witnesses.includes(one)))
        t.equal(finding.witnesses[other], 'not-heard', other);
      for (const one of evidence)
        t.ok(
          finding.evidence.some((shown) => matches(shown, one)),
          `${one.text}`,
        );
    }
    t.not(torn.verdict, 'pass');
  });

  t.test(`${first} against ${second}, with all four heard`, async (t) => {
    const torn = await report({ ...ALL, ...change });
    t.strictSame(told(torn), withAll);
    const own = torn.findings.filter(({ ruleId }) => ruleId === rule);
    for (const one of witnesses)
      t.ok(
        own.some((finding) => finding.witnesses[one] !== 'not-heard'),
        one,
      );
  });
}

function matches(shown: Finding['evidence'][number], wanted: Partial<Record<'text' | 'file', RegExp>>): boolean {
  return (wanted.text?.test(shown.text) ?? true) && (wanted.file?.test(shown.file ?? '') ?? true);
}
