import type { ConfigurationRule, ConfigurationSubject, Judgement, RuleContext } from '../model/rule.ts';
import { remedyFor } from './support/channel-remedy.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { complain, internalSwitch, isOn, promiseOf, restSwitch } from './support/settings.ts';

/** A channel that Flink could protect and whose family is switched off; opt-outs of single channels are another rule. */
export const rule: ConfigurationRule = {
  id: 'clear-by-configuration',
  scope: 'configuration',
  title: 'Configuration leaves a channel in clear',
  severity: 'critical',
  rationale:
    'Without these switches every process takes RPC, data, jars and state from whoever reaches its ports, and shows them to whoever listens. Flink is in clear by default and says so nowhere. RPC carries serialised Java objects and REST takes jobs, so that reaching a port is running code.',
  decides:
    'Reads security.ssl.internal.enabled and security.ssl.rest.enabled (before Flink 2.0 also security.ssl.enabled), both off by default. Every channel that is served in clear because of a switch that is off is told.',
  verdicts: {
    pass: 'both switches are on',
    fail: 'a switch is off, and the channel comes up in clear',
    'not-applicable':
      'the configuration promises nothing for any channel, or no channel stands behind the switch that is off',
  },
  toldBy: ['plaintext-channel', 'mixed-tls-and-clear', 'tls-without-a-reason'],
  remediation: remedy(
    'Switch on TLS for the internal channels and for REST, with a keystore for each, and restart all processes together.',
    { 'security.ssl.internal.enabled': 'true', 'security.ssl.rest.enabled': 'true' },
  ),
  references: [SECURITY_SSL_PAGE],

  appliesTo: ({ expectations }: ConfigurationSubject): boolean => expectations.length > 0,

  evaluate(subject: ConfigurationSubject, context: RuleContext): readonly Judgement[] {
    const families = [
      { protection: 'internal', setting: internalSwitch(subject) },
      { protection: 'rest', setting: restSwitch(subject) },
    ] as const;
    const off = families.filter(({ setting }) => !isOn(setting));
    if (off.length === 0) return [{ verdict: 'pass' }];
    return off.flatMap(({ protection, setting }) =>
      [...context.probes.values()]
        .filter((probe) => probe.protection === protection && promiseOf(subject, probe.id)?.tls === 'forbidden')
        .map((probe) =>
          complain(setting, subject, {
            channel: probe.id,
            message: `Comes up in clear: ${setting.origin === 'default' ? `${setting.key} is not set, and off by default` : `${setting.key} is ${setting.value}`}.`,
            expected: 'TLS (default policy)',
            observed: setting.origin === 'default' ? `${setting.key} not set` : `${setting.key}: ${setting.value}`,
            remediation: remedyFor(probe, promiseOf(subject, probe.id), context),
          }),
        ),
    );
  },
};
