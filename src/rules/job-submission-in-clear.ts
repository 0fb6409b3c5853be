import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { remedy } from './support/remedies.ts';
import { complain, isOn, promiseOf, restSwitch } from './support/settings.ts';

/** Addresses that nobody else reaches. */
const LOOPBACK = /^(?:localhost|127\.[\d.]+|::1|\[::1\])$/i;

/** REST in clear on an address that others reach, with job submission through the web. */
export const rule: ConfigurationRule = {
  id: 'job-submission-in-clear',
  scope: 'configuration',
  title: 'Anyone on the network may submit jobs to REST in clear',
  severity: 'high',
  rationale:
    'Flink runs what it is sent and has no log-in: POST to /jars/upload and /jars/ID/run is code on every TaskManager. Over clear HTTP on an address of the network nothing stands before it. web.submit.enable: false takes the jars away but not POST /jobs.',
  decides:
    'Where REST is configured in clear: reads rest.bind-address (else rest.address, else all addresses) and web.submit.enable. High on any address but loopback; medium where web submission is off, since job graphs are still taken.',
  verdicts: {
    pass: 'REST listens on loopback only',
    fail: 'REST listens in clear on an address that others reach',
    'not-applicable': 'REST is configured with TLS',
  },
  toldBy: ['plaintext-channel', 'tls-without-a-reason'],
  remediation: remedy(
    'Demand client certificates on REST, or bind it to localhost and put a proxy with a log-in in front.',
    { 'security.ssl.rest.enabled': 'true', 'security.ssl.rest.authentication-enabled': 'true' },
  ),
  references: [
    'https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/security/security-ssl/',
    'Flink documentation: What is Flink, Security, on code execution by design',
  ],

  appliesTo: (subject: ConfigurationSubject): boolean => promiseOf(subject, 'rest')?.tls === 'forbidden',

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const { configuration } = subject;
    // Up to 1.14 REST bound all addresses; since then the shipped file says localhost, the code still rest.address.
    const bind = configuration.setting('rest.bind-address') ?? configuration.settingOr('rest.address', '0.0.0.0');
    if (LOOPBACK.test(bind.value.trim())) return [{ verdict: 'pass' }];
    const submit = configuration.settingOr('web.submit.enable', 'true');
    const jars = isOn(submit);
    const cancel = configuration.settingOr('web.cancel.enable', 'true');
    return [
      complain(bind, subject, {
        channel: 'rest',
        severity: jars ? 'high' : 'medium',
        message: `REST listens on ${bind.value.trim()} in clear, and ${jars ? 'takes jars from anyone (web.submit.enable is on)' : 'still takes job graphs from anyone: web.submit.enable: false removes the jars only'}.`,
        expected: 'client certificates, or an address that nobody else reaches',
        observed: `${bind.key}: ${bind.value}, ${submit.key}: ${submit.value}`,
        also: [restSwitch(subject), submit, cancel],
      }),
    ];
  },
};
