import { CHANNELS } from '../model/channel.ts';
import type { Coverage, Finding, Report } from '../model/report.ts';
import { type EndpointGroup, endpointGroups, placeOf } from './endpoint-rows.ts';
import {
  fileText,
  hasOwnChannel,
  type Judged,
  listeningOf,
  processOf,
  proof,
  settingLines,
  verdictWord,
} from './finding-text.ts';
import { inputText, qualityTexts } from './input-texts.ts';
import { countWeights, DEFAULT_FAIL_ON, type FailOn, weigh } from './severity.ts';
import { findingCounts, reservations } from './verdict-lines.ts';
import { waiverTexts } from './waiver-lines.ts';
import { xmlAttributes, xmlText } from './xml.ts';

export interface JunitOptions {
  /** Findings below it do not fail their test. Default `medium`. */
  readonly failOn?: FailOn;
}

type Outcome = 'passed' | 'failure' | 'error' | 'skipped';

interface TestCase {
  readonly name: string;
  readonly outcome: Outcome;
  /** Why it did not pass; of one that passed, what there is to know. */
  readonly message: string;
  readonly type: string;
  readonly body: readonly string[];
}

interface Suite {
  readonly name: string;
  readonly cases: readonly TestCase[];
}

/**
 * The report as JUnit XML (the form of Ant and Maven Surefire that Jenkins, GitLab and GitHub actions read): a suite for
 * each channel, one for the files and one for the run itself.
 *
 * A test is a finding, or an endpoint, a promise or a channel that has none. Failure: at or above `failOn`. Error: what
 * could not be decided, was asked for and not seen, or is a defect of ours. Skipped: what somebody waived, and channels
 * that nobody saw. Passed: what was seen to be in order, and findings below `failOn`, told in its output. Where the
 * run's verdict is not `pass`, at least one test fails or errs.
 */
export function formatJunit(report: Report, options: JunitOptions = {}): string {
  const failOn = options.failOn ?? DEFAULT_FAIL_ON;
  const judged: Judged = { failOn, listening: listeningOf(report) };
  const suites = [...channelSuites(report, judged), fileSuite(report, judged), runSuite(report, failOn)].filter(
    ({ cases }) => cases.length > 0,
  );
  const seconds = secondsOf(report);
  const counts = countsOf(suites.flatMap(({ cases }) => cases));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${xmlAttributes({ name: `flinkprobe ${report.command}`, ...counts, skipped: undefined, time: seconds })}>`,
    ...suites.flatMap((suite) => suiteLines(suite, report)),
    '</testsuites>',
    '',
  ].join('\n');
}

function countsOf(cases: readonly TestCase[]): Readonly<Record<'tests' | 'failures' | 'errors' | 'skipped', number>> {
  const count = (outcome: Outcome): number => cases.filter((one) => one.outcome === outcome).length;
  return { tests: cases.length, failures: count('failure'), errors: count('error'), skipped: count('skipped') };
}

function secondsOf({ startedAt, finishedAt }: Report): string {
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  return Number.isFinite(seconds) && seconds >= 0 ? seconds.toFixed(3) : '0';
}

function suiteLines({ name, cases }: Suite, { startedAt }: Report): string[] {
  const attributes = xmlAttributes({
    name: `flinkprobe.${name}`,
    ...countsOf(cases),
    // No test is timed by itself: a run asks and judges everything together.
    time: 0,
    // Surefire and Ant: in UTC, without a zone.
    timestamp: startedAt.slice(0, 19),
  });
  return [`  <testsuite${attributes}>`, ...cases.flatMap((one) => caseLines(one, name)), '  </testsuite>'];
}

function caseLines({ name, outcome, message, type, body }: TestCase, suite: string): string[] {
  const begin = `    <testcase${xmlAttributes({ name, classname: `flinkprobe.${suite}`, time: 0 })}`;
  const text = body.map(xmlText).join('\n');
  if (outcome !== 'passed') {
    const told = xmlAttributes({ message, type });
    return [`${begin}>`, `      <${outcome}${told}>${text}</${outcome}>`, '    </testcase>'];
  }
  if (text === '') return [`${begin}/>`];
  return [`${begin}>`, `      <system-out>${text}</system-out>`, '    </testcase>'];
}

function channelSuites(report: Report, judged: Judged): Suite[] {
  const groups = endpointGroups(report, judged.failOn);
  return CHANNELS.map((channel) => {
    const here = groups.filter((one) => one.channel === channel);
    const found = report.findings.filter((one) => one.channel === channel && hasOwnChannel(one));
    const coverage = report.coverage.filter((one) => one.channel === channel);
    return {
      name: channel,
      cases: named([
        ...found.map((finding) => findingCase(finding, judged)),
        ...here.filter(({ findings }) => findings.length === 0).map(endpointCase),
        ...coverage.flatMap((entry) => coverageCase(entry, found, here)),
      ]),
    };
  });
}

function fileSuite({ findings }: Report, judged: Judged): Suite {
  const found = findings.filter((one) => !hasOwnChannel(one));
  return { name: 'files', cases: named(found.map((finding) => findingCase(finding, judged))) };
}

/** The same name twice is one test to Jenkins: the later ones are numbered. */
function named(cases: readonly TestCase[]): TestCase[] {
  const counts = new Map<string, number>();
  return cases.map((one) => {
    const count = (counts.get(one.name) ?? 0) + 1;
    counts.set(one.name, count);
    return count === 1 ? one : { ...one, name: `${one.name} (${count})` };
  });
}

function findingCase(finding: Finding, { failOn, listening }: Judged): TestCase {
  const { ruleId, severity, title, expected, observed, waived } = finding;
  const place = placeText(finding, listening);
  const versus = expected === '' && observed === '' ? '' : `: expected ${expected}, observed ${observed}`;
  const message =
    waived === null
      ? `${title}${versus}`
      : `waived until ${waived.until} by ${waived.owner}: ${waived.reason} (${waived.id})`;
  return {
    name: place === '' ? ruleId : `${place}: ${ruleId}`,
    outcome: outcomeOf(finding, failOn),
    message,
    type: waived === null && finding.verdict === 'fail' ? severity : verdictWord(finding, failOn).toLowerCase(),
    body: bodyOf(finding, failOn),
  };
}

function outcomeOf(finding: Finding, failOn: FailOn): Outcome {
  switch (weigh(finding, failOn)) {
    case 'failing':
      return 'failure';
    case 'inconclusive':
    case 'error':
      return 'error';
    case 'waived':
      return 'skipped';
    case 'warning':
    case 'note':
      return 'passed';
  }
}

/** Without what differs from run to run, so that a test keeps its name: ports of clients, and lines. */
function placeText({ endpoint, file }: Finding, listening: ReadonlySet<string>): string {
  return [
    ...(endpoint === undefined ? [] : [processOf(endpoint, listening)]),
    ...(file === undefined ? [] : [[...(file.member === undefined ? [] : [file.member]), file.path].join(' ')]),
  ].join(' ');
}

function bodyOf(finding: Finding, failOn: FailOn): string[] {
  const { severity, title, message, expected, observed, evidence, remediation, fingerprint, file } = finding;
  const lines = (label: string, texts: readonly string[]): string[] => texts.map((text) => `${label}: ${text}`);
  const given = (texts: readonly string[]): string[] => texts.filter((text) => text !== '');
  return [
    `${verdictWord(finding, failOn)} ${severity}: ${title}`,
    ...lines('where', file === undefined ? [] : [fileText(file)]),
    ...lines('why', given([message])),
    ...lines('expected', given([expected])),
    ...lines('observed', given([observed])),
    ...lines(
      'proof',
      evidence.map((one) => proof(one)),
    ),
    ...lines('fix', given([remediation.text])),
    ...settingLines(remediation.settings).map((line) => `  ${line}`),
    ...(remediation.command === null ? [] : [`  ${remediation.command}`]),
    ...lines('fingerprint', [fingerprint]),
  ];
}

function endpointCase({ server, result, observations }: EndpointGroup): TestCase {
  const isGood = result === 'PASS';
  return {
    name: placeOf(server),
    outcome: isGood ? 'passed' : 'error',
    message: isGood ? '' : `${result}: what was seen does not tell whether it is in order`,
    type: result.toLowerCase(),
    body: isGood
      ? []
      : observations.map(({ id, kind, because }) => `${id}: ${kind}${because === undefined ? '' : ` (${because})`}`),
  };
}

/** What a channel's coverage says that no finding and no endpoint of it does. */
function coverageCase(entry: Coverage, found: readonly Finding[], here: readonly EndpointGroup[]): TestCase[] {
  const { channel, member, verdict, expected, witnesses } = entry;
  const name = member === undefined ? channel : `${channel} of ${member}`;
  const body = witnesses.length === 0 ? [] : [`heard: ${witnesses.join(', ')}`];
  switch (verdict) {
    case 'not-seen':
      if (expected === true)
        return [{ name, outcome: 'error', message: 'asked for, not seen', type: 'not-seen', body }];
      return here.length > 0 ? [] : [{ name, outcome: 'skipped', message: 'not seen', type: 'not-seen', body }];
    case 'inconclusive':
      return [{ name, outcome: 'error', message: 'not everything could be decided', type: 'inconclusive', body }];
    case 'pass':
      return found.length > 0 || here.length > 0 ? [] : [{ name, outcome: 'passed', message: '', type: 'pass', body }];
    case 'fail':
    case 'not-applicable':
      return [];
  }
}

/** Of the run itself: a build must not be green where it was cut short, or could not decide. */
function runSuite(report: Report, failOn: FailOn): Suite {
  const counts = countWeights(report, failOn);
  const reserved = reservations(report);
  const outcome: Outcome =
    report.verdict === 'fail' && counts.failing === 0
      ? 'failure'
      : !report.complete || report.verdict === 'inconclusive' || reserved.length > 0
        ? 'error'
        : 'passed';
  const inputs = report.inputs.flatMap((input) => [
    `${input.kind}: ${inputText(input)}`,
    ...qualityTexts(input).map((text) => `  ${text}`),
  ]);
  const verdict: TestCase = {
    name: 'verdict',
    outcome,
    message: [report.verdict, ...reserved].join('; '),
    type: report.complete ? report.verdict : 'incomplete',
    body: [`${report.verdict}: ${findingCounts(report)}`, ...reserved, ...inputs, ...waiverTexts(report.waivers ?? [])],
  };
  return { name: 'run', cases: [verdict] };
}
