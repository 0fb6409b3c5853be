import { shellWord } from '../bytes/shell-word.ts';
import { evaluate } from '../evaluate/engine.ts';
import { type Drafted, draftOf } from '../evaluate/fix-plan/drafted.ts';
import { type EditedFile, fixPlan } from '../evaluate/fix-plan/plan.ts';
import { policyExpectations } from '../evaluate/policy-expectations.ts';
import { isAtLeast } from '../evaluate/severity.ts';
import { expectations } from '../flink/expectation.ts';
import type { FixPlan } from '../model/fix-plan.ts';
import type { Probe } from '../model/probe.ts';
import type { Finding } from '../model/report.ts';
import type { ConfigurationSubject, Rule } from '../model/rule.ts';
import type { AuditRequest } from './auditing.ts';
import { parseConfigurations } from './configurations.ts';
import { diskWitness } from './disk-witness.ts';
import { editFile } from './fix-plan-files.ts';

/** What an audit found, with what it was judged by. */
export interface AuditedRun {
  readonly request: AuditRequest;
  readonly findings: readonly Finding[];
  readonly configurations: readonly ConfigurationSubject[];
  readonly rules: readonly Rule[];
  readonly probes: readonly Probe[];
  readonly flinkVersion?: string;
}

/** A change can bring a finding that another change answers; more rounds than this find nothing new. */
const ROUNDS_MOST = 4;

/**
 * Plans what mends the findings at or above `--fail-on`. The changed configurations are judged again, in memory: what
 * the changes bring is planned for as well, and a finding counts as mended only where it is gone.
 */
export async function planFixes(run: AuditedRun): Promise<FixPlan> {
  const { request, configurations } = run;
  const isMeant = (one: Finding): boolean => one.waived === null && isAtLeast(one.severity, request.failOn);
  const findings = run.findings.filter(isMeant);
  const before = new Set(judge(run, configurations).map(({ fingerprint }) => fingerprint));
  const arising = new Map<string, Finding>();
  let drafted: Drafted;
  let edited: readonly EditedFile[];
  let after: ReadonlySet<string>;
  for (let round = 1; ; round++) {
    drafted = draftOf([...findings, ...arising.values()], configurations, request.now);
    const files = drafted.draft.files.map((file) => editFile(file, textOf(request, file.path)));
    edited = files.map(({ edited: one }) => one);
    const texts = new Map(files.map(({ edited: one, text }) => [one.path, text]));
    const found = judge(run, await readAgain(run, texts));
    after = new Set(found.map(({ fingerprint }) => fingerprint));
    const more = found.filter(
      (one) =>
        isMeant(one) && isSimulated(one, drafted) && !before.has(one.fingerprint) && !arising.has(one.fingerprint),
    );
    for (const one of more) arising.set(one.fingerprint, one);
    if (more.length === 0 || round === ROUNDS_MOST) break;
  }
  const options = configurationOptions(request);
  return fixPlan({
    drafted,
    edited,
    findings,
    arising: [...arising.values()],
    mended: new Set([...before, ...arising.keys()].filter((one) => !after.has(one))),
    leftAlone: run.findings.length - findings.length,
    auditCommand: ['flinkprobe audit', ...options].join(' '),
    configurationOptions: options.filter((one) => !one.startsWith('--jdk')),
  });
}

function textOf({ configurations }: AuditRequest, file: string): string | undefined {
  return configurations.flatMap(({ files }) => files).find(({ name, within }) => name === file && within === undefined)
    ?.text;
}

/** The configurations with some files as the plan leaves them. */
async function readAgain(
  { request, configurations, probes }: AuditedRun,
  texts: ReadonlyMap<string, string>,
): Promise<readonly ConfigurationSubject[]> {
  const { warn: _, ...quiet } = request;
  const changed = {
    ...quiet,
    configurations: request.configurations.map((one) => ({
      ...one,
      files: one.files.map((file) => ({ ...file, text: texts.get(file.name) ?? file.text })),
    })),
  };
  const parsed = await parseConfigurations(changed);
  const homes = new Map(request.configurations.map(({ path }, index) => [path, configurations[index]?.home]));
  return (await diskWitness({ ...changed, machine: 'own', homes }, parsed, probes)).configurations;
}

/** Findings of configurations alone. */
function judge(
  { request, rules, probes, flinkVersion }: AuditedRun,
  configurations: readonly ConfigurationSubject[],
): readonly Finding[] {
  const about = rules.filter(({ scope }) => scope === 'configuration' || scope === 'cluster');
  const parsed = configurations.map(({ configuration }) => configuration);
  const promised = [...expectations(parsed, probes), ...policyExpectations(request.policy, probes)];
  const { findings } = evaluate(about, [], promised, {
    now: request.now,
    probes,
    configurations,
    ...(flinkVersion === undefined ? {} : { flinkVersion }),
    ...(request.jdkVersion === undefined ? {} : { jdkVersion: request.jdkVersion }),
    ...(request.policy === undefined ? {} : { policy: request.policy }),
  });
  return findings.filter(({ verdict }) => verdict === 'fail');
}

/** What depends on stores that the plan has yet to be made cannot be judged before. */
function isSimulated({ ruleId, channel }: Finding, { draft }: Drafted): boolean {
  if (!/^pin-|^truststore-|^keystores-differ/.test(ruleId)) return true;
  const { pair, truststore } = draft.stores[channel === 'rest' ? 'rest' : 'internal'];
  return pair === 'keep' && truststore === 'keep';
}

function configurationOptions({ configurations, flinkVersion, jdkVersion }: AuditRequest): readonly string[] {
  return [
    ...configurations.map(
      ({ member, path: target }) => `--conf ${shellWord(`${member === null ? '' : `${member}=`}${target}`)}`,
    ),
    ...(flinkVersion === undefined ? [] : [`--flink-version ${flinkVersion}`]),
    ...(jdkVersion === undefined ? [] : [`--jdk ${jdkVersion}`]),
  ];
}
