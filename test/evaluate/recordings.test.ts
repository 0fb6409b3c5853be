import t from 'tap';
import { analyse } from '../../src/cli/analysis.ts';
import { readConfigurations } from '../../src/cli/configuration-sources.ts';
import { CHANNEL_IDS } from '../../src/model/channel.ts';
import { type Finding, type Report, SEVERITIES } from '../../src/model/report.ts';
import { formatJsonl } from '../../src/report/jsonl.ts';
import { displayWidth } from '../../src/report/layout.ts';
import { formatNagios } from '../../src/report/nagios.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { formatText } from '../../src/report/text.ts';
import { type Recording, recordings } from '../support/expected.ts';

/** What the contract asks of every report, held against the reports of all recordings. */
const NOW = Date.parse('2026-11-22T15:00:00Z');

const folders = (one: Recording): readonly string[] =>
  one.configurations.map(({ member, folder }) => `${member}=${folder}`);

const judge = async (one: Recording, conf: readonly string[], names = ''): Promise<Report> =>
  analyse({
    captures: [one.path],
    configurations: await readConfigurations({ conf }),
    names,
    expect: [],
    failOn: 'medium',
    now: NOW,
  });

const rank = (finding: Finding): number =>
  SEVERITIES.indexOf(finding.severity) * 100 + (CHANNEL_IDS as readonly string[]).indexOf(finding.channel);

for (const one of recordings()) {
  for (const kind of ['policy', 'conf'] as const) {
    t.test(`the report of ${one.name} (${kind}) keeps the contract in every format`, async (t) => {
      const report = await judge(one, kind === 'policy' ? [] : folders(one));
      const parsed = reportSchema.safeParse(report);
      t.ok(parsed.success, parsed.success ? 'schema' : JSON.stringify(parsed.error.issues.slice(0, 3)));

      const ids = new Set(report.observations.map(({ id }) => id));
      t.equal(ids.size, report.observations.length, 'ids are unique');
      for (const finding of report.findings) {
        const { ruleId, evidence, remediation, witnesses } = finding;
        for (const text of [finding.message, finding.expected, finding.observed, remediation.text]) {
          t.not(text, '', ruleId);
          t.notMatch(text, /undefined|\[object|NaN|\.\.$/, ruleId);
        }
        const isSeen = witnesses.wire !== 'not-heard';
        const proof = evidence.some(({ frame, file }) => (isSeen ? frame : file) !== undefined);
        t.ok(proof, `${ruleId} has a frame, or the file of a configuration`);
        for (const { observation } of evidence) t.ok(observation === undefined || ids.has(observation), ruleId);
        t.ok(finding.references.length > 0, ruleId);
        t.equal(isSeen ? witnesses.wire : witnesses.promise, finding.verdict, ruleId);
        t.equal(witnesses.handshake, 'not-heard');
        if (kind === 'policy') t.equal(witnesses.promise, 'not-heard');
      }
      t.equal(new Set(report.findings.map((finding) => finding.fingerprint)).size, report.findings.length);
      const ranks = report.findings.map(rank);
      t.strictSame(
        ranks,
        [...ranks].sort((a, b) => a - b),
        'by severity, then channel',
      );

      for (const width of [80, 100, 140]) {
        const lines = formatText(report, { width, now: NOW }).split('\n');
        const tooWide = lines.filter((line) => displayWidth(line) > width && !/^ {14}\S/.test(line));
        t.strictSame(tooWide, [], `${width} columns`);
      }
      const records = formatJsonl(report)
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).record as string);
      t.equal(records.filter((record) => record === 'observation').length, report.observations.length);
      t.equal(records.filter((record) => record === 'finding').length, report.findings.length);
      t.equal(records.at(-1), 'summary');
      const states = {
        pass: /^FLINKPROBE (OK|WARNING) /,
        fail: /^FLINKPROBE CRITICAL /,
        inconclusive: /^FLINKPROBE UNKNOWN /,
      };
      t.match(formatNagios(report, { now: NOW }), states[report.verdict]);
    });
  }
}

const named = (name: string): Recording => recordings().find((one) => one.name === name)!;

t.test('a configuration that asks for TLS, and a wire in clear: critical, with key, file and line', async (t) => {
  const promised = folders(named('1.20.3-all'));
  const report = await judge(named('1.20.3-off'), promised);
  const clear = report.findings.filter((finding) => finding.ruleId === 'plaintext-channel');
  t.strictSame(
    clear.map(({ channel }) => channel),
    ['rest', 'jobmanager-rpc', 'taskmanager-data', 'taskmanager-data', 'blob-server'],
  );
  for (const { severity, channel, expected, remediation, witnesses } of clear) {
    t.equal(severity, 'critical');
    const key = channel === 'rest' ? 'security.ssl.rest.enabled' : 'security.ssl.internal.enabled';
    t.match(
      expected,
      new RegExp(`${key.replaceAll('.', '\\.')}: true \\(.*1\\.20\\.3-all\\.conf/jm/config\\.yaml:\\d+\\)`),
    );
    t.match(remediation.text, /asks for TLS already/);
    t.strictSame(remediation.settings, {});
    t.equal(witnesses.promise, 'pass');
  }
});

t.test('opt-outs are told with their file and line, and are what the cure asks for', async (t) => {
  const keys = {
    dataoff: 'taskmanager.data.ssl.enabled',
    rpcoff: 'pekko.ssl.enabled',
    bloboff: 'blob.service.ssl.enabled',
  };
  for (const [name, key] of Object.entries(keys)) {
    const one = named(`1.20.3-int-${name}`);
    const report = await judge(one, folders(one));
    const found = report.findings.filter(({ ruleId, channel }) => ruleId === 'plaintext-channel' && channel !== 'rest');
    t.ok(found.length > 0);
    for (const { expected, remediation, witnesses } of found) {
      t.match(
        expected,
        new RegExp(`does not ask for it: ${key.replaceAll('.', '\\.')}: false \\(.*/config\\.yaml:\\d+\\)`),
      );
      t.strictSame(remediation.settings, { [key]: 'true' });
      t.equal(witnesses.promise, 'fail');
    }
  }
});

t.test('the odd member’s own configuration is named, in both syntaxes', async (t) => {
  for (const [name, file] of [
    ['1.20.3-w-off', 'tm2/config.yaml:19'],
    ['1.17.2-w-off', 'tm2/flink-conf.yaml:19'],
  ] as const) {
    const mixed = (await judge(named(name), folders(named(name)))).findings.find(
      ({ ruleId }) => ruleId === 'mixed-tls-and-clear',
    );
    t.equal(mixed?.endpoint?.member, 'tm2');
    t.match(mixed?.expected, `security.ssl.internal.enabled: false (`);
    t.match(mixed?.expected, file);
    t.equal(mixed?.witnesses.promise, 'fail');
  }
});

t.test(
  'Pekko connections with control frames only are not taken for JobManager RPC, and the port is all there is',
  async (t) => {
    const report = await judge(named('1.20.3-w-rolling'), []);
    const idle = report.observations.filter(({ server }) => server.port === 6126);
    t.equal(idle.length, 2);
    for (const { channel, channelBasis } of idle)
      t.strictSame([channel, channelBasis], ['metrics-query-service', 'port']);
  },
);

t.test('the same capture gives the same report, but for the times of the run', async (t) => {
  const one = named('1.20.3-w-rolling');
  const timeless = ({ startedAt: _, finishedAt: __, ...report }: Report) => report;
  t.strictSame(timeless(await judge(one, folders(one))), timeless(await judge(one, folders(one))));
});
