import type { Finding, Report } from '../model/report.ts';
import type { Rule } from '../model/rule.ts';
import { listeningOf, processOf, proof, settingLines } from './finding-text.ts';
import { qualityTexts } from './input-texts.ts';
import { codeBlock, inText } from './markdown-escape.ts';
import { printable } from './printable.ts';
import { SarifPlaces } from './sarif-places.ts';
import { LEVELS, sarifRules } from './sarif-rules.ts';
import { shortfalls, unseenChannels } from './verdict-lines.ts';

/** What of a rule a SARIF viewer shows. */
export type RuleText = Pick<Rule, 'id' | 'title' | 'severity' | 'rationale' | 'decides' | 'remediation' | 'references'>;

export interface SarifOptions {
  /** Rules that may have spoken; those that are missing here are described by their findings. */
  readonly rules?: readonly RuleText[];
}

/** Where the published JSON Schema of OASIS lies; viewers tell the version by it. */
const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

/**
 * The report as SARIF 2.1.0 (OASIS), for code scanning. One result a finding, with the line of the configuration that
 * declares its channel where one is known, its endpoint as logical location and its fingerprint.
 *
 * What could not be decided is of kind `open`, hints of kind `informational`. Waived findings are suppressed, not left
 * out. A rule that threw, an interrupted run and damaged inputs are notifications: they are faults of the run.
 */
export function formatSarif(report: Report, options: SarifOptions = {}): string {
  return `${JSON.stringify(sarifLog(report, options), undefined, 2)}\n`;
}

function sarifLog(report: Report, { rules = [] }: SarifOptions): object {
  const told = report.findings.filter(({ verdict }) => verdict !== 'error');
  const descriptors = sarifRules(report.findings, rules);
  const indexOf = new Map(descriptors.map(({ id }, index) => [id, index]));
  const places = new SarifPlaces(report);
  const listening = listeningOf(report);
  const results = told.map((finding) =>
    result(finding, report, { places, listening, ruleIndex: indexOf.get(finding.ruleId) }),
  );
  const { name, version } = report.producer;
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name, version, semanticVersion: version, rules: descriptors } },
        automationDetails: { id: `${name}/${report.command}/` },
        invocations: [invocation(report, indexOf)],
        originalUriBaseIds: places.bases(),
        artifacts: places.artifacts(),
        columnKind: 'utf16CodeUnits',
        results,
        properties: {
          verdict: report.verdict,
          complete: report.complete,
          notSeen: unseenChannels(report),
          coverage: report.coverage,
        },
      },
    ],
  };
}

interface ResultContext {
  readonly listening: ReadonlySet<string>;
  readonly places: SarifPlaces;
  readonly ruleIndex: number | undefined;
}

function result(finding: Finding, report: Report, { places, listening, ruleIndex }: ResultContext): object {
  const { ruleId, severity, verdict, change, fingerprint, waived } = finding;
  const kind = verdict === 'inconclusive' ? 'open' : severity === 'info' ? 'informational' : 'fail';
  return {
    ruleId,
    ...(ruleIndex === undefined ? {} : { ruleIndex }),
    kind,
    level: kind === 'fail' ? LEVELS[severity] : 'none',
    message: message(finding),
    locations: [
      {
        physicalLocation: places.physicalLocation(finding),
        logicalLocations: [logicalLocation(finding, listening)],
      },
    ],
    // `primaryLocationLineHash` is what GitHub tells alerts by; without it, it hashes the line of the configuration.
    partialFingerprints: { 'flinkprobe/v1': fingerprint, primaryLocationLineHash: `${fingerprint}:1` },
    ...(change === undefined ? {} : { baselineState: BASELINE[change] }),
    ...(waived === null && report.waivers === undefined ? {} : { suppressions: suppressions(finding) }),
    properties: {
      severity,
      channel: finding.channel,
      expected: printable(finding.expected),
      observed: printable(finding.observed),
      witnesses: finding.witnesses,
      evidence: finding.evidence.map((one) => ({ ...one, text: printable(one.text) })),
      ...(finding.firstSeen === undefined ? {} : { firstSeen: finding.firstSeen }),
    },
  };
}

/** Section 3.27.24. Findings that are gone are in no SARIF of ours: viewers would show them as open. */
const BASELINE: Readonly<Record<NonNullable<Finding['change']>, string>> = {
  new: 'new',
  unchanged: 'unchanged',
  weaker: 'updated',
  fixed: 'absent',
};

function suppressions({ waived }: Finding): object[] {
  if (waived === null) return [];
  const { id, until, owner, reason } = waived;
  return [
    {
      kind: 'external',
      status: 'accepted',
      justification: printable(`${reason} (waiver ${id}, ${owner}, until ${until})`),
      properties: { id: printable(id), owner: printable(owner), until },
    },
  ];
}

/** Sentences, then proof and fix; GitHub shows the text as it is, other viewers the Markdown. */
function message(finding: Finding): { readonly text: string; readonly markdown: string } {
  const { title, expected, observed, evidence, remediation } = finding;
  const proofs = evidence.map((one) => printable(proof(one)));
  const settings = settingLines(remediation.settings);
  const command = remediation.command === null ? [] : [printable(remediation.command)];
  const said = finding.message === '' ? title : `${title}. ${finding.message}`;
  const plain = [
    printable(said),
    ...(expected === '' ? [] : [`Expected: ${printable(expected)}`]),
    ...(observed === '' ? [] : [`Observed: ${printable(observed)}`]),
    ...proofs.map((text) => `Proof: ${text}`),
    ...(remediation.text === '' ? [] : [`Fix: ${printable(remediation.text)}`]),
    ...settings.map((line) => `  ${line}`),
    ...command.map((line) => `  ${line}`),
  ];
  const rich = [
    inText(said),
    ...(expected === '' ? [] : [`**Expected:** ${inText(expected)}`]),
    ...(observed === '' ? [] : [`**Observed:** ${inText(observed)}`]),
    ...(proofs.length === 0 ? [] : [codeBlock(proofs, 'text')]),
    ...(remediation.text === '' ? [] : [`**Fix:** ${inText(remediation.text)}`]),
    ...(settings.length === 0 ? [] : [codeBlock(settings, 'yaml')]),
    ...(command.length === 0 ? [] : [codeBlock(command, 'sh')]),
  ];
  return { text: plain.join('\n'), markdown: rich.join('\n\n') };
}

function logicalLocation({ channel, endpoint, file }: Finding, listening: ReadonlySet<string>): object {
  const member = endpoint?.member ?? file?.member;
  const place = endpoint === undefined ? (member ?? 'all members') : processOf(endpoint, listening);
  return {
    name: printable(place),
    fullyQualifiedName: printable([channel, ...(member === undefined ? [] : [member]), place].join('/')),
    kind: endpoint === undefined ? 'process' : 'endpoint',
  };
}

function invocation(report: Report, indexOf: ReadonlyMap<string, number>): object {
  const thrown = report.findings.filter(({ verdict }) => verdict === 'error');
  const faults = [
    ...thrown.map((finding) => ({
      level: 'error',
      message: { text: printable(finding.message === '' ? finding.title : finding.message) },
      associatedRule: ruleReference(finding.ruleId, indexOf),
    })),
    // Rules that threw are told above, in their own words.
    ...shortfalls(report).map((text) => ({ level: 'error', message: { text: printable(text) } })),
    ...report.inputs.flatMap((input) =>
      qualityTexts(input).map((text) => ({ level: 'warning', message: { text: printable(`${input.path}: ${text}`) } })),
    ),
  ];
  return {
    executionSuccessful: report.complete && thrown.length === 0,
    // That of an interrupted run is a signal's, which is not known yet.
    ...(report.complete ? { exitCode: exitCode(report) } : {}),
    startTimeUtc: utc(report.startedAt),
    endTimeUtc: utc(report.finishedAt),
    toolExecutionNotifications: faults,
  };
}

function ruleReference(id: string, indexOf: ReadonlyMap<string, number>): object {
  const index = indexOf.get(id);
  return index === undefined ? { id } : { id, index };
}

/** As the command line ends. */
function exitCode({ verdict, findings }: Report): number {
  if (verdict === 'fail') return 1;
  if (findings.some((one) => one.verdict === 'error')) return 4;
  return verdict === 'inconclusive' ? 2 : 0;
}

/** Section 3.9: in UTC, with a `Z`. */
function utc(time: string): string {
  const at = Date.parse(time);
  return Number.isNaN(at) ? time : new Date(at).toISOString();
}
