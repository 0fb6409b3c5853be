import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { loadPolicies, loadProbes, loadRules } from '../evaluate/directory.ts';
import { explainChannel, explainRule } from './explanation.ts';
import { Unusable } from './failure.ts';
import type { Select } from './selection.ts';

interface ExplainArguments {
  readonly id?: string | undefined;
}

export const explainCommand = (select: Select): CommandModule<object, ExplainArguments> => ({
  command: 'explain [id]',
  describe: 'Explain a rule, a channel or a policy: why it matters, how it is decided, what mends it',
  builder: (command: Argv<object>) =>
    command.positional('id', {
      type: 'string',
      describe: 'id of a rule, channel or policy; without one all ids are listed',
    }) as unknown as Argv<ExplainArguments>,
  handler: (args) => select(() => explain(args)),
});

/** Columns beyond which lines are hard to read; also those of what is no terminal. */
const WIDTH_MOST = 100;

async function explain({ id }: ArgumentsCamelCase<ExplainArguments>): Promise<void> {
  const [rules, probes, documents] = await Promise.all([loadRules(), loadProbes(), loadPolicies()]);
  const policies = documents.map((document) => ({ id: document.policy, title: document.title, document }));
  if (id === undefined) {
    process.stdout.write(`rules\n${ids(rules)}\nchannels\n${ids(probes)}\npolicies\n${ids(policies)}`);
    return;
  }
  const width = Math.min(process.stdout.columns ?? WIDTH_MOST, WIDTH_MOST);
  const rule = rules.find((one) => one.id === id);
  const probe = probes.find((one) => one.id === id);
  const policy = policies.find((one) => one.id === id);
  if (rule !== undefined) print(explainRule(rule, width));
  else if (probe !== undefined) print(explainChannel(probe, probes, rules, width));
  else if (policy !== undefined) print((await import('./policy-text.ts')).explainPolicy(policy.document, width));
  else throw new Unusable(await unknown(id, [...rules, ...probes, ...policies]));
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function unknown(id: string, all: readonly { readonly id: string }[]): Promise<string> {
  const { nearest } = await import('./nearest.ts');
  const names = nearest(
    id,
    all.map((one) => one.id),
  );
  const hint = names.length === 0 ? 'flinkprobe list rules' : `nearest: ${names.join(', ')}`;
  return `explain: there is no rule, channel or policy ${JSON.stringify(id)} (${hint})`;
}

function ids(units: readonly { readonly id: string; readonly title: string }[]): string {
  const width = Math.max(...units.map(({ id }) => id.length)) + 2;
  return units.map(({ id, title }) => `  ${id.padEnd(width)}${title}\n`).join('');
}
