import type { ChannelId } from '../model/channel.ts';
import type { Setting } from '../model/report.ts';
import type { ConfigurationRule, ConfigurationSubject, Judgement } from '../model/rule.ts';
import { OPT_OUT_KEYS } from './support/flink-keys.ts';
import { remedy, SECURITY_SSL_PAGE } from './support/remedies.ts';
import { complain, internalSwitch, isOn, promiseOf, restSwitch } from './support/settings.ts';

/** A channel that its own key leaves in clear although the family's TLS is on. */
export const rule: ConfigurationRule = {
  id: 'channel-opted-out',
  scope: 'configuration',
  title: 'One channel is left out of the TLS that is switched on',
  severity: 'critical',
  rationale:
    'The common switch is on, so everybody takes the cluster for protected, while one channel of it runs in clear. The keys of single channels were made for debugging; the one of the history server is off by default and has to be set beside that of REST (seen on 1.20.3 and 2.3.0). No process warns of it.',
  decides:
    'Where internal or REST TLS is on: looks for channels of that family that a key of their own leaves in clear (akka.ssl.enabled, pekko.ssl.enabled, taskmanager.data.ssl.enabled, blob.service.ssl.enabled; historyserver.web.ssl.enabled, which is off by default).',
  verdicts: {
    pass: 'no channel is left out',
    fail: 'a key of its own leaves a channel in clear',
    'not-applicable': 'neither internal nor REST TLS is on',
  },
  toldBy: ['plaintext-channel', 'mixed-tls-and-clear', 'tls-without-a-reason'],
  remediation: remedy(
    'Take the key of the single channel out, or set it to true, on every process, and restart them together.',
  ),
  references: [SECURITY_SSL_PAGE],

  appliesTo: (subject: ConfigurationSubject): boolean => isOn(internalSwitch(subject)) || isOn(restSwitch(subject)),

  evaluate(subject: ConfigurationSubject): readonly Judgement[] {
    const internal = isOn(internalSwitch(subject)) ? INTERNAL : [];
    const rest = isOn(restSwitch(subject)) ? REST : [];
    const out = [...internal, ...rest].flatMap((channel): Judgement[] => {
      const promise = promiseOf(subject, channel);
      // Where a version has no TLS for it at all, no key is to blame.
      const key = promise?.tls === 'forbidden' ? promise.because.find((one) => OWN_KEYS.has(one.key)) : undefined;
      return key === undefined ? [] : [judgement(channel, key, subject)];
    });
    return out.length > 0 ? out : [{ verdict: 'pass' }];
  },
};

const INTERNAL: readonly ChannelId[] = [
  'jobmanager-rpc',
  'taskmanager-rpc',
  'metrics-query-service',
  'taskmanager-data',
  'blob-server',
];
const REST: readonly ChannelId[] = ['history-server'];
const OWN_KEYS: ReadonlySet<string> = new Set(OPT_OUT_KEYS.map(({ key }) => key));

function judgement(channel: ChannelId, key: Setting, subject: ConfigurationSubject): Judgement {
  const master = channel === 'history-server' ? restSwitch(subject) : internalSwitch(subject);
  const missing = key.origin === 'default';
  return complain(key, subject, {
    channel,
    message: missing
      ? `Stays in clear although ${master.key} is on: it needs ${key.key} as well, which is not set.`
      : `Stays in clear although ${master.key} is on: ${key.key} is ${key.value}.`,
    expected: `TLS, as ${master.key} says`,
    observed: missing ? `${key.key} not set, off by default` : `${key.key}: ${key.value}`,
    also: [master],
    remediation: remedy(rule.remediation.text, { [key.key]: 'true' }),
  });
}
