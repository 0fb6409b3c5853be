import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { loadProbes, loadRules } from '../evaluate/directory.ts';
import type { Probe } from '../model/probe.ts';
import type { Remediation } from '../model/report.ts';
import type { Rule } from '../model/rule.ts';
import { wrap } from '../report/layout.ts';
import { Unusable } from './failure.ts';
import type { Select } from './selection.ts';

interface ExplainArguments {
  readonly id?: string | undefined;
}

export const explainCommand = (select: Select): CommandModule<object, ExplainArguments> => ({
  command: 'explain [id]',
  describe: 'Explain a rule or a channel: why it matters, what mends it',
  builder: (command: Argv<object>) =>
    command.positional('id', {
      type: 'string',
      describe: 'rule or channel id; without one all ids are listed',
    }) as unknown as Argv<ExplainArguments>,
  handler: (args) => select(() => explain(args)),
});

async function explain({ id }: ArgumentsCamelCase<ExplainArguments>): Promise<void> {
  const [rules, probes] = await Promise.all([loadRules(), loadProbes()]);
  if (id === undefined) {
    process.stdout.write(`rules\n${ids(rules)}\nchannels\n${ids(probes)}`);
    return;
  }
  const rule = rules.find((one) => one.id === id);
  const probe = probes.find((one) => one.id === id);
  if (rule === undefined && probe === undefined) {
    throw new Unusable(`explain: there is no rule or channel ${JSON.stringify(id)} (flinkprobe list rules)`);
  }
  const width = Math.min(process.stdout.columns ?? 100, 100);
  process.stdout.write(`${(rule === undefined ? explainProbe(probe!, width) : explainRule(rule, width)).join('\n')}\n`);
}

const ids = (units: readonly { readonly id: string; readonly title: string }[]): string =>
  units.map(({ id, title }) => `  ${id.padEnd(34)}${title}\n`).join('');

function explainRule(rule: Rule, width: number): string[] {
  return [
    `${rule.id}  ${rule.severity}`,
    ...wrap(rule.title, width),
    '',
    ...wrap(rule.rationale, width),
    '',
    ...remedy(rule.remediation, width),
    ...section('references', rule.references),
  ];
}

function explainProbe(probe: Probe, width: number): string[] {
  const protection: Readonly<Record<Probe['protection'], string>> = {
    internal: 'TLS by security.ssl.internal.*, always mutual',
    rest: 'TLS by security.ssl.rest.*',
    never: 'Flink has no TLS for this channel',
    outside: 'protected by settings of another system',
  };
  return [
    `${probe.id}  ${probe.title}, served by the ${probe.component}`,
    '',
    ...wrap(probe.carries, width),
    '',
    `protection     ${protection[probe.protection]}`,
    `usual ports    ${probe.defaultPorts.length === 0 ? 'none: random unless configured' : probe.defaultPorts.join(', ')}`,
    `port keys      ${probe.settings.port.join(', ') || '-'}`,
    `TLS keys       ${probe.settings.tls.join(', ') || '-'}`,
    '',
    ...remedy({ ...probe.remedy, command: null }, width),
  ];
}

function remedy(remediation: Remediation, width: number): string[] {
  return [
    'fix',
    ...wrap(remediation.text, width - 2).map((line) => `  ${line}`),
    ...Object.entries(remediation.settings).map(([key, value]) => `    ${key}: ${value}`),
    ...(remediation.command === null ? [] : [`    ${remediation.command}`]),
  ];
}

function section(title: string, entries: readonly string[]): string[] {
  return entries.length === 0 ? [] : ['', title, ...entries.map((entry) => `  ${entry}`)];
}
