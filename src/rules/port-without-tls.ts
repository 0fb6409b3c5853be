import type { ChannelId } from '../model/channel.ts';
import type { Setting } from '../model/report.ts';
import type { ConfigurationRule, ConfigurationSubject, Judgement, RuleContext } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { complain, promiseOf, settingsOf, shown } from './support/settings.ts';

const JAVA_OPTIONS = [
  'env.java.opts.all',
  'env.java.opts',
  'env.java.opts.jobmanager',
  'env.java.opts.taskmanager',
  'env.java.opts.historyserver',
] as const;
const DEBUGGER = /-agentlib:jdwp|-Xrunjdwp/;
/** Reporters that push metrics over a network in clear; those with a channel of their own are told by it. */
const PUSHING = /Graphite|StatsD|InfluxDB|PrometheusPushGateway/i;

/** Ports and senders that Flink cannot protect, whatever is configured. */
export const rule: ConfigurationRule = {
  id: 'port-without-tls',
  scope: 'configuration',
  title: 'A port is opened that Flink has no TLS for',
  severity: 'low',
  rationale:
    'Prometheus, JMX, queryable state, the collect sink and HiveServer2 have neither TLS nor a log-in, also where internal and REST TLS are on. A debugger port runs any code. What protects them stands outside of Flink.',
  decides:
    'Reads the configuration for channels that have no TLS in any version, for a debugger (jdwp) or a JMX agent without TLS or passwords in the Java options, and for metric reporters that push in clear (Graphite, StatsD, InfluxDB and PushGateway without https). Low; high for a debugger, and for an agent without passwords, on an address that others reach.',
  verdicts: {
    pass: 'nothing of this is switched on',
    fail: 'a port or sender without TLS is switched on',
    'not-applicable': 'the configuration promises nothing for any channel',
  },
  toldBy: ['plaintext-unprotectable'],
  remediation: remedy(
    'Take out what is not needed, and let only those who need the port reach it (network policy, firewall, TLS proxy).',
  ),
  references: [
    'https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/metric_reporters/',
    'Flink documentation: What is Flink, Security, on code execution by design',
  ],

  appliesTo: (subject: ConfigurationSubject): boolean => subject.expectations.length > 0,

  evaluate(subject: ConfigurationSubject, context: RuleContext): readonly Judgement[] {
    const judgements = [...channels(subject, context), ...debuggers(subject), ...agents(subject), ...senders(subject)];
    return judgements.length > 0 ? judgements : [{ verdict: 'pass' }];
  },
};

function channels(subject: ConfigurationSubject, context: RuleContext): readonly Judgement[] {
  return [...context.probes.values()].flatMap((probe): Judgement[] => {
    const promise = promiseOf(subject, probe.id as ChannelId);
    const setting = promise?.because.find(({ origin }) => origin !== 'default') ?? promise?.because[0];
    if (promise?.tls !== 'impossible' || setting === undefined) return [];
    return [
      complain(setting, subject, {
        channel: probe.id,
        message: `${probe.title} is switched on and has no TLS in any version.`,
        expected: 'protection outside of Flink',
        observed: shown(setting),
        remediation: remedy(probe.remedy.text, probe.remedy.settings),
      }),
    ];
  });
}

function debuggers(subject: ConfigurationSubject): readonly Judgement[] {
  return JAVA_OPTIONS.map((key) => subject.configuration.setting(key))
    .filter((setting): setting is Setting => setting !== undefined && DEBUGGER.test(setting.value))
    .map((setting) => {
      const address = /address=([^,\s"']+)/.exec(setting.value)?.[1] ?? 'unknown address';
      return complain({ ...setting, value: 'a debugger agent (jdwp)' }, subject, {
        severity: /^(?:\d+|localhost:\d+|127\.[\d.]+:\d+)$/.test(address) ? 'low' : 'high',
        message: `A debugger listens at ${address}: who reaches it runs any code in the process.`,
        expected: 'no debugger',
        observed: `jdwp at ${address}`,
      });
    });
}

const JMX_PORT = /-Dcom\.sun\.management\.jmxremote\.port=(\d+)/;

/** The JVM's own JMX agent has TLS and passwords, and both can be switched off. */
function agents(subject: ConfigurationSubject): readonly Judgement[] {
  return JAVA_OPTIONS.flatMap((key): Judgement[] => {
    const setting = subject.configuration.setting(key);
    const port = JMX_PORT.exec(setting?.value ?? '')?.[1];
    if (setting === undefined || port === undefined) return [];
    const isOff = (name: string): boolean =>
      new RegExp(`-Dcom\\.sun\\.management\\.jmxremote\\.${name}=false\\b`, 'i').test(setting.value);
    const off = [...(isOff('ssl') ? ['TLS'] : []), ...(isOff('authenticate') ? ['passwords'] : [])];
    if (off.length === 0) return [];
    return [
      complain({ ...setting, value: 'the JMX agent of the JVM (com.sun.management.jmxremote)' }, subject, {
        channel: 'jmx',
        discriminator: `${key} jmxremote`,
        severity: off.includes('passwords') && !isLocal(setting.value) ? 'high' : 'low',
        message: `The JMX agent of the JVM listens at port ${port} without ${off.join(' and ')}${off.includes('passwords') ? ': who reaches it runs any code in the process' : ''}.`,
        expected: 'com.sun.management.jmxremote.ssl and .authenticate left at true',
        observed: `port ${port}, ${off.join(' and ')} switched off`,
      }),
    ];
  });
}

function isLocal(options: string): boolean {
  return /-Dcom\.sun\.management\.jmxremote\.host=(?:localhost|127\.[\d.]+|::1)\b/.test(options);
}

function senders(subject: ConfigurationSubject): readonly Judgement[] {
  return settingsOf(subject, (key) => /^metrics\.reporter\.[^.]+\.(?:factory\.)?class$/.test(key))
    .filter(({ key, value }) => PUSHING.test(value) && !usesHttps(key, subject.configuration))
    .map((setting) =>
      complain(setting, subject, {
        message: 'This reporter sends metrics with names of jobs and hosts over the network in clear.',
        expected: 'https where the reporter can, a local relay where it cannot',
        observed: shown(setting),
      }),
    );
}

function usesHttps(key: string, configuration: ConfigurationSubject['configuration']): boolean {
  const name = key.split('.')[2]!;
  const scheme = configuration.setting(`metrics.reporter.${name}.scheme`)?.value ?? '';
  const url = configuration.setting(`metrics.reporter.${name}.hostUrl`)?.value ?? '';
  return /^https/i.test(scheme.trim()) || /^https:/i.test(url.trim());
}
