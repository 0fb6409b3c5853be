import type { KeySubject, Policy, Requirement, ServedAspect, ServedSubject } from '../model/policy.ts';
import type { Expectation, Remediation, Setting } from '../model/report.ts';
import type { ConfigurationRule, ConfigurationSubject, Judgement, RuleContext } from '../model/rule.ts';
import { familyOf } from './support/disk-leaves.ts';
import { compare } from './support/policy-relation.ts';
import { policyRemedy } from './support/policy-remedy.ts';
import { askedText, isOfVersion, requirementsOf, unmet } from './support/policy-words.ts';
import { remedy } from './support/remedies.ts';
import { isSensitive, listOf, placeOfSetting, settingEvidence, shown } from './support/settings.ts';

/** Requirements of `--policy` on keys, and on what a configuration promises to serve. */
export const rule: ConfigurationRule = {
  id: 'policy-not-met-by-configuration',
  scope: 'configuration',
  title: 'Configuration does not meet a requirement of the policy',
  severity: 'medium',
  rationale:
    'The policy was given to say what has to hold, and a process that is started with this configuration will do otherwise. The reason stands with each requirement, with the document that it is from: flinkprobe explain POLICY prints all of them.',
  decides:
    'Each requirement of the policy on a key is held against the value in force, defaults of Flink included; each requirement on TLS, client authentication, versions and suites against what the configuration promises channel by channel. Severity and references are those of the requirement.',
  verdicts: {
    pass: 'the value in force, or the promise for every channel, meets the requirement',
    fail: 'it does not',
    'not-applicable': 'no policy was given, or it asks for nothing that a configuration tells',
  },
  remediation: remedy(
    'Set the key that the requirement names on every process and restart them together; or change the policy.',
  ),
  references: ['flinkprobe verify: --policy'],

  appliesTo(subject: ConfigurationSubject, context: RuleContext): boolean {
    return judgements(subject, context).length > 0;
  },

  evaluate: judgements,
};

function judgements(subject: ConfigurationSubject, context: RuleContext): readonly Judgement[] {
  const { policy } = context;
  if (policy === undefined) return [];
  const version = subject.flinkVersion ?? context.flinkVersion;
  return requirementsOf(context, ({ requirement }) => isOfVersion(requirement, version)).flatMap(
    ({ requirement, channels }) => {
      if ('key' in requirement) return [judgeKey(requirement, policy, subject)];
      if (!('served' in requirement)) return [];
      const promises = subject.expectations.filter(({ channel, tls }) => channels.has(channel) && tls !== 'impossible');
      return judgePromises(requirement, subject, promises, context);
    },
  );
}

const met = ({ id }: Requirement): Judgement => ({ verdict: 'pass', requirement: id });

function judgeKey(requirement: Requirement & KeySubject, policy: Policy, subject: ConfigurationSubject): Judgement {
  const { key, aliases = [], default: fallback } = requirement;
  const { configuration } = subject;
  const setting =
    fallback === undefined
      ? configuration.setting(key, ...aliases)
      : configuration.settingOr(key, fallback, ...aliases);
  if (compare(requirement, setting === undefined ? [] : listOf(setting)).verdict === 'met') return met(requirement);
  return unmet(policy, requirement, setting === undefined ? `${key} not set` : valueText(setting), {
    file: placeOfSetting(setting, subject),
    evidence: setting === undefined ? [{ text: `${key} is not set`, file: subject.path }] : [settingEvidence(setting)],
    ...channelOf(key),
    remediation: remedyOf(requirement, key),
  });
}

function valueText(setting: Setting): string {
  return setting.origin === 'default' ? `${shown(setting)} (Flink's default)` : shown(setting);
}

/** A single value that is asked for can be set; of all else the requirement tells what it has to be. */
function remedyOf(requirement: Requirement, key: string): Remediation {
  const values =
    'required' in requirement ? requirement.required : 'one-of' in requirement ? requirement['one-of'] : [];
  const [value] = values;
  const isOne = value !== undefined && !value.includes('*') && !isSensitive(key);
  if (isOne) return remedy('Set it on every process that reads it, and restart them.', { [key]: value });
  return remedy(`Change ${key} on every process that reads it, and restart them: ${askedText(requirement)}.`);
}

const FAMILIES = {
  'rest.': 'rest',
  'security.ssl.rest.': 'rest',
  'web.': 'rest',
  'queryable-state.': 'queryable-state',
} as const;

/** Where a key is of one channel alone. */
function channelOf(key: string): Pick<Judgement, 'channel'> {
  const found = Object.entries(FAMILIES).find(([prefix]) => key.startsWith(prefix));
  return found === undefined ? {} : { channel: found[1] };
}

/** One judgement a channel, as the wire has one an endpoint: who is seen to fail there is told by that alone. */
function judgePromises(
  requirement: Requirement & ServedSubject,
  subject: ConfigurationSubject,
  promises: readonly Expectation[],
  context: RuleContext,
): readonly Judgement[] {
  return promises.flatMap((promise) => {
    const values = promisedValues(requirement.served, promise);
    if (values === undefined) return [];
    const result = compare(requirement, values);
    if (result.verdict === 'met') return [met(requirement)];
    return [
      promiseFault(requirement, subject, promise, result.verdict === 'lacking' ? values : result.offending, context),
    ];
  });
}

/** What a configuration promises of an aspect; undefined where it promises nothing that Flink obeys. */
function promisedValues(aspect: ServedAspect, promise: Expectation): readonly string[] | undefined {
  const isOn = promise.tls === 'required';
  switch (aspect) {
    case 'tls':
      return [isOn ? 'on' : 'off'];
    case 'client-authentication':
      return isOn ? [promise.clientAuthentication === 'required' ? 'required' : 'none'] : undefined;
    case 'protocol':
      return isOn ? promise.protocols : undefined;
    case 'cipher-suite':
      // JSSE has an old prefix for some names.
      return isOn ? promise.cipherSuites?.map((suite) => suite.replace(/^SSL_/, 'TLS_')) : undefined;
    default:
      return undefined;
  }
}

const DECIDED_BY: Partial<Readonly<Record<ServedAspect, { readonly key: RegExp; readonly name: string }>>> = {
  tls: { key: /\.enabled$/, name: 'security.ssl.internal.enabled' },
  'client-authentication': { key: /authentication-enabled$/, name: 'security.ssl.rest.authentication-enabled' },
  protocol: { key: /\.protocol$/, name: 'security.ssl.protocol' },
  'cipher-suite': { key: /\.algorithms$/, name: 'security.ssl.algorithms' },
};

function promiseFault(
  requirement: Requirement & ServedSubject,
  subject: ConfigurationSubject,
  { channel, because }: Expectation,
  values: readonly string[],
  context: RuleContext,
): Judgement {
  const decided = DECIDED_BY[requirement.served]!;
  const settings = because.filter(({ key }) => decided.key.test(key));
  const setting =
    settings.find(({ origin }) => origin !== 'default') ?? settings[0] ?? subject.configuration.setting(decided.name);
  const from = setting === undefined || setting.origin === 'default' ? " (Flink's default)" : '';
  return unmet(context.policy!, requirement, `${values.join(', ')}${from}`, {
    channel,
    file: placeOfSetting(setting, subject),
    evidence: [
      setting === undefined ? { text: `${decided.name} is not set`, file: subject.path } : settingEvidence(setting),
    ],
    remediation: policyRemedy(requirement, familyOf(channel, context) ?? 'internal'),
  });
}
