import t from 'tap';
import { analyse } from '../../src/cli/analysis.ts';
import { readConfigurations } from '../../src/cli/configuration-sources.ts';
import { loadProbes, loadRules } from '../../src/evaluate/directory.ts';
import { evaluate } from '../../src/evaluate/engine.ts';
import type { Verdict } from '../../src/model/report.ts';
import type { Judgement, Rule } from '../../src/model/rule.ts';
import { audited, STORES } from '../support/audited.ts';
import { type Recording, recordings } from '../support/expected.ts';
import { unexplained, unheard } from '../support/told-verdicts.ts';

/** All rules over every recording that there is, with its configurations and stores: no verdict without a meaning. */
const [rules, probes] = await Promise.all([loadRules(), loadProbes()]);
const NOW = Date.parse('2026-11-22T20:00:00Z');
const given = new Map<string, Set<Verdict>>(rules.map(({ id }) => [id, new Set()]));

/** The rule, with its verdicts noted: single judgements, not only the worst. */
function noted<R extends Rule>(rule: R): R {
  const note = (judgements: readonly Judgement[]): readonly Judgement[] => {
    if (judgements.length === 0) given.get(rule.id)?.add('not-applicable');
    for (const { verdict } of judgements) given.get(rule.id)?.add(verdict);
    return judgements;
  };
  const appliesTo = (...args: Parameters<R['appliesTo']>): boolean => {
    const applies = (rule.appliesTo as (...all: readonly unknown[]) => boolean)(...args);
    if (!applies) given.get(rule.id)?.add('not-applicable');
    return applies;
  };
  const judge = rule.evaluate as (...all: readonly unknown[]) => readonly Judgement[];
  return { ...rule, appliesTo, evaluate: (...args: readonly unknown[]) => note(judge(...args)) };
}

const watched = rules.map(noted);
const byId = new Map(rules.map((rule) => [rule.id, rule]));
const faults = new Set<string>();

async function seen({ path, configurations }: Recording, isPromised: 'promised' | 'default'): Promise<void> {
  const conf = configurations.map(({ member, folder }) => `${member}=${folder}`);
  const report = await analyse({
    captures: [path],
    configurations: await readConfigurations({ conf: isPromised === 'default' ? [] : conf }),
    expect: [],
    failOn: 'low',
    now: NOW,
  });
  const quality = report.inputs.flatMap((input) => (input.quality === undefined ? [] : [input.quality]));
  const { findings, errors } = evaluate(watched, report.observations, report.expectations, {
    now: NOW,
    probes,
    quality,
    flinkVersion: '2.3.0',
  });
  for (const one of errors) faults.add(`${one.ruleId} threw ${one.message}`);
  for (const one of [...findings, ...report.findings])
    for (const fault of unheard(byId.get(one.ruleId)!, one)) faults.add(fault);
}

/** Rules of configurations, stores and the whole run: all in one, which hands each its turn. */
async function onDisk(
  scope: 'configuration' | 'store' | 'cluster',
  { configurations }: Recording,
  flinkVersion: string,
): Promise<void> {
  const own = watched.filter((rule) => rule.scope === scope);
  const all = {
    ...own[0]!,
    evaluate: (...args: readonly unknown[]) => {
      for (const rule of own) {
        const { appliesTo, evaluate: judge } = rule as {
          readonly [K in 'appliesTo' | 'evaluate']: (...a: unknown[]) => unknown;
        };
        if (appliesTo(...args) === true) judge(...args);
      }
      return [];
    },
    appliesTo: () => true,
    verdicts: { pass: '', 'not-applicable': '' },
  } as Rule;
  await audited(
    all,
    configurations.map(({ member, folder }) => `${member}=${folder}`),
    { flinkVersion, jdkVersion: '17.0.18', stores: STORES, now: NOW },
  );
}

t.test('no rule gives a verdict on the recordings that it does not explain', async (t) => {
  const all = recordings();
  t.ok(all.length >= 30);
  // All of them would take longer than they teach: captures and configurations of one recording are much like another's.
  for (const [at, recording] of all.entries()) {
    if (at % 2 === 0) await seen(recording, at % 8 === 0 ? 'default' : 'promised');
    else
      for (const scope of ['configuration', 'store', 'cluster'] as const)
        await onDisk(scope, recording, at % 4 === 1 ? '1.17.2' : '2.3.0');
  }
  t.strictSame([...faults].sort(), []);
  t.strictSame(
    rules.flatMap((rule) => unexplained(rule, given.get(rule.id)!)),
    [],
  );
  // Else the recordings would show nothing.
  const failing = [...given].filter(([, verdicts]) => verdicts.has('fail'));
  t.ok(failing.length >= 20, `${failing.length} rules fail somewhere`);
});
