import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { archives } from './archive.ts';
import { type Bed, makeBed, prepare, runCase, sourceFolder } from './bed.ts';
import { CASES, type Case, caseNamed, QUICK_CASES } from './cases.ts';
import { isInPath, run } from './command.ts';
import { type ContradictionResult, contradictionDigest, runContradictions } from './contradictions.ts';
import { DAEMON_JOURNEYS, type DaemonJourney } from './daemon-journeys.ts';
import { type DaemonResult, daemonDigest, runDaemonJourney } from './daemon-run.ts';
import type { Distribution } from './distribution.ts';
import { atInterrupt, endCleanly } from './interrupt.ts';
import { type JourneyResult, journeyDigest, runJourney } from './journey-run.ts';
import { JOURNEYS, type Journey, SOUND } from './journeys.ts';
import { matrix } from './matrix.ts';
import { canMakeNamespaces } from './network.ts';
import { type ProbedResult, runProbed } from './probed.ts';
import {
  type Beside,
  type CaseResult,
  digestOf,
  digestsOf,
  readBeside,
  readOneBeside,
  readResult,
  readResults,
  stands,
  writeBeside,
  writeResult,
} from './results.ts';
import { STATE_JOBS, type StateJob } from './state-jobs.ts';
import { runState, type StateResult, stateDigest } from './state-run.ts';
import { FLINK_VERSIONS, type FlinkVersion, versionNamed } from './versions.ts';
import { abilities } from './witnesses.ts';

const USAGE = `npm run test:flink -- [options]
  --version V   only this version (repeatable)
  --case NAME   only this case (repeatable)
  --quick       one version, four cases
  --journeys    only the restarts with a fault and the probing of a running job
  --contradictions
                only the witnesses that are made to contradict each other
  --state       only the jobs with state, whose files are looked at
  --daemon      only the daemon that watches a cluster while a TaskManager is restarted with a fault
  --journey NAME
                only this restart, of --journeys or --daemon (repeatable)
  --again       also what has a result already
  --loopback    loopback addresses instead of network namespaces
  --keep        keep the clusters' folders, recordings included
  --list        versions and cases
  --matrix      only write docs/matrix.md from the results
`;

const QUICK_VERSION = '1.20.5';
/** Versions on which clusters are restarted with a fault, and a running job is probed. */
const JOURNEY_VERSIONS: readonly string[] = ['1.20.5', '2.3.0'];

const ASIDE = ['journeys', 'contradictions', 'state', 'daemon'] as const;
type Aside = (typeof ASIDE)[number];

interface Options {
  readonly versions: readonly FlinkVersion[];
  readonly cases: readonly Case[];
  readonly quick: boolean;
  /** What is run besides the cases: `--case` and `--quick` ask for cases alone. */
  readonly aside: readonly Aside[];
  readonly only: 'aside' | 'all';
  /** Names of the restarts that are wanted; all where left out. */
  readonly journeys?: readonly string[];
  readonly again: boolean;
  readonly loopback: boolean;
  readonly keep: boolean;
}

/** Runs the bed. Resolves to the exit code: 0, 1 when something failed, 3 for an option that is none. */
export async function main(args: readonly string[]): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}`);
    return 3;
  }
  if (parsed.help) return say(USAGE);
  if (parsed.list) return say(list());
  if (parsed.matrix) return writeMatrix();
  return runAll(parsed.options);
}

interface Parsed {
  readonly help: boolean;
  readonly list: boolean;
  readonly matrix: boolean;
  readonly options: Options;
}

function parse(args: readonly string[]): Parsed {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{
        quick: flag,
        journeys: flag,
        contradictions: flag,
        state: flag,
        daemon: flag,
        again: flag,
        loopback: flag,
        keep: flag,
        list: flag,
        matrix: flag,
        help: flag,
      },
      version: { type: 'string', multiple: true },
      case: { type: 'string', multiple: true },
      journey: { type: 'string', multiple: true },
    },
  });
  const versions = values.version?.map(versionNamed) ?? (values.quick ? [versionNamed(QUICK_VERSION)] : FLINK_VERSIONS);
  const cases = values.case?.map(caseNamed) ?? (values.quick ? QUICK_CASES.map(caseNamed) : CASES);
  const casesAlone = values.case !== undefined || values.quick || values.loopback;
  const asked = ASIDE.filter((one) => values[one]);
  const aside = asked.length > 0 ? asked : casesAlone ? [] : ASIDE;
  const only: Options['only'] = asked.length > 0 ? 'aside' : 'all';
  const { quick, again, loopback, keep, help, list, matrix, journey: journeys } = values;
  const options = { versions, cases, quick, aside, only, again, loopback, keep, ...(journeys ? { journeys } : {}) };
  return { help, list, matrix, options };
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

function list(): string {
  const versions = FLINK_VERSIONS.map(({ version, note }) => `${version}${note ? ` (${note})` : ''}\n`);
  const width = Math.max(...CASES.map((one) => one.name.length));
  return `${versions.join('')}\n${CASES.map((one) => `${one.name.padEnd(width)}  ${one.what}\n`).join('')}`;
}

const resultsFolder = (): string => join(sourceFolder(), 'results');

function writeMatrix(): number {
  const file = join(process.cwd(), 'docs', 'matrix.md');
  mkdirSync(join(process.cwd(), 'docs'), { recursive: true });
  const results = {
    cases: readResults(resultsFolder()),
    journeys: readBeside<JourneyResult>(resultsFolder(), 'journeys'),
    probed: readBeside<ProbedResult>(resultsFolder(), 'probed'),
    states: readBeside<StateResult>(resultsFolder(), 'state'),
    contradictions: readBeside<ContradictionResult>(resultsFolder(), 'contradictions'),
    daemons: readBeside<DaemonResult>(resultsFolder(), 'daemon'),
  };
  writeFileSync(file, matrix(results));
  return say(`${file}\n`);
}

/** Why clusters cannot be started here; undefined where they can. */
async function obstacle(): Promise<string | undefined> {
  for (const program of ['java', 'javac', 'keytool', 'openssl', 'tar', 'pip']) {
    if (!isInPath(program)) return `${program} not found`;
  }
  const java = /version "(\d+)/.exec((await run('java', ['-version'])).stderr)?.[1] ?? 'unknown';
  return Number(java) >= 11 ? undefined : `java ${java} is too old`;
}

async function siteObstacle(loopback: boolean): Promise<string | undefined> {
  if (loopback) return undefined;
  if (process.getuid?.() !== 0) return 'not root: network namespaces cannot be made (try --loopback)';
  if (!isInPath('ip') || !(await canMakeNamespaces())) return 'ip netns does not work here (try --loopback)';
  return isInPath('tcpdump') ? undefined : 'tcpdump not found';
}

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

async function runAll(options: Options): Promise<number> {
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  const missing = (await obstacle()) ?? (await siteObstacle(options.loopback));
  const wanted = options.versions.flatMap((version) => [
    ...(options.only === 'aside' ? [] : options.cases.map((theCase) => `${version.version} ${theCase.name}`)),
    ...besides(options, version).map((one) => `${version.version} ${nameOf(one)}`),
  ]);
  if (missing) {
    for (const name of wanted) say(`skipped ${name}: ${missing}\n`);
    tally.skipped = wanted.length;
    return close(tally);
  }
  const able = await abilities();
  const verify: Bed['verify'] = able.verify ? 'can-be-asked' : 'cannot';
  const identity: Bed['identity'] = able.identities ? 'shown' : 'none';
  const recording = isInPath('tcpdump') && process.getuid?.() === 0 ? 'possible' : 'impossible';
  const site = options.loopback ? 'loopback' : 'namespaces';
  endCleanly();
  const bed = await makeBed({ site, verify, identity, keep: options.keep ? 'everything' : 'nothing', recording });
  if (options.keep) say(`folders of the clusters: ${bed.work}\n`);
  else atInterrupt(async () => rmSync(bed.work, { recursive: true, force: true }));
  for (const version of options.versions) await runVersion(bed, options, version, tally);
  if (!options.keep) rmSync(bed.work, { recursive: true, force: true });
  if (!options.quick) writeMatrix();
  return close(tally);
}

async function runVersion(bed: Bed, options: Options, version: FlinkVersion, tally: Tally): Promise<void> {
  const due = (options.only === 'aside' ? [] : options.cases).filter((theCase) => {
    if (options.again || options.quick) return true;
    const known = readResult(resultsFolder(), version, theCase);
    if (!known || !stands(known, digestsOf(version, theCase), bed)) return true;
    count(tally, known, 'known already');
    return false;
  });
  const journeys = besides(options, version).filter((one) => options.again || !isKnown(version, one, tally));
  if (due.length === 0 && journeys.length === 0) return;
  let flink: Distribution;
  try {
    flink = await prepare(version);
  } catch (error) {
    for (const theCase of due) say(`skipped ${version.version} ${theCase.name}: ${(error as Error).message}\n`);
    for (const one of journeys) say(`skipped ${version.version} ${nameOf(one)}: ${(error as Error).message}\n`);
    tally.skipped += due.length + journeys.length;
    return;
  }
  const made = await archives(bed, flink);
  const ready = made ? { ...bed, archives: made } : bed;
  for (const theCase of due) {
    const result = await runCase(ready, flink, theCase);
    // A quick run and one on loopback look; only a whole one is kept.
    if (!options.quick && !options.loopback) writeResult(resultsFolder(), result);
    count(tally, result, `${result.seconds.all ?? 0} s`);
  }
  for (const one of journeys) {
    const result = await runBesides(ready, flink, one);
    const [kind, file] = placeOf(one);
    writeBeside(resultsFolder(), kind, `${version.version}${file}`, result);
    countBeside(tally, version, nameOf(one), result, `${result.seconds.all} s`);
  }
}

const PROBED = 'probing of a running job';
const CONTRADICTING = 'contradictions';

type Besides = Journey | StateJob | DaemonJourney | typeof PROBED | typeof CONTRADICTING;
type BesideResult = JourneyResult | StateResult | DaemonResult | ProbedResult | ContradictionResult;

function besides({ aside, journeys, loopback }: Options, { version }: FlinkVersion): readonly Besides[] {
  const few = JOURNEY_VERSIONS.includes(version);
  const isNamed = ({ name }: { readonly name: string }): boolean => journeys?.includes(name) ?? true;
  return [
    ...(few && aside.includes('journeys')
      ? [...JOURNEYS.filter(isNamed), ...(journeys ? [] : [PROBED as typeof PROBED])]
      : []),
    ...(few && aside.includes('contradictions') ? [CONTRADICTING as typeof CONTRADICTING] : []),
    ...(aside.includes('state') ? STATE_JOBS : []),
    // The wire is that of a bridge.
    ...(few && aside.includes('daemon') && !loopback ? DAEMON_JOURNEYS.filter(isNamed) : []),
  ];
}

type Named = Exclude<Besides, string>;

const isStateJob = (one: Named): one is StateJob => 'leaves' in one;
const isDaemonJourney = (one: Named): one is DaemonJourney => 'wanted' in one;

function nameOf(one: Besides): string {
  if (typeof one === 'string') return one;
  if (isStateJob(one)) return `state of ${one.name}`;
  return `${isDaemonJourney(one) ? 'daemon' : 'journey'} ${one.name}`;
}

function runBesides(bed: Bed, flink: Distribution, one: Besides): Promise<BesideResult> {
  if (one === PROBED) return runProbed(bed, flink);
  if (one === CONTRADICTING) return runContradictions(bed, flink);
  if (isStateJob(one)) return runState(bed, flink, one);
  return isDaemonJourney(one) ? runDaemonJourney(bed, flink, one) : runJourney(bed, flink, one);
}

/** Folder of its result, and the end of the file's name. */
function placeOf(one: Besides): readonly [Beside, string] {
  if (one === PROBED) return ['probed', ''];
  if (one === CONTRADICTING) return ['contradictions', ''];
  if (isStateJob(one)) return ['state', `-${one.name}`];
  return [isDaemonJourney(one) ? 'daemon' : 'journeys', `-${one.name}`];
}

function digestBeside(version: FlinkVersion, one: Besides): string {
  if (one === PROBED) return digestOf(version, SOUND);
  if (one === CONTRADICTING) return contradictionDigest({ version });
  if (isStateJob(one)) return stateDigest({ version }, one);
  return isDaemonJourney(one) ? daemonDigest({ version }, one) : journeyDigest({ version }, one);
}

/** Whether there is a result that equals the truth and is of this very thing; it is counted then. */
function isKnown(version: FlinkVersion, wanted: Besides, tally: Tally): boolean {
  const [kind, file] = placeOf(wanted);
  const known = readOneBeside<BesideResult>(resultsFolder(), kind, `${version.version}${file}`);
  if (known?.verdict !== 'equal' || known.digest !== digestBeside(version, wanted)) return false;
  countBeside(tally, version, nameOf(wanted), known, 'known already');
  return true;
}

function countBeside(
  tally: Tally,
  { version }: FlinkVersion,
  name: string,
  { verdict, differences }: Pick<JourneyResult, 'verdict' | 'differences'>,
  note: string,
): void {
  tally[verdict === 'equal' ? 'passed' : 'failed']++;
  say(`${verdict === 'equal' ? 'passed ' : 'failed '} ${version} ${name} (${note})\n`);
  for (const text of differences) say(`        ${text}\n`);
}

function count(tally: Tally, result: CaseResult, note: string): void {
  const name = `${result.version} ${result.case}`;
  if (result.unavailable) {
    tally.skipped++;
    say(`skipped ${name}: ${result.unavailable}\n`);
    return;
  }
  const wrong = result.broken ? [result.broken] : differences(result);
  if (wrong.length > 0) tally.failed++;
  else tally.passed++;
  say(
    `${wrong.length > 0 ? 'failed ' : 'passed '} ${name}: wire ${result.wire}, verify ${result.verify}, audit ${result.audit ?? 'not asked'}, logs ${result.quiet ?? 'not judged'} (${note})\n`,
  );
  for (const text of wrong) say(`        ${text}\n`);
}

function differences(result: CaseResult): readonly string[] {
  const told: string[] = [
    ...result.strays.map((text) => `wire: ${text}`),
    ...(result.noise ?? []).map((text) => `logs: ${text}`),
    ...(result.misjudged ?? []).map((text) => `audit: ${text}`),
    ...(result.reread ?? []),
  ];
  for (const { channel, member, wire, verify, audit = '=' } of result.endpoints) {
    if (!['=', 'not seen', 'not run yet'].includes(wire)) told.push(`wire: ${channel} ${member}: ${wire}`);
    if (!['=', 'not run yet'].includes(verify)) told.push(`verify: ${channel} ${member}: ${verify}`);
    if (audit !== '=') told.push(`audit: ${channel} ${member}: ${audit}`);
  }
  return told;
}

function close({ passed, failed, skipped }: Tally): number {
  say(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  return failed > 0 ? 1 : 0;
}
