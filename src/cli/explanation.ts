import { SCOPE_WORDS, verdictTexts, WITNESS_WORDS, witnessesOf } from '../evaluate/rule-facts.ts';
import type { Probe } from '../model/probe.ts';
import type { Remediation } from '../model/report.ts';
import type { Rule } from '../model/rule.ts';
import { labelled, wrap } from '../report/layout.ts';
import { CHANNEL_SIGNATURES } from './channel-signatures.ts';
import { flinkDefault } from './flink-defaults.ts';
import { judgingRules } from './judging-rules.ts';

const LABEL = 15;
const INDENT = 2;

/** All that is to be known of a rule, in lines of at most `width` columns where no single word is longer. */
export function explainRule(rule: Rule, width: number): readonly string[] {
  const witnesses = witnessesOf(rule).map((one) => `${one} (${WITNESS_WORDS[one]})`);
  return [
    `${rule.id}  ${rule.severity}`,
    ...wrap(rule.title, width),
    '',
    ...field('judges', SCOPE_WORDS[rule.scope], width),
    ...field('hears', witnesses.join(', '), width),
    ...(rule.toldBy === undefined
      ? []
      : field('silent where', `one of these tells it: ${rule.toldBy.join(', ')}`, width)),
    ...paragraph('why', rule.rationale, width),
    ...paragraph('how it is decided', rule.decides, width),
    ...section(
      'verdicts',
      verdictTexts(rule).flatMap(([verdict, text]) => labelled(verdict, text, LABEL + 1, INDENT, width)),
    ),
    ...section('fix', remedy(rule.remediation, width)),
    ...section('references', indented(rule.references)),
  ];
}

const PROTECTION: Readonly<Record<Probe['protection'], string>> = {
  internal: 'TLS by security.ssl.internal.*, always mutual',
  rest: 'TLS by security.ssl.rest.*',
  never: 'Flink has no TLS for this channel',
  outside: 'protected by settings of another system',
};

/** Keys beside the switches that decide how TLS is served. */
const SERVED_WITH: Readonly<Record<Probe['protection'], readonly string[]>> = {
  internal: ['security.ssl.protocol', 'security.ssl.algorithms'],
  rest: ['security.ssl.rest.authentication-enabled', 'security.ssl.protocol', 'security.ssl.algorithms'],
  never: [],
  outside: [],
};

const OBEYED: Readonly<Partial<Record<Probe['protection'], string>>> = {
  rest: 'From Flink 1.18 on protocol and suites count here only with client authentication and a REST truststore (FLINK-39969); up to 1.16 the protocol alone does.',
};

/** All that is to be known of a channel; `probes` and `rules` are all that there are. */
export function explainChannel(
  probe: Probe,
  probes: readonly Probe[],
  rules: readonly Rule[],
  width: number,
): readonly string[] {
  const { port, tls } = probe.settings;
  const obeyed = OBEYED[probe.protection];
  return [
    `${probe.id}  ${probe.title}, served by the ${probe.component}`,
    '',
    ...wrap(probe.carries, width),
    '',
    ...field('protection', PROTECTION[probe.protection], width),
    ...field('usual ports', probe.defaultPorts.join(', ') || 'none: random unless configured', width),
    ...section('port, the first key that is set', keys(port, width)),
    ...section(probe.protection === 'outside' ? 'TLS is told by' : 'TLS, all of these have to hold', keys(tls, width)),
    ...section('TLS is served with', [
      ...keys(SERVED_WITH[probe.protection], width),
      ...(obeyed === undefined ? [] : wrap(obeyed, width - INDENT).map((line) => `  ${line}`)),
    ]),
    ...paragraph('in clear it is known by', CHANNEL_SIGNATURES[probe.id], width),
    ...paragraph('what verify asks in clear', askText(probe), width),
    ...section('fix', remedy({ ...probe.remedy, command: null }, width)),
    ...section(
      'rules that judge its endpoints',
      judgingRules(probe, probes, rules).flatMap(({ id, severity }) => `  ${id.padEnd(38)}${severity}`),
    ),
    '',
    ...wrap(
      'Rules for configurations, key stores, logs and the whole run name this channel where it is concerned: flinkprobe list rules.',
      width,
    ),
  ];
}

/** What it costs stands in Flink's logs: lines of WARN and ERROR. */
function askText({ ask, protection }: Probe): string {
  if (ask === undefined) return 'Nothing: this port is never asked in clear.';
  const { clear, tls } = ask.logLines;
  const onTls = protection === 'never' ? '' : `, on one that speaks TLS ${lines(tls)}`;
  return `${ask.name}. On a port in clear it costs ${lines(clear)} in Flink's log${onTls}.`;
}

function lines(count: number): string {
  if (count === 0) return 'no line';
  return count === 1 ? 'one line' : `at most ${count} lines`;
}

function keys(all: readonly string[], width: number): readonly string[] {
  return all.flatMap((key) => [
    `  ${key}`,
    ...wrap(`default: ${flinkDefault(key) ?? 'none'}`, width - 2 * INDENT).map((line) => `    ${line}`),
  ]);
}

function field(label: string, text: string, width: number): readonly string[] {
  return labelled(label, text, LABEL, 0, width);
}

function paragraph(title: string, text: string, width: number): readonly string[] {
  return section(title, indented(wrap(text, width - INDENT)));
}

function remedy(remediation: Remediation, width: number): readonly string[] {
  return [
    ...indented(wrap(remediation.text, width - INDENT)),
    ...Object.entries(remediation.settings).map(([key, value]) => `    ${key}: ${value}`),
    ...(remediation.command === null ? [] : [`    ${remediation.command}`]),
  ];
}

function indented(texts: readonly string[]): readonly string[] {
  return texts.map((text) => `  ${text}`);
}

function section(title: string, entries: readonly string[]): readonly string[] {
  return entries.length === 0 ? [] : ['', title, ...entries];
}
