import t from 'tap';
import { analyse } from '../../src/cli/analysis.ts';
import { readConfigurations } from '../../src/cli/configuration-sources.ts';
import type { Finding, Report } from '../../src/model/report.ts';
import { formatJsonl } from '../../src/report/jsonl.ts';
import { redact } from '../../src/report/redact.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { formatText } from '../../src/report/text.ts';
import { flinkprobe } from '../support/command-line.ts';
import { type Recording, recordings } from '../support/expected.ts';
import { asking, PROFILES, profile } from '../support/policies.ts';
import { MUTUAL_TLS, named, run } from '../support/verification.ts';

const NOW = Date.parse('2026-11-22T18:00:00Z');
const recording = (name: string): Recording => recordings().find((one) => one.name === name)!;

async function judge(name: string, policy: string | ReturnType<typeof profile>, conf = false): Promise<Report> {
  const { path, configurations } = recording(name);
  const folders = configurations.map(({ member, folder }) => `${member}=${folder}`);
  return analyse({
    captures: [path],
    configurations: await readConfigurations({ conf: conf ? folders : [] }),
    expect: [],
    failOn: 'medium',
    now: NOW,
    policy: typeof policy === 'string' ? profile(policy) : policy,
  });
}

const ofPolicy = ({ findings }: Report): readonly Finding[] =>
  findings.filter(({ ruleId }) => ruleId.startsWith('policy-not-met'));
const failed = (report: Report): readonly string[] => [
  ...new Set(
    ofPolicy(report)
      .filter(({ verdict }) => verdict === 'fail')
      .map(({ title }) => / (\S+):/.exec(title)![1]!),
  ),
];

/**
 * Internal TLS of Flink 1.20.3 with its default suite TLS_RSA_WITH_AES_128_CBC_SHA, TLS 1.2, RSA 3072 with SHA-256 for a
 * year, REST in clear; as tshark reads it (captures/1.20.3-int.expected.json).
 */
t.test('the recorded cluster with the default of 1.20.3, by all profiles', async (t) => {
  for (const [name, expected] of [
    ['nist-800-52r2', ['cipher-suite', 'encrypt-then-mac']],
    ['bsi-tr-02102', ['cipher-suite', 'encrypt-then-mac']],
    ['flink-strict', ['cipher-suite', 'rest-tls']],
    ['flink-documented', ['rest-tls']],
    ['pci', ['rest-tls']],
  ] as const) {
    const report = await judge('1.20.3-int', name);
    // Whether a server would take TLS 1.3 is told only where a client offered it.
    t.strictSame(
      failed(report)
        .filter((id) => id !== 'tls13')
        .sort(),
      expected,
      name,
    );
    t.equal(report.verdict, 'fail');
  }
});

t.test('with ECDHE and GCM the lists are met', async (t) => {
  for (const name of ['nist-800-52r2', 'bsi-tr-02102', 'flink-strict'])
    t.notOk(failed(await judge('1.20.3-int-gcm', name)).includes('cipher-suite'), name);
});

t.test('the weak certificate of a recorded cluster meets no length and no hash', async (t) => {
  for (const name of ['nist-800-52r2', 'bsi-tr-02102', 'flink-strict', 'pci']) {
    const found = failed(await judge('1.20.3-int-weakcert', name));
    t.ok(found.includes('rsa-key') && found.includes('certificate-hash'), name);
  }
});

t.test('every report keeps the contract in every format, whatever the policy', async (t) => {
  for (const { policy } of PROFILES) {
    const report = await judge('1.20.3-all', policy, true);
    const parsed = reportSchema.safeParse(report);
    t.ok(parsed.success, parsed.success ? policy : JSON.stringify(parsed.error.issues.slice(0, 3)));
    t.ok(reportSchema.safeParse(redact(report)).success, policy);
    const { met, notMet, notJudged, requirements, unjudged, name } = report.policy!;
    t.equal(met + notMet + notJudged, requirements);
    t.equal(unjudged.length, notJudged);
    t.equal(notMet, failed(report).length, 'what is not met has a finding');
    t.equal(new Set(report.findings.map(({ fingerprint }) => fingerprint)).size, report.findings.length);
    for (const one of ofPolicy(report)) {
      t.ok(one.references.length > 0 && one.evidence.length + Number(one.verdict === 'inconclusive') > 0, one.title);
      for (const text of [one.message, one.expected, one.observed, one.remediation.text]) {
        t.not(text, '', one.title);
        t.notMatch(text, /undefined|\[object|NaN|\.\.$/, one.title);
      }
    }
    const text = formatText(report, { now: NOW });
    t.match(text.replace(/\s+/g, ' '), `policy ${name}: ${met} of ${requirements} requirements met, ${notMet} not met`);
    t.match(formatJsonl(report), `"policy":{"name":"${name}"`);
    t.match(
      formatText(report, { now: NOW, layout: 'plain' }),
      `policy\t${name}\t${requirements}\t${met}\t${notMet}\t${notJudged}\t`,
    );
  }
});

t.test('a run without a policy has nothing of it', async (t) => {
  const { path } = recording('1.20.3-int');
  const report = await analyse({ captures: [path], configurations: [], expect: [], failOn: 'medium', now: NOW });
  t.notOk('policy' in report);
  t.strictSame(ofPolicy(report), []);
  t.notMatch(formatText(report, { now: NOW }), /^policy /m);
});

t.test('one fact is told in full once: the requirement keeps its source and leaves the rest to the rule', async (t) => {
  const report = await judge('1.20.3-int', 'bsi-tr-02102');
  const suites = report.findings.filter(({ title }) => title === 'bsi-tr-02102 cipher-suite: cipher suites');
  t.ok(suites.length > 0);
  for (const one of suites) {
    const teller = report.findings.find(
      (other) => other.ruleId === 'static-rsa-key-exchange' && other.endpoint?.port === one.endpoint?.port,
    );
    t.ok(teller, 'the rule tells it too');
    t.match(one.message, /static-rsa-key-exchange tells the proof and what mends it\.$/);
    t.match(one.remediation, { text: 'Do what static-rsa-key-exchange says.', settings: {} });
    t.equal(one.severity, 'high', 'its own severity');
    t.equal(teller!.severity, 'medium');
  }
});

t.test('what a configuration promises and an endpoint was seen to serve is one finding with both proofs', async (t) => {
  const [wire, both] = [await judge('1.20.3-int', 'pci'), await judge('1.20.3-int', 'pci', true)];
  const rest = (report: Report): readonly Finding[] =>
    ofPolicy(report).filter(({ title, channel }) => title.startsWith('pci rest-tls') && channel === 'rest');
  t.equal(rest(wire).length, 1);
  const jm = rest(both).filter(({ endpoint, file }) => (endpoint?.member ?? file?.member) === 'jm');
  t.equal(jm.length, 1);
  t.match(jm[0], { ruleId: 'policy-not-met-on-the-wire', witnesses: { wire: 'fail', promise: 'fail' } });
});

t.test('a policy takes the place of the default policy where no configuration speaks', async (t) => {
  const report = await judge('1.20.3-int', 'flink-strict');
  const rest = report.expectations.find(({ channel }) => channel === 'rest');
  t.match(rest, { basis: 'policy', tls: 'required', clientAuthentication: 'required' });
  const clear = report.findings.find(({ ruleId }) => ruleId === 'plaintext-channel');
  t.match(clear!.expected, /\(policy flink-strict\)/);
});

t.test('verify judges by it too: what a probe got accepted, and what it was not asked', async (t) => {
  const suites = { 'TLSv1.2': ['TLS_RSA_WITH_AES_128_CBC_SHA', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'] };
  const accepted = { versions: ['TLSv1.2'], cipherSuites: suites, namedGroups: ['x25519'], signatureSchemes: [] };
  const answers = { '10.0.0.1:6124': { ...MUTUAL_TLS, tls: { ...MUTUAL_TLS.tls!, accepted } } };
  const asked = { named: named('blob-server=10.0.0.1:6124') };
  const report = await run({ ...asked, policy: profile('nist-800-52r2') }, { answers });
  // Of the groups P-256 and P-384 the probe was given neither: that was asked, and is not met.
  t.strictSame([...failed(report)].sort(), ['cipher-suite', 'encrypt-then-mac', 'nist-curve', 'tls13', 'validity']);
  t.match(
    ofPolicy(report).find(({ title }) => title.includes('cipher-suite'))!.observed,
    'TLS_RSA_WITH_AES_128_CBC_SHA (accepted)',
  );
  t.match(report.policy, { name: 'nist-800-52r2', notMet: 5, notJudged: 0 });
  t.notOk('policy' in (await run(asked, { answers })));
});

t.test("the address in a source of one's own does not leave the house", async (t) => {
  const source = ['https://wiki.acme.example/tls'];
  const policy = asking({ id: 'a', served: 'cipher-suite', 'one-of': ['TLS_AES_256_GCM_SHA384'], source });
  const report = await judge('1.20.3-int-gcm', policy);
  t.ok(ofPolicy(report).length > 0);
  t.notMatch(JSON.stringify(redact(report)), 'acme.example');
  const shipped = redact(await judge('1.20.3-int', 'flink-strict'));
  t.ok(ofPolicy(shipped).some(({ references }) => references.some((one) => one.includes('rfc-editor.org'))));
});

t.test('the command line: list, explain, audit with a profile and with a file that is wrong', async (t) => {
  const listed = await flinkprobe(['list', 'policies']);
  for (const { policy } of PROFILES) t.match(listed.stdout, new RegExp(`^${policy} +\\d+ requirements`, 'm'));
  t.equal(JSON.parse((await flinkprobe(['list', 'policies', '--format', 'json'])).stdout).length, PROFILES.length);
  const explained = await flinkprobe(['explain', 'bsi-tr-02102']);
  t.equal(explained.status, 0);
  for (const { id, reason } of PROFILES.find(({ policy }) => policy === 'bsi-tr-02102')!.requirements) {
    t.match(explained.stdout, `  ${id}  `);
    t.match(explained.stdout.replace(/\s+/g, ' '), reason);
  }
  const conf = recording('1.20.3-all').configurations.find(({ member }) => member === 'jm')!.folder;
  const audited = await flinkprobe(['audit', '--conf', conf, '--policy', 'nist-800-52r2', '--format', 'json']);
  t.match(JSON.parse(audited.stdout).policy, { name: 'nist-800-52r2', requirements: 12 });
  const wrong = await flinkprobe(['audit', '--conf', conf, '--policy', conf]);
  t.equal(wrong.status, 3);
  t.match(wrong.stderr, /--policy: .*: is a folder/);
});
