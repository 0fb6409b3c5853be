import path from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { loadRules } from '../../src/evaluate/directory.ts';
import type { Report } from '../../src/model/report.ts';
import { formatSarif, type SarifOptions } from '../../src/report/sarif.ts';
import { everyKindReport, hostileReport, hostileText } from '../support/hostile-reports.ts';
import { python, withoutPython } from '../support/python.ts';
import { recordedReport } from '../support/recorded-report.ts';
import { read, root } from '../support/repository.ts';
import { cleanReport, finding, sampleReport } from '../support/sample-report.ts';

/** As far as it is looked at here. */
interface Run {
  readonly tool: { readonly driver: { readonly rules: readonly Rule[] } };
  readonly invocations: readonly [
    {
      readonly executionSuccessful: boolean;
      readonly exitCode?: number;
      readonly toolExecutionNotifications: readonly {
        readonly level: string;
        readonly message: { readonly text: string };
        readonly associatedRule?: { readonly id: string };
      }[];
    },
  ];
  readonly artifacts: readonly { readonly location: { readonly uri: string; readonly uriBaseId?: string } }[];
  readonly results: readonly Result[];
  readonly properties: { readonly notSeen: readonly string[] };
}

interface Rule {
  readonly id: string;
  readonly fullDescription: { readonly text: string };
  readonly help: { readonly text: string; readonly markdown: string };
  readonly defaultConfiguration: { readonly level: string };
  readonly properties: Readonly<Record<string, unknown>>;
}

interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly kind: string;
  readonly level: string;
  readonly message: { readonly text: string };
  readonly locations: readonly [
    {
      readonly physicalLocation: {
        readonly artifactLocation: { readonly uri: string; readonly uriBaseId?: string; readonly index: number };
        readonly region: { readonly startLine: number };
      };
      readonly logicalLocations: readonly [{ readonly fullyQualifiedName: string }];
    },
  ];
  readonly partialFingerprints: Readonly<Record<string, string>>;
  readonly suppressions?: readonly { readonly kind: string; readonly justification: string }[];
}

function runOf(report: Report, options: SarifOptions = {}): Run {
  return (JSON.parse(formatSarif(report, options)) as { runs: [Run] }).runs[0];
}

const rules = await loadRules();
const recorded = await recordedReport('1.20.3-w-off');

t.test(
  'each kind of finding has its kind, its level, and its place among the results or the notifications',
  async (t) => {
    const { results, invocations } = runOf(everyKindReport());
    t.strictSame(
      results.map(({ ruleId, kind, level }) => [ruleId, kind, level]),
      [
        ['rule-failing', 'fail', 'error'],
        ['rule-waived', 'fail', 'error'],
        ['rule-low', 'fail', 'note'],
        ['rule-info', 'informational', 'none'],
        ['rule-undecided', 'open', 'none'],
      ],
    );
    t.strictSame(
      results.map(({ suppressions }) => suppressions?.map(({ kind, justification }) => [kind, justification])),
      [[], [['external', 'encrypted by the mesh (waiver metrics-2026, platform-team, until 2026-12-31)']], [], [], []],
    );
    const [{ executionSuccessful, exitCode, toolExecutionNotifications }] = invocations;
    t.equal(executionSuccessful, false);
    t.equal(exitCode, undefined, 'that of an interrupted run is not known');
    t.strictSame(
      toolExecutionNotifications
        .filter(({ level }) => level === 'error')
        .map(({ message, associatedRule }) => [message.text, associatedRule?.id]),
      [
        ['threw TypeError: no such thing', 'rule-threw'],
        ['The run was interrupted: this is what was found so far.', undefined],
        ['metrics-query-service: asked for, not seen.', undefined],
      ],
    );
  },
);

t.test('channels that nobody saw are named, and damage of inputs is a warning', async (t) => {
  const { properties, invocations } = runOf(sampleReport());
  t.strictSame(properties.notSeen, ['taskmanager-rpc', 'metrics-query-service']);
  t.match(
    invocations[0].toolExecutionNotifications
      .filter(({ level }) => level === 'warning')
      .map(({ message }) => message.text),
    [/2 gaps \(4 KiB missing\)/, /truncated-record at byte 1607/],
  );
});

t.test('exit codes are those of the command line', async (t) => {
  const code = (change: Partial<Report>): number | undefined => runOf(cleanReport(change)).invocations[0].exitCode;
  t.equal(code({}), 0);
  t.equal(code({ verdict: 'fail' }), 1);
  t.equal(code({ verdict: 'inconclusive' }), 2);
  t.equal(code({ verdict: 'inconclusive', findings: [finding({ verdict: 'error' })] }), 4);
});

t.test('findings of the network stand at the line of the configuration that declares their channel', async (t) => {
  const [rest, rpc] = runOf(recorded).results;
  // `security.ssl.internal.enabled: false` of tm2: what the capture's own configuration has on that line.
  const { artifactLocation, region } = rpc!.locations[0].physicalLocation;
  t.equal(artifactLocation.uri, 'captures/1.20.3-w-off.conf/tm2/config.yaml');
  t.equal(read(artifactLocation.uri).split('\n')[region.startLine - 1], 'security.ssl.internal.enabled: false');
  t.equal(rpc!.locations[0].logicalLocations[0].fullyQualifiedName, 'jobmanager-rpc/tm2/tm2 10.77.0.3 (client)');
  // REST's TLS is off by default: no line says so, and the capture shows it.
  t.equal(rest!.locations[0].physicalLocation.artifactLocation.uri, 'captures/1.20.3-w-off.pcap.gz');
});

t.test('a place in a file keeps its line, an absolute path has a base, an endpoint alone has an address', async (t) => {
  const { endpoint: _, ...file } = finding({ file: { path: '/etc/flink conf/config.yaml', line: 12 } });
  const windows = { ...file, file: { path: 'C:\\flink\\conf\\config.yaml' } };
  const { results } = runOf(cleanReport({ findings: [file, windows, finding()], expectations: [] }));
  t.match(
    results.map(({ locations }) => locations[0].physicalLocation),
    [
      {
        artifactLocation: { uri: 'etc/flink%20conf/config.yaml', uriBaseId: 'FILE_SYSTEM' },
        region: { startLine: 12 },
      },
      { artifactLocation: { uri: 'C%3A/flink/conf/config.yaml', uriBaseId: 'FILE_SYSTEM' }, region: { startLine: 1 } },
      { artifactLocation: { uri: 'endpoints/taskmanager-data/tm2' } },
    ],
  );
});

t.test('fingerprints are equal across runs and differ between endpoints', async (t) => {
  const prints = (report: Report): string[] =>
    runOf(report).results.map(({ partialFingerprints }) => partialFingerprints['flinkprobe/v1']!);
  t.strictSame(prints(recorded), prints(await recordedReport('1.20.3-w-off')));
  t.equal(new Set(prints(recorded)).size, recorded.findings.length);
  t.ok(prints(recorded).length > 1);
});

t.test('rules explain themselves, and have the severity that code scanning sorts by', async (t) => {
  const { tool, results } = runOf(recorded, { rules });
  for (const { ruleId, ruleIndex } of results) t.equal(tool.driver.rules[ruleIndex]!.id, ruleId);
  const [mixed, clear] = tool.driver.rules;
  t.strictSame([mixed!.id, clear!.id], ['mixed-tls-and-clear', 'plaintext-channel']);
  const known = rules.find(({ id }) => id === 'plaintext-channel')!;
  t.equal(clear!.fullDescription.text, known.rationale);
  t.ok(
    clear!.help.text.includes(known.decides) && clear!.help.markdown.includes('flinkprobe explain plaintext-channel'),
  );
  // GitHub: over 9.0 is critical, 7.0 to 8.9 high.
  t.equal(clear!.properties['security-severity'], '9.5');
  t.equal(mixed!.properties['security-severity'], '8.0');
});

const VALIDATE = `
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
validator = jsonschema.validators.validator_for(schema)(schema, format_checker=jsonschema.FormatChecker())
print(json.dumps([[f'{list(e.absolute_path)}: {e.message[:200]}' for e in validator.iter_errors(one)] for one in json.load(sys.stdin)]))
`;

t.test('it is valid by the schema of OASIS', { skip: withoutPython('jsonschema') }, async (t) => {
  const hostile = fc.sample(hostileText, { numRuns: 15, seed: 7 }).map(hostileReport);
  const reports = [sampleReport(), cleanReport(), everyKindReport(), recorded, ...hostile];
  const texts = reports.map((report) => formatSarif(report, { rules }));
  const broken = texts[0]!.replace('"kind": "fail"', '"kind": "bad"');
  const schema = path.join(root, 'test/vectors/formats/sarif-2.1.0.json');
  const [last, ...faults] = (python(VALIDATE, `[${[...texts, broken].join(',')}]`, [schema]) as string[][]).reverse();
  t.strictSame(faults.flat(), []);
  t.equal(last!.length, 1, 'a fault would be found');
});

t.test('whatever a path or a name holds, every address is a relative URI and every place is an artifact', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(hostileText, (text) => {
        const { results, artifacts } = runOf(hostileReport(text));
        for (const { locations, partialFingerprints } of results) {
          const { uri, index } = locations[0].physicalLocation.artifactLocation;
          if (!/^[\w.!~*'()%-]+(?:\/[\w.!~*'()%-]+)*$/.test(uri) || artifacts[index]!.location.uri !== uri)
            return false;
          if (new URL(uri, 'file:///base/').protocol !== 'file:') return false;
          if (!partialFingerprints.primaryLocationLineHash) return false;
        }
        return results.length === 3;
      }),
      { numRuns: 300 },
    ),
  );
});
